using System.Globalization;
using MlopsGrains.Client.Http;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Registered models, their versions and aliases.</summary>
public sealed class ModelsClient
{
    private const string Root = "api/v1/models";

    private readonly GatewayHttp http;
    private readonly IIdSource ids;

    internal ModelsClient(GatewayHttp http, IIdSource ids)
    {
        this.http = http;
        this.ids = ids;
    }

    /// <summary>All registered models in the order of their names, read page by page.</summary>
    public IAsyncEnumerable<RegisteredModel> ListAsync(CancellationToken cancellationToken = default) => Pages.All<RegisteredModel>(http, Root, cancellationToken);

    /// <summary>Creates a model without versions; an existing one is refused (<see cref="Errors.ErrorKind.AlreadyExists"/>).</summary>
    public Task<RegisteredModel> CreateAsync(string name, string? description = null, CancellationToken cancellationToken = default) =>
        http.CreateAsync<RegisteredModel>(Root, GatewayHttp.Json(new NewModel(name, description)), idempotencyKey: null, cancellationToken);

    /// <summary>Changes a model's description, at most 5,000 characters.</summary>
    public Task<RegisteredModel> UpdateAsync(string name, string description, CancellationToken cancellationToken = default) =>
        http.ReadAsync<RegisteredModel>(new GatewayCall(HttpMethod.Patch, At(name), Repeat.Always, GatewayHttp.Json(new DescriptionChange(description))), cancellationToken);

    /// <summary>Gives a model another name, which must be free; what is deployed under the old one goes on being served.</summary>
    public Task<RegisteredModel> RenameAsync(string name, string newName, CancellationToken cancellationToken = default) =>
        http.ReadAsync<RegisteredModel>(new GatewayCall(HttpMethod.Post, $"{At(name)}/rename", Repeat.WhenRefused, GatewayHttp.Json(new NewName(newName))), cancellationToken);

    /// <summary>Removes a model with its versions, tags and aliases; what is deployed goes on being served.</summary>
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) => http.DoAsync(new GatewayCall(HttpMethod.Delete, At(name), Repeat.WhenRefused), cancellationToken);

    /// <summary>Removes a version; its number is not given again. What is deployed goes on being served.</summary>
    public Task DeleteVersionAsync(string name, int version, CancellationToken cancellationToken = default) =>
        http.DoAsync(new GatewayCall(HttpMethod.Delete, VersionAt(name, version), Repeat.WhenRefused), cancellationToken);

    /// <summary>Changes a version's description, at most 5,000 characters.</summary>
    public Task<ModelVersion> UpdateVersionAsync(string name, int version, string description, CancellationToken cancellationToken = default) =>
        http.ReadAsync<ModelVersion>(new GatewayCall(HttpMethod.Patch, VersionAt(name, version), Repeat.Always, GatewayHttp.Json(new DescriptionChange(description))), cancellationToken);

    /// <summary>Moves a version to a stage; <paramref name="archiveExisting"/>, only to staging and production, archives the others that are there.</summary>
    public Task<ModelVersion> SetStageAsync(string name, int version, ModelStage stage, bool archiveExisting = false, CancellationToken cancellationToken = default) =>
        http.ReadAsync<ModelVersion>(
            new GatewayCall(HttpMethod.Put, $"{VersionAt(name, version)}/stage", Repeat.Always, GatewayHttp.Json(new StageChange(stage, archiveExisting))), cancellationToken);

    /// <summary>Sets a tag of a model, or of one of its versions: key at most 250 characters, value at most 100,000.</summary>
    public Task SetTagAsync(string name, string key, string value, int? version = null, CancellationToken cancellationToken = default) =>
        http.DoAsync(new GatewayCall(HttpMethod.Put, TagAt(name, version, key), Repeat.Always, GatewayHttp.Json(new TagValue(value))), cancellationToken);

    /// <summary>Removes a tag of a model, or of one of its versions; removing an absent one changes nothing.</summary>
    public Task DeleteTagAsync(string name, string key, int? version = null, CancellationToken cancellationToken = default) =>
        http.DoAsync(new GatewayCall(HttpMethod.Delete, TagAt(name, version, key)), cancellationToken);

    /// <summary>A model with its aliases; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken = default) => http.GetAsync<RegisteredModel>(At(name), cancellationToken);

    /// <summary>All versions, newest first.</summary>
    public Task<IReadOnlyList<ModelVersion>> ListVersionsAsync(string name, CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<ModelVersion>>($"{At(name)}/versions", cancellationToken);

    /// <summary>A page of the versions of all models that pass a filter, last updated first.</summary>
    /// <param name="filter">Over <c>name</c>, <c>run_id</c>, <c>source_path</c>, <c>version_number</c> and <c>tags.key</c>, as in <c>run_id = '…'</c>; all when <see langword="null"/>.</param>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<ModelVersion>> SearchVersionsPageAsync(string? filter = null, int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<ModelVersion>>(
            "api/v1/model-versions" + GatewayPath.Query(("filter", filter), ("limit", limit?.ToString(CultureInfo.InvariantCulture)), ("pageToken", pageToken)), cancellationToken);

    /// <summary>A page of models in the order of their names.</summary>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<RegisteredModel>> ListPageAsync(int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<RegisteredModel>>(Root + GatewayPath.Query(("limit", limit?.ToString(CultureInfo.InvariantCulture)), ("pageToken", pageToken)), cancellationToken);

    /// <summary>The version that <paramref name="reference"/> names: a number, an alias or <c>latest</c>; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<ModelVersion> GetVersionAsync(string name, string reference = "latest", CancellationToken cancellationToken = default) =>
        http.GetAsync<ModelVersion>($"{At(name)}/versions/{GatewayPath.Segment("reference", reference)}", cancellationToken);

    /// <summary>Registers a version; creates the model when it is new. Without an idempotency key one is made, so that a retry registers one version.</summary>
    public Task<ModelVersion> AddVersionAsync(string name, NewModelVersion version, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(version);
        var body = GatewayHttp.Json(version with { IdempotencyKey = version.IdempotencyKey ?? ids.NewId() });
        return http.ReadAsync<ModelVersion>(new GatewayCall(HttpMethod.Post, $"{At(name)}/versions", Repeat.Always, body), cancellationToken);
    }

    /// <summary>Points an alias at a version, away from any other.</summary>
    /// <param name="name">The model.</param>
    /// <param name="alias">Letters, digits, <c>_</c> and <c>-</c>; not <c>latest</c>, not a number, not <c>v</c> and digits.</param>
    /// <param name="version">An existing version.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task SetAliasAsync(string name, string alias, int version, CancellationToken cancellationToken = default) =>
        http.DoAsync(new GatewayCall(HttpMethod.Put, AliasAt(name, alias), Repeat.Always, GatewayHttp.Json(new AliasTarget(version))), cancellationToken);

    /// <summary>Removes an alias; removing an absent one changes nothing.</summary>
    public Task DeleteAliasAsync(string name, string alias, CancellationToken cancellationToken = default) =>
        http.DoAsync(new GatewayCall(HttpMethod.Delete, AliasAt(name, alias)), cancellationToken);

    private static string At(string name) => $"{Root}/{GatewayPath.Segment("name", name)}";

    private static string VersionAt(string name, int version) => $"{At(name)}/versions/{version.ToString(CultureInfo.InvariantCulture)}";

    private static string TagAt(string name, int? version, string key) =>
        $"{(version is { } number ? VersionAt(name, number) : At(name))}/tags/{string.Join('/', key.Split('/').Select(s => GatewayPath.Segment("key", s)))}";

    private static string AliasAt(string name, string alias) => $"{At(name)}/aliases/{GatewayPath.Segment("alias", alias)}";

    private sealed record NewModel(string Name, string? Description);

    private sealed record AliasTarget(int Version);

    private sealed record DescriptionChange(string Description);

    private sealed record NewName(string Name);

    private sealed record TagValue(string Value);

    private sealed record StageChange(ModelStage Stage, bool ArchiveExisting);
}
