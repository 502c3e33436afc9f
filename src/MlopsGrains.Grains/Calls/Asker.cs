using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace MlopsGrains.Grains.Calls;

/// <summary>The calls of this gateway that are waited for.</summary>
internal sealed class Asker : IAsker
{
    private readonly ConcurrentDictionary<long, CancellationToken> waiting = new();
    private readonly PauseGate pauses;
    private readonly Lazy<string> name;
    private long last;

    // The client that makes the reference makes this as well.
    public Asker(PauseGate pauses, IServiceProvider services)
    {
        this.pauses = pauses;
        name = new(() => services.GetRequiredService<IClusterClient>().CreateObjectReference<IAsker>(this).GetGrainId().ToString());
    }

    /// <summary>Under which silos reach it.</summary>
    public string Name => name.Value;

    /// <summary>The number of a call that is waited for from here on, until its token is cancelled or it ends.</summary>
    public long Begin(CancellationToken givenUp)
    {
        var number = Interlocked.Increment(ref last);
        waiting[number] = givenUp;
        return number;
    }

    public void End(long number) => waiting.TryRemove(number, out _);

    /// <summary>After a pause an answer waits until everybody who has gone away meanwhile is known to have.</summary>
    public async Task<long[]> StillWaitsFor(long[] calls)
    {
        await pauses.Pass();
        return [.. calls.Where(call => waiting.TryGetValue(call, out var givenUp) && !givenUp.IsCancellationRequested)];
    }
}
