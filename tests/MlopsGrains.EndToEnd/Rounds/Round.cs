using MlopsGrains.EndToEnd.Writers;

namespace MlopsGrains.EndToEnd.Rounds;

/// <summary>One fault under writers, and whether everything that was acknowledged is there afterwards, once, and told once.</summary>
internal sealed class Round(int number, Fault fault, Random random)
{
    private static readonly TimeSpan MomentMax = TimeSpan.FromSeconds(1.5);

    public int Number => number;

    public Fault Fault => fault;

    /// <summary>The longest gap of each writer, less the time for which nobody could have answered.</summary>
    public IReadOnlyList<TimeSpan> Gaps { get; private set; } = [];

    /// <summary>Of these, those of runs that another silo had than the one that was lost.</summary>
    public IReadOnlyList<TimeSpan> OtherGaps { get; private set; } = [];

    /// <summary>The writer that waited longest.</summary>
    public string Longest { get; private set; } = "";

    public TimeSpan Took { get; private set; }

    public IReadOnlyList<string> Wrong { get; private set; } = [];

    public string Refusals { get; private set; } = "";

    public async Task RunAsync(World world, WriterGroup writers)
    {
        writers.Refusals.Clear();
        await writers.AllWriteAsync();
        await Task.Delay(MomentMax * random.NextDouble());
        var homes = await world.HomesAsync();
        writers.ForgetGaps();

        var injected = await fault.InjectAsync(world, random);
        writers.Ask(world.Door);
        await writers.AllWriteAsync();
        Longest = writers.Writers.MaxBy(w => w.LongestGap)!.Name;
        (Gaps, Took) = ([.. writers.Gaps.Select(gap => Less(gap, injected.Away))], injected.Took);
        OtherGaps = [.. writers.Writers.Where(w => injected.LostPort is { } lost && w.Run is { } run && homes.TryGetValue(run, out var home) && home != lost).Select(w => w.LongestGap)];
        if (!world.IsAlone)
        {
            await world.Cluster.ReplaceEndedAsync();
        }

        await writers.StopAsync();
        Wrong = await writers.FaultsAsync(audit: true);
        Refusals = writers.Told();
        writers.GoOn();
    }

    private static TimeSpan Less(TimeSpan gap, TimeSpan away) => gap > away ? gap - away : TimeSpan.Zero;
}
