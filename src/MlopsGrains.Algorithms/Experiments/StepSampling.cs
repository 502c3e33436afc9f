namespace MlopsGrains.Algorithms.Experiments;

/// <summary>Equally spaced steps: <c>First, First + Stride, …</c>. A stride of 0 goes with one step.</summary>
public readonly record struct StepRun(long First, long Stride, long Count)
{
    /// <summary>The last of them.</summary>
    public long Last => this[Count - 1];

    /// <summary>Step number <paramref name="index"/>.</summary>
    public long this[long index] => unchecked(First + (Stride * index));
}

/// <summary>
/// Distinct steps of series, and the choice of a few that shows several series side by side. Series that log at a regular pace cost next to nothing, however long they are.
/// </summary>
public static class StepSampling
{
    /// <summary>Most steps that are looked at one by one.</summary>
    public const int StepsMax = 4_000_000;

    /// <summary>Rising distinct steps as few equally spaced runs.</summary>
    public static IReadOnlyList<StepRun> Compress(IEnumerable<long> steps)
    {
        var runs = new List<StepRun>();
        foreach (var step in steps)
        {
            Append(runs, step);
        }

        return runs;
    }

    /// <summary>Adds a step that is greater than all before.</summary>
    public static void Append(List<StepRun> runs, long step)
    {
        ArgumentNullException.ThrowIfNull(runs);
        var last = runs.Count > 0 ? runs[^1] : default;
        var stride = last.Count > 0 ? unchecked(step - last.Last) : 0;
        if (stride > 0 && (last.Count == 1 || last.Stride == stride))
        {
            runs[^1] = new StepRun(last.First, stride, last.Count + 1);
        }
        else
        {
            runs.Add(new StepRun(step, 0, 1));
        }
    }

    /// <summary>The steps one by one.</summary>
    public static IEnumerable<long> Each(IEnumerable<StepRun> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return runs.SelectMany(Each);
    }

    /// <summary>
    /// At most <paramref name="stepsMax"/> of all distinct steps at even places, the last one, and the first and last of each series; all steps when there are no more.
    /// </summary>
    /// <returns>Rising and distinct; <see langword="null"/> when there are more than <see cref="StepsMax"/> steps to look at.</returns>
    public static long[]? Choose(IReadOnlyList<IReadOnlyList<StepRun>> series, int stepsMax)
    {
        var different = series.Where(s => s.Count > 0).DistinctBy(s => string.Join(';', s)).ToList();
        if (different.Count == 0)
        {
            return [];
        }

        if (different.Count > 1 && different.Sum(s => s.Sum(r => r.Count)) > StepsMax)
        {
            return null;
        }

        var all = different.Count == 1 ? different[0] : Compress(different.SelectMany(s => s).SelectMany(Each).Distinct().Order());
        var count = all.Sum(r => r.Count);
        if (count <= stepsMax)
        {
            return [.. all.SelectMany(Each)];
        }

        var chosen = new SortedSet<long> { all[^1].Last };
        var (run, before) = (0, 0L);
        for (var i = 0; i < stepsMax; i++)
        {
            var place = (long)((Int128)i * count / stepsMax);
            while (place - before >= all[run].Count)
            {
                before += all[run++].Count;
            }

            chosen.Add(all[run][place - before]);
        }

        foreach (var one in different)
        {
            chosen.Add(one[0].First);
            chosen.Add(one[^1].Last);
        }

        return [.. chosen];
    }

    private static IEnumerable<long> Each(StepRun run)
    {
        for (var i = 0L; i < run.Count; i++)
        {
            yield return run[i];
        }
    }
}
