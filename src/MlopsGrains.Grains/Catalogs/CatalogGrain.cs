using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Limits;
using MlopsGrains.Paging;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Catalogs;

/// <summary>The sorted names of one kind of thing.</summary>
[GrainType("catalog")]
internal sealed class CatalogGrain(IJournal journal)
    : JournalGrain<CatalogState, CatalogEvent>(journal, new JsonJournalCodec<CatalogState, CatalogEvent>()), ICatalogGrain
{
    private const int NameLengthMax = 512;

    public Task Add(string name, CancellationToken cancellationToken = default)
    {
        if (string.IsNullOrEmpty(name) || name.IsLongerThan(NameLengthMax))
        {
            throw MlopsException.Invalid("name", $"name has {name?.CharacterCount() ?? 0} characters; expected 1–{NameLengthMax}.");
        }

        return State.Holds(name) ? Task.CompletedTask : Record(new NameAdded(name));
    }

    public Task Remove(string name, CancellationToken cancellationToken = default) =>
        State.Holds(name) ? Record(new NameRemoved(name)) : Task.CompletedTask;

    public Task<Page<string>> List(string? after, int limit, CancellationToken cancellationToken = default)
    {
        Limit.Page("limit", limit, ICatalogGrain.NamesPerPageMax);
        return Task.FromResult(State.List(after, limit));
    }

    protected override void Apply(CatalogState state, CatalogEvent e) => state.Apply(e);
}
