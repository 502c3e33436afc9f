namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// Finds the place up to which a number of rows come, over shards of which each knows only its own rows. In every round each shard tells evenly spaced places of the window that is left;
/// together they bound the rank of each, so the window shrinks about a hundredfold a round. Pure.
/// </summary>
/// <param name="order">Of the places.</param>
/// <param name="wanted">How many rows are to come before what follows the place, at least 1.</param>
internal sealed class RankNarrowing(RunOrder order, long wanted)
{
    /// <summary>Rows that change between the rounds must not keep it going.</summary>
    private const int RoundsMax = 40;

    private int rounds;

    /// <summary>The best place known with no more than the wanted rows up to it; <see langword="null"/> for the beginning.</summary>
    public RunPlace? After { get; private set; }

    /// <summary>Where the window ends; <see langword="null"/> for the end.</summary>
    public RunPlace? Until { get; private set; }

    public bool Done { get; private set; }

    /// <summary>Whether no row is left behind the wanted ones.</summary>
    public bool Beyond { get; private set; }

    /// <summary>How many rows match.</summary>
    public long Total { get; private set; }

    /// <summary>How many places to ask a shard for in a round.</summary>
    public static int Samples(int shards) => Math.Clamp(1024 / shards, 8, 128);

    /// <summary>The answers of all shards for the window.</summary>
    public void Add(IReadOnlyList<RunRanks> answers)
    {
        Total = answers.Sum(a => (long)a.Total);
        var left = wanted - answers.Sum(a => (long)a.Before);
        if (wanted >= Total)
        {
            (Beyond, Done) = (true, true);
            return;
        }

        if (left <= 0 || ++rounds == RoundsMax)
        {
            Done = true;
            return;
        }

        var slack = answers.Sum(a => a.Step - 1L);
        var (sure, after, until) = (0L, (RunPlace?)null, (RunPlace?)null);
        foreach (var (place, step) in answers.SelectMany(a => a.Samples.Select(place => (place, a.Step))).OrderBy(s => s.place, order))
        {
            // At least so many rows of the window come up to this place, and at most so many more of other shards, between two of their samples.
            sure += step;
            if (sure + slack - (step - 1) <= left)
            {
                after = place;
            }

            if (sure >= left)
            {
                until = place;
                break;
            }
        }

        Done = slack == 0 || (after is null && (until is null || (Until is not null && order.Compare(until, Until) == 0)));
        (After, Until) = (after ?? After, until ?? Until);
    }
}
