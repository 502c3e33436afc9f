using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Merges the ordered answers of shards into one page, and says which shards must be asked again for it. Pure.</summary>
internal sealed class RunMerge(RunOrder order, int shards, int limit)
{
    private readonly List<(RunPlace Place, Run Run)> rows = [];
    private readonly HashSet<string> seen = new(StringComparer.Ordinal);
    private readonly RunPlace?[] last = new RunPlace?[shards];
    private readonly bool[] complete = new bool[shards];
    private readonly int[] asks = new int[shards];

    /// <summary>Shards to ask; empty when the page is done.</summary>
    public IReadOnlyList<int> Open { get; private set; } = [.. Enumerable.Range(0, shards)];

    public IReadOnlyList<(RunPlace Place, Run Run)> Page { get; private set; } = [];

    /// <summary>Whether rows may follow behind the page.</summary>
    public bool More => Page.Count < rows.Count || complete.Contains(false);

    /// <summary>Where the next answer of a shard begins; <see langword="null"/> before the first.</summary>
    public RunPlace? LastOf(int shard) => last[shard];

    /// <summary>How many rows to ask a shard for: at first a little more than its share, then twice as many each time.</summary>
    public int Ask(int shard)
    {
        asks[shard] = (int)Math.Min(limit, asks[shard] == 0 ? (limit / shards * 5L / 4) + 16 : asks[shard] * 2L);
        return asks[shard];
    }

    /// <summary>A run that changed between two answers may be in both; the first counts.</summary>
    public void Add(int shard, RunMatches answer)
    {
        for (var r = 0; r < answer.Runs.Count; r++)
        {
            if (seen.Add(answer.Places[r].RunId))
            {
                rows.Add((answer.Places[r], answer.Runs[r]));
            }
        }

        complete[shard] = answer.Complete || answer.Runs.Count == 0;
        last[shard] = answer.Places.Count > 0 ? answer.Places[^1] : last[shard];
    }

    /// <summary>To be called when every open shard has answered. Behind the last row of an incomplete shard others may follow: nothing beyond is given out yet.</summary>
    public void Close()
    {
        rows.Sort((x, y) => order.Compare(x.Place, y.Place));
        var incomplete = Enumerable.Range(0, shards).Where(s => !complete[s]).ToList();
        var end = incomplete.Select(s => last[s]!).Min(order);
        var page = new List<(RunPlace Place, Run Run)>();
        var characters = 0L;
        foreach (var row in rows)
        {
            if (page.Count == limit || characters >= RunSize.PageMax || (end is not null && order.Compare(row.Place, end) > 0))
            {
                break;
            }

            page.Add(row);
            characters += RunSize.Of(row.Run);
        }

        Page = page;
        Open = page.Count == limit || characters >= RunSize.PageMax ? [] : [.. incomplete.Where(s => order.Compare(last[s], end) == 0)];
    }
}
