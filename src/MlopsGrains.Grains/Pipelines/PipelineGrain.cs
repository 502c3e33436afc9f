using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Idempotency;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>Keeps the definition versions of one pipeline (the texts are blobs) and starts its runs.</summary>
[GrainType("pipeline")]
internal sealed class PipelineGrain(
    [PersistentState("pipeline", MlopsStorage.Documents)] IPersistentState<PipelineDocument> document,
    PipelineYaml reader,
    IBlobs blobs,
    IIdSource ids,
    TimeProvider time) : DocumentGrain<PipelineDocument>(document), IPipelineGrain
{
    private string Name => this.GetPrimaryKeyString();

    public async Task<PipelineDefinition> Register(string yaml, CancellationToken cancellationToken = default)
    {
        var spec = reader.Read(yaml ?? throw MlopsException.Invalid("yaml", "yaml is required."));
        if (spec.Name != Name)
        {
            throw MlopsException.Invalid("name", $"The definition is of pipeline '{spec.Name}', not of '{Name}'.");
        }

        var bytes = Encoding.UTF8.GetBytes(yaml);
        var newest = Document.Versions.LastOrDefault();
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (Document.Requests.NumberOf(RequestKey.Current) is { } number)
        {
            newest = Document.Versions[number - 1];
            return newest.Digest == digest ? Definition(newest, yaml) : throw RequestKey.UsedBefore();
        }

        if (newest?.Digest == digest)
        {
            if (Document.Requests.Keep(RequestKey.Current, newest.Version))
            {
                await Write();
            }

            await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Pipelines).Add(Name, cancellationToken);
            return Definition(newest, yaml);
        }

        if (Document.Versions.Count >= PipelineLimits.VersionsMax)
        {
            throw MlopsException.Conflict($"Pipeline '{Name}' has {PipelineLimits.VersionsMax} definition versions, the most it can have.");
        }

        var blob = await blobs.WriteAsync(new MemoryStream(bytes, writable: false), PipelineLimits.YamlBytesMax, cancellationToken);
        var version = new DefinitionVersion(Document.Versions.Count + 1, blob.Digest, time.GetUtcNow(), Actor.Current);
        Document.Versions.Add(version);
        Document.Requests.Keep(RequestKey.Current, version.Version);
        await Write(new AuditEntry("pipeline.registered", $"pipeline/{Name}/{version.Version}", new Dictionary<string, string> { ["digest"] = version.Digest }));
        await GrainFactory.GetGrain<ICatalogGrain>(CatalogKinds.Pipelines).Add(Name, CancellationToken.None);
        return Definition(version, yaml);
    }

    public async Task<PipelineDefinition> Get(int? version, CancellationToken cancellationToken = default)
    {
        var versions = Document.Versions;
        if (versions.Count == 0)
        {
            throw MlopsException.NotFound("Pipeline", Name);
        }

        var found = version is null ? versions[^1] : version >= 1 && version <= versions.Count ? versions[version.Value - 1] : throw MlopsException.NotFound("Pipeline definition", $"{Name}/{version}");
        await using var stream = await blobs.OpenReadAsync(found.Digest, cancellationToken);
        using var text = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false);
        return Definition(found, await text.ReadToEndAsync(cancellationToken));
    }

    public Task<IReadOnlyList<PipelineVersion>> Versions(int? before, int limit, CancellationToken cancellationToken = default)
    {
        Limit.Page("limit", limit, PipelineLimits.VersionsPerListMax);
        var versions = Document.Versions.Count > 0 ? Document.Versions : throw MlopsException.NotFound("Pipeline", Name);
        return Task.FromResult<IReadOnlyList<PipelineVersion>>(
            [.. versions.Take(Math.Max(0, (before ?? int.MaxValue) - 1)).Reverse().Take(limit).Select(v => new PipelineVersion(v.Version, v.Digest, v.CreatedAt, v.CreatedBy))]);
    }

    public async Task<PipelineRun> Start(StartPipeline start, CancellationToken cancellationToken = default)
    {
        if (start.IdempotencyKey is not null)
        {
            Limit.Text("idempotencyKey", start.IdempotencyKey, PipelineLimits.IdempotencyKeyLengthMax);
        }

        Limit.Text("cause", start.Cause, PipelineLimits.CauseLengthMax);
        var definition = await Get(null, cancellationToken);
        var run = GrainFactory.GetGrain<IPipelineRunGrain>((start.IdempotencyKey ?? RequestKey.Current) is { } key ? RunId(Name, key) : ids.NewId());
        return await run.Begin(definition, start, cancellationToken);
    }

    /// <summary>The same key leads to the same run grain, whatever happened in between; nothing has to be remembered for it.</summary>
    internal static string RunId(string pipeline, string idempotencyKey) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(pipeline + "\n" + idempotencyKey)).AsSpan(0, 16));

    private PipelineDefinition Definition(DefinitionVersion version, string yaml) =>
        new(Name, version.Version, version.Digest, yaml, version.CreatedAt, version.CreatedBy, Outline(yaml));

    private PipelineOutline? Outline(string yaml)
    {
        try
        {
            return PipelinePlan.Outline(reader.Read(yaml));
        }
        catch (MlopsException)
        {
            return null; // The text is there to be read; what it means is for a newer or an older reader.
        }
    }
}

/// <summary>The stored document.</summary>
internal sealed class PipelineDocument : StoredDocument
{
    public List<DefinitionVersion> Versions { get; set; } = [];

    public List<AnsweredRequest> Requests { get; set; } = [];
}

internal sealed record DefinitionVersion(int Version, string Digest, DateTimeOffset CreatedAt, string CreatedBy);
