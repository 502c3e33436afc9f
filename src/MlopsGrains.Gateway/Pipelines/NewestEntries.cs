using MlopsGrains.Catalogs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Gateway.Pipelines;

/// <summary>The entries (<see cref="PipelineRunIndex"/>) of several pipelines' runs as one list, newest first. A pipeline's names are read a page at a time, as far as they are needed.</summary>
internal sealed class NewestEntries(IGrainFactory grains, string? after, int namesAtOnce)
{
    private const int OpenedAtOnce = 32;

    private readonly PriorityQueue<Cursor, string> heads = new(StringComparer.Ordinal);

    public bool HasMore => heads.Count > 0;

    public async Task OpenAsync(IReadOnlyList<string> pipelines, CancellationToken cancellationToken)
    {
        foreach (var some in pipelines.Chunk(OpenedAtOnce))
        {
            var cursors = some.Select(name => new Cursor(grains.GetGrain<ICatalogGrain>(CatalogKinds.RunsOf(name)), namesAtOnce)).ToList();
            await Task.WhenAll(cursors.Select(c => c.ReadAsync(after, cancellationToken)));
            foreach (var cursor in cursors.Where(c => c.Head is not null))
            {
                heads.Enqueue(cursor, cursor.Head!);
            }
        }
    }

    /// <summary>The next entries that are wanted, at most so many; empty at the end.</summary>
    public async Task<List<string>> TakeAsync(int most, Func<string, bool> isWanted, CancellationToken cancellationToken)
    {
        var taken = new List<string>();
        while (taken.Count < most && heads.TryDequeue(out var cursor, out var entry))
        {
            await cursor.MoveAsync(cancellationToken);
            if (cursor.Head is { } next)
            {
                heads.Enqueue(cursor, next);
            }

            if (isWanted(entry))
            {
                taken.Add(entry);
            }
        }

        return taken;
    }

    private sealed class Cursor(ICatalogGrain catalog, int namesAtOnce)
    {
        private IReadOnlyList<string> names = [];
        private string? next;
        private int place;

        public string? Head => place < names.Count ? names[place] : null;

        public async Task ReadAsync(string? after, CancellationToken cancellationToken)
        {
            var page = await catalog.List(after, namesAtOnce, cancellationToken);
            (names, next, place) = (page.Items, page.NextPageToken, 0);
        }

        public Task MoveAsync(CancellationToken cancellationToken) => ++place < names.Count || next is null ? Task.CompletedTask : ReadAsync(next, cancellationToken);
    }
}
