using MlopsGrains.Client.Http;
using MlopsGrains.Identity;
using MlopsGrains.Models;

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
        http.ReadAsync<RegisteredModel>(new GatewayCall(HttpMethod.Post, Root, Repeat.WhenRefused, GatewayHttp.Json(new NewModel(name, description))), cancellationToken);

    /// <summary>A model with its aliases; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<RegisteredModel> GetAsync(string name, CancellationToken cancellationToken = default) => http.GetAsync<RegisteredModel>(At(name), cancellationToken);

    /// <summary>All versions, newest first.</summary>
    public Task<IReadOnlyList<ModelVersion>> ListVersionsAsync(string name, CancellationToken cancellationToken = default) =>
        http.GetAsync<IReadOnlyList<ModelVersion>>($"{At(name)}/versions", cancellationToken);

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

    private static string AliasAt(string name, string alias) => $"{At(name)}/aliases/{GatewayPath.Segment("alias", alias)}";

    private sealed record NewModel(string Name, string? Description);

    private sealed record AliasTarget(int Version);
}
