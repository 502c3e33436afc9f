using System.Globalization;
using System.Text.Json;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Identity;
using MlopsGrains.Limits;

namespace MlopsGrains.Grains.Data;

/// <summary>Keeps the versions of one dataset; a worker reads the bytes.</summary>
[GrainType("dataset")]
internal sealed class DatasetGrain(
    [PersistentState("dataset", MlopsStorage.Documents)] IPersistentState<DatasetDocument> document,
    IBlobs blobs,
    TimeProvider time) : DocumentGrain<DatasetDocument>(document), IDatasetGrain
{
    private const long ProfileBytesMax = 256L << 20;

    /// <summary>What is durable. Reads interleave with a long upload and must not see a version before it is stored.</summary>
    private IReadOnlyList<StoredVersion> stored = [];

    private string Name => this.GetPrimaryKeyString();

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        stored = [.. Document.Versions];
        return base.OnActivateAsync(cancellationToken);
    }

    public async Task<DatasetVersion> AddVersion(NewDatasetVersion version, CancellationToken cancellationToken = default)
    {
        Check(version);
        var asked = version.Csv ?? new CsvOptions();
        if (Document.Requests.NumberOf(RequestKey.Current) is { } number)
        {
            await Enlist(cancellationToken);
            return stored[number - 1].IsOf(version.Digest, asked) ? await View(stored[number - 1], cancellationToken) : throw RequestKey.UsedBefore();
        }

        if (stored is [.., var newest] && newest.IsOf(version.Digest, asked))
        {
            return await Again(newest, cancellationToken);
        }

        if (stored.Count >= DatasetLimits.VersionsMax)
        {
            throw MlopsException.Conflict($"Dataset '{Name}' has {DatasetLimits.VersionsMax} versions, the most it can have.");
        }

        var intake = await GrainFactory.GetGrain<IDatasetProfilerGrain>(0).TakeIn(version.Digest, version.Length, version.Csv, cancellationToken);
        if (stored is [.., var same] && same.Digest == intake.Digest)
        {
            return await Again(same, cancellationToken);
        }

        var profile = intake.Profile;
        var columns = await blobs.WriteAsync(new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(profile.Columns), writable: false), ProfileBytesMax, cancellationToken);
        var added = new StoredVersion(
            stored.Count + 1, intake.Digest, intake.Length, profile.Rows, columns.Digest, version.Source, version.Description, time.GetUtcNow(), Actor.Current,
            asked, intake.Csv is null ? null : new DatasetOriginal(version.Digest, version.Length, intake.Csv), intake.Notes.Count > 0 ? intake.Notes : null);
        Document.Versions.Add(added);
        Document.Requests.Keep(RequestKey.Current, added.Version);
        await Write(new AuditEntry("dataset-version.added", $"dataset/{Name}/{added.Version}", new Dictionary<string, string>
        {
            ["digest"] = added.Digest,
            ["rows"] = added.Rows.ToString(CultureInfo.InvariantCulture),
        }));
        stored = [.. Document.Versions];
        await Enlist(CancellationToken.None);
        return added.View(Name, profile.Columns);
    }

    public Task<Dataset?> Get(CancellationToken cancellationToken = default) =>
        Task.FromResult(stored.Count == 0 ? null : new Dataset(Name, stored[^1].Version, [.. stored.Select(v => v.Summary())]));

    public Task<DatasetVersion> GetVersion(int? version, CancellationToken cancellationToken = default)
    {
        if (stored.Count == 0)
        {
            throw MlopsException.NotFound("Dataset", Name);
        }

        var number = version ?? stored.Count;
        return number >= 1 && number <= stored.Count
            ? View(stored[number - 1], cancellationToken)
            : throw MlopsException.NotFound("Dataset version", $"{Name}/{number.ToString(CultureInfo.InvariantCulture)}");
    }

    public async Task<DatasetRows> GetRows(int? version, DatasetRowQuery query, CancellationToken cancellationToken = default)
    {
        if (query.After < 0)
        {
            throw MlopsException.InvalidValue("after", query.After, "It must be the number of a row, 0 for the first page");
        }

        Limit.Page("limit", query.Limit, DatasetLimits.RowsPerPageMax);
        Limit.Length("text", query.Text, DatasetLimits.RowTextLengthMax);
        return await GrainFactory.GetGrain<IDatasetProfilerGrain>(0).Rows(await GetVersion(version, cancellationToken), query, cancellationToken);
    }

    public async Task<DatasetDifference> Compare(int? from, int? to, CancellationToken cancellationToken = default)
    {
        var later = await GetVersion(to, cancellationToken);
        var earlier = await GetVersion(from ?? Math.Max(1, later.Version - 1), cancellationToken);
        var columns = await GrainFactory.GetGrain<IDatasetProfilerGrain>(0).Compare(earlier, later, cancellationToken);
        return new DatasetDifference(
            Name, stored[earlier.Version - 1].Summary(), stored[later.Version - 1].Summary(), OnlyIn(later, earlier), OnlyIn(earlier, later), columns);

        static IReadOnlyList<string> OnlyIn(DatasetVersion one, DatasetVersion other) => [.. one.Columns.Select(c => c.Name).Except(other.Columns.Select(c => c.Name), StringComparer.Ordinal)];
    }

    /// <summary>The newest version is what was uploaded.</summary>
    private async Task<DatasetVersion> Again(StoredVersion newest, CancellationToken cancellationToken)
    {
        if (Document.Requests.Keep(RequestKey.Current, newest.Version))
        {
            await Write();
        }

        await Enlist(cancellationToken);
        return await View(newest, cancellationToken);
    }

    private void Check(NewDatasetVersion version)
    {
        Names.Check("name", Name);
        Names.CheckDigest("digest", version.Digest);
        Limit.Length("source", version.Source, DatasetLimits.SourceLengthMax);
        Limit.Length("description", version.Description, DatasetLimits.DescriptionLengthMax);
    }

    private Task Enlist(CancellationToken cancellationToken) => GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Datasets).Add(Name, cancellationToken);

    private async Task<DatasetVersion> View(StoredVersion version, CancellationToken cancellationToken)
    {
        await using var profile = await blobs.OpenReadAsync(version.ProfileDigest, cancellationToken);
        return version.View(Name, (await JsonSerializer.DeserializeAsync<List<ColumnProfileView>>(profile, cancellationToken: cancellationToken))!);
    }
}
