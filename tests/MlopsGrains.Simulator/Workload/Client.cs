using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Simulator.World;

namespace MlopsGrains.Simulator.Workload;

/// <summary>Somebody who uses the platform by its gateway: asks, waits, gives up, asks again, and remembers what was acknowledged.</summary>
internal abstract class Client(Round round, Random random, string name)
{
    /// <summary>Of a request that is asked again until it is answered.</summary>
    private const int TriesMax = 40;

    private TimeSpan? blockedSince;

    public string Name => name;

    protected Round Round => round;

    protected Random Random => random;

    protected IGrainFactory Grains => round.Cluster.Client;

    /// <summary>Works until it has done what it came for.</summary>
    public abstract Task Work();

    /// <summary>Holds what is stored against what was acknowledged, when nothing goes wrong any more.</summary>
    public abstract Task Check(Audit audit);

    protected string NewId() => Convert.ToHexStringLower(Bytes(16));

    protected Task Think() => Task.Delay(TimeSpan.FromSeconds(0.05 + (2 * random.NextDouble() * random.NextDouble())), round.Cluster.Time);

    protected void Wrong(string? what)
    {
        if (what is not null)
        {
            round.Wrong($"{name}: {what}");
        }
    }

    protected Task<Fate> Try(string what, Func<Task> call, string? request = null) => Try(what, _ => call(), request, Cluster.GatewayPatience);

    /// <param name="what">In words.</param>
    /// <param name="call">The request.</param>
    /// <param name="request">Its idempotency key.</param>
    /// <param name="patience">How long this client waits. A gateway answers as soon; of what takes longer by its nature, the client goes away.</param>
    protected async Task<Fate> Try(string what, Func<CancellationToken, Task> call, string? request, TimeSpan patience)
    {
        var began = round.Elapsed;
        var (fate, said) = await Ask(call, request, patience);
        var took = round.Elapsed - began;
        round.Note($"{name}: {what} {fate} after {took.TotalSeconds:F2} s {said?.GetType().Name} {said?.Message}");
        if (took > patience + TimeSpan.FromSeconds(1))
        {
            Wrong($"{what} was answered after {took.TotalSeconds:F1} s; a client waits {patience.TotalSeconds} s");
        }

        if (said is OrleansMessageRejectionException or Orleans.Runtime.Messaging.ConnectionFailedException && said is not SiloUnavailableException && round.OnlyKills)
        {
            Wrong($"{what} failed after {took.TotalSeconds:F1} s because no silo took it ({said.GetType().Name}): the gateway makes such a call again");
        }

        NoteBlocked(what, began, fate);
        return fate;
    }

    /// <summary>Asks the same again until it is done.</summary>
    protected async Task<bool> Insist(string what, Func<Task> call, string? request = null)
    {
        for (var tries = 0; tries < TriesMax; tries++)
        {
            if (await Try(what, call, request) == Fate.Done)
            {
                return true;
            }

            await Think();
        }

        Wrong($"{what} was not done in {TriesMax} tries");
        return false;
    }

    /// <summary>Reads, and gives nothing when that fails.</summary>
    protected async Task<T?> Look<T>(string what, Func<Task<T?>> read, bool isReadOnly)
        where T : class
    {
        T? found = null;
        var fate = await Try(what, async () => found = await read());
        if (fate != Fate.Done && isReadOnly && round.OnlyKills)
        {
            Wrong($"{what} failed because a silo was killed; the gateway makes a call that reads again");
        }

        return found;
    }

    protected Task<T> Stored<T>(IAddressable grain, Func<Task<T>> read) => round.Stored(grain, read);

    private async Task<(Fate Fate, Exception? Said)> Ask(Func<CancellationToken, Task> call, string? request, TimeSpan patience)
    {
        using var gone = new CancellationTokenSource();
        RequestContext.Clear();
        if (request is not null)
        {
            RequestKey.Current = request;
        }

        try
        {
            var asked = call(gone.Token);
            if (patience > Cluster.GatewayPatience)
            {
                await asked.WaitAsync(patience, round.Cluster.Time);
            }

            await asked;
            return (Fate.Done, null);
        }
        catch (MlopsException e) when (e.Kind is ErrorKind.Unavailable or ErrorKind.Overloaded)
        {
            return (e.Message.Contains("given it up", StringComparison.Ordinal) ? Fate.Refused : Fate.Unknown, e);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or OperationCanceledException)
        {
            await gone.CancelAsync();
            return (Fate.Unknown, e);
        }
        catch (Exception e)
        {
            Wrong($"an answer that no fault explains: {e}");
            return (Fate.Unknown, e);
        }
    }

    /// <summary>With nothing but a silo killed or stopped, whatever lives on it can be changed again soon.</summary>
    private void NoteBlocked(string what, TimeSpan began, Fate fate)
    {
        if (fate != Fate.Done)
        {
            blockedSince ??= began;
        }
        else if (blockedSince is { } since)
        {
            blockedSince = null;
            var blocked = round.Elapsed - since;
            if (round.BlockedMax is { } most && blocked > most)
            {
                Wrong($"{what} was done after {blocked.TotalSeconds:F1} s in which it was refused or not answered; at most {most.TotalSeconds} s");
            }
        }
    }

    private byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
