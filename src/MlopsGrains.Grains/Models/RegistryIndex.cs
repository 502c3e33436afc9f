using MlopsGrains.Errors;
using MlopsGrains.Models;
using MlopsGrains.Paging;

namespace MlopsGrains.Grains.Models;

/// <summary>
/// All models and versions in memory. A search looks at each once and keeps the first that fit, so it costs the same whatever page is asked for:
/// a few tens of milliseconds for 200,000 versions.
/// </summary>
internal sealed class RegistryIndex
{
    /// <summary>A page ends early rather than becoming a message of hundreds of megabytes.</summary>
    private const long PageCharactersMax = 8 * 1024 * 1024;

    private readonly Dictionary<string, Entry> models = new(StringComparer.Ordinal);

    /// <summary>The newest change of a model that is in here.</summary>
    public long ChangeOf(string model) => models.TryGetValue(model, out var entry) ? entry.Change : 0;

    public void Apply(string model, RegistryChanges changes)
    {
        if (changes.Model is null)
        {
            models.Remove(model);
            return;
        }

        if (!models.TryGetValue(model, out var entry))
        {
            models.Add(model, entry = new Entry(changes.Model));
        }

        if (changes.Reset)
        {
            entry.Versions.Clear();
        }

        foreach (var version in changes.Versions)
        {
            entry.Versions[version.Version] = version;
        }

        (entry.Model, entry.Change) = (changes.Model, changes.Change);
    }

    public IReadOnlyList<string> ModelsOfBlob(string digest) => [.. models.Where(m => m.Value.Versions.Values.Any(v => v.Blob?.Digest == digest)).Select(m => m.Key)];

    public Page<RegisteredModel> SearchModels(RegistryQuery query) =>
        Search(models.Values.Select(e => e.Model), query, RegistryFilter.OfModels(query.Filter), RegistryOrder.OfModels(query), RegistryPlace.Of, m => Size(m.Tags) + m.LatestByStage.Sum(Size));

    public Page<ModelVersion> SearchVersions(RegistryQuery query) =>
        Search(models.Values.SelectMany(e => e.Versions.Values), query, RegistryFilter.OfVersions(query.Filter), RegistryOrder.OfVersions(query), RegistryPlace.Of, Size);

    private static Page<T> Search<T>(IEnumerable<T> items, RegistryQuery query, Func<T, bool> test, RegistryOrder order, Func<T, RegistryPlace> place, Func<T, long> size)
    {
        if (query.MaxResults is < 1 or > IModelRegistryGrain.ResultsMax)
        {
            throw MlopsException.Invalid("max_results", $"max_results is {query.MaxResults}; expected 1–{IModelRegistryGrain.ResultsMax}.");
        }

        var after = order.Read(query);
        var count = query.MaxResults + 1;
        var first = new PriorityQueue<T, RegistryPlace>(Comparer<RegistryPlace>.Create((x, y) => order.Compare(y, x)));
        foreach (var item in items)
        {
            var at = place(item);
            if ((after is { } last && order.Compare(at, last) <= 0) || !test(item))
            {
                continue;
            }

            if (first.Count < count)
            {
                first.Enqueue(item, at);
            }
            else
            {
                first.EnqueueDequeue(item, at);
            }
        }

        var found = first.UnorderedItems.OrderBy(i => i.Priority, order).ToList();
        var (taken, characters) = (0, 0L);
        while (taken < found.Count && taken < query.MaxResults && (taken == 0 || characters < PageCharactersMax))
        {
            characters += size(found[taken++].Element);
        }

        return new Page<T>([.. found.Take(taken).Select(i => i.Element)], taken < found.Count ? order.Token(found[taken - 1].Priority) : null);
    }

    private static long Size(ModelVersion version) => 200 + (version.Description?.Length ?? 0) + version.Source.Length + Size(version.Tags) + (30 * version.Metrics.Count);

    private static long Size(IReadOnlyDictionary<string, string> tags) => 100 + tags.Sum(t => (long)t.Key.Length + t.Value.Length);

    private sealed class Entry(RegisteredModel model)
    {
        public RegisteredModel Model { get; set; } = model;

        public Dictionary<int, ModelVersion> Versions { get; } = [];

        public long Change { get; set; }
    }
}
