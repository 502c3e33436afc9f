using System.Collections.Concurrent;
using System.Reflection;

namespace MlopsGrains.Simulator.World;

/// <summary>The way of every call from one process to another: it may be slow, lose a call or its answer, and ends at a process that is stopped or gone.</summary>
internal sealed class Outgoing(Cluster cluster, Node self, TimeSpan patience, bool isGateway) : IOutgoingGrainCallFilter
{
    /// <summary>Orleans' own calls are left alone: how it finds out about silos is not simulated.</summary>
    public Task Invoke(IOutgoingGrainCallContext context) =>
        context.InterfaceMethod.DeclaringType?.Namespace?.StartsWith("MlopsGrains", StringComparison.Ordinal) == true ? Simulate(context) : context.Invoke();

    private async Task Simulate(IOutgoingGrainCallContext context)
    {
        var parent = Strand.Current;
        var strand = cluster.Began(Name(context), out var id);
        parent?.Wait();
        Strand.Current = strand;
        try
        {
            await self.Pass();
            var timeout = context.Request.GetDefaultResponseTimeout() ?? patience;
            using var _ = cluster.Time.Uncounted.CreateTimer(_ => strand.Interrupt(new TimeoutException($"No answer in {timeout}.")), null, timeout, Timeout.InfiniteTimeSpan);
            await Task.WhenAny(Send(context, id, FilterChain.Place(context)), strand.Interrupted).Unwrap();
            await self.Pass();
        }
        finally
        {
            cluster.Ended(id);
            strand.End();
            parent?.Resume();
        }
    }

    private async Task Send(IOutgoingGrainCallContext context, long id, int place)
    {
        var time = cluster.Time;
        var roll = cluster.Dice.Rates.AnyOfNetwork && !cluster.IsWithin(self, context.TargetId) ? cluster.Dice.Roll($"{context.TargetId} {context.MethodName}") : default;
        var rates = cluster.Dice.Rates;
        if (roll.Happens(rates.Delayed))
        {
            await Task.Delay(roll.Between(0, 3), time);
        }

        if (isGateway && roll.Happens(rates.Late))
        {
            await Task.Delay(roll.Between(9, 16), time);
            cluster.Note($"{Name(context)} arrives late");
        }

        if (roll.Happens(rates.Lost))
        {
            cluster.Note($"{Name(context)} is lost");
            await Lose();
        }

        if (cluster.HostOf(context.TargetId) is { } host)
        {
            await host.Arrive();
        }

        RequestContext.Set(Cluster.CallKey, id);
        FilterChain.Return(context, place);
        await context.Invoke();
        if (roll.Happens(rates.Delayed))
        {
            await Task.Delay(roll.Between(0, 3), time);
        }

        if (roll.Happens(rates.Lost))
        {
            cluster.Note($"the answer to {Name(context)} is lost");
            await Lose();
        }
    }

    private static string Name(IOutgoingGrainCallContext context) => $"{context.MethodName} of {context.TargetId}";

    /// <summary>Nothing happens by it any more, until its caller stops waiting.</summary>
    private static Task Lose()
    {
        Strand.Current?.Wait();
        return new TaskCompletionSource().Task;
    }
}

/// <summary>A silo takes a call while it runs, and answers while it runs.</summary>
internal sealed class Incoming(Cluster cluster, Node self) : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var strand = cluster.Arrived(RequestContext.Get(Cluster.CallKey), self);
        Strand.Current = strand;
        await self.Pass();
        try
        {
            await context.Invoke();
        }
        finally
        {
            await self.Pass();
        }
    }
}

/// <summary>
/// Orleans counts in the call how many filters it is behind. A call that goes on after its caller has stopped waiting would begin with the first filter again, and be a new call with a new
/// deadline.
/// </summary>
internal static class FilterChain
{
    private static readonly ConcurrentDictionary<Type, FieldInfo> Fields = new();

    public static int Place(IOutgoingGrainCallContext context) => (int)Field(context).GetValue(context)!;

    public static void Return(IOutgoingGrainCallContext context, int place) => Field(context).SetValue(context, place);

    private static FieldInfo Field(IOutgoingGrainCallContext context) => Fields.GetOrAdd(
        context.GetType(), static type => type.GetField("stage", BindingFlags.Instance | BindingFlags.NonPublic) ?? throw new MissingFieldException(type.Name, "stage"));
}
