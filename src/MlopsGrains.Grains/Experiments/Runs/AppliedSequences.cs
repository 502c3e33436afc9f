namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>
/// Which numbered batches of one producer are stored, as ranges: a producer that sends in order has one. A batch that is late fills its gap; a gap whose batch never comes
/// (its producer gave it up) stays. Beyond <see cref="RangesMax"/> ranges the oldest gaps are forgotten, and a batch from there is neither known to be stored nor to be new.
/// </summary>
internal sealed class AppliedSequences
{
    public const int RangesMax = 64;

    private readonly List<(long First, long Last)> ranges;

    public AppliedSequences()
        : this([], 0)
    {
    }

    public AppliedSequences(IEnumerable<(long First, long Last)> ranges, long forgotten) => (this.ranges, Forgotten) = ([.. ranges], forgotten);

    /// <summary>Numbers up to here that are in no range are not known.</summary>
    public long Forgotten { get; private set; }

    /// <summary>In rising order, with a gap between any two.</summary>
    public IReadOnlyList<(long First, long Last)> Ranges => ranges;

    public bool Contains(long number)
    {
        var at = LastFrom(number);
        return at >= 0 && number <= ranges[at].Last;
    }

    public bool HasForgotten(long number) => number <= Forgotten && !Contains(number);

    public void Add(long number)
    {
        var at = LastFrom(number);
        if (at >= 0 && number <= ranges[at].Last)
        {
            return;
        }

        var (joinsLower, joinsUpper) = (at >= 0 && ranges[at].Last == number - 1, at + 1 < ranges.Count && ranges[at + 1].First == number + 1);
        if (joinsLower && joinsUpper)
        {
            ranges[at] = (ranges[at].First, ranges[at + 1].Last);
            ranges.RemoveAt(at + 1);
        }
        else if (joinsLower)
        {
            ranges[at] = (ranges[at].First, number);
        }
        else if (joinsUpper)
        {
            ranges[at + 1] = (number, ranges[at + 1].Last);
        }
        else
        {
            ranges.Insert(at + 1, (number, number));
            Forget();
        }
    }

    /// <summary>The lowest range stays: it is what an orderly producer sent, and repeats of that are answered for ever.</summary>
    private void Forget()
    {
        if (ranges.Count > RangesMax)
        {
            Forgotten = ranges[1].Last;
            ranges.RemoveAt(1);
        }
    }

    /// <summary>The last range that begins at or before a number; -1 for none.</summary>
    private int LastFrom(long number)
    {
        int low = 0, high = ranges.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = ranges[middle].First <= number ? (middle + 1, high) : (low, middle);
        }

        return low - 1;
    }
}
