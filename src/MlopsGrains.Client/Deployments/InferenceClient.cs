using System.Text.Json;
using MlopsGrains.Client.Deployments;
using MlopsGrains.Client.Http;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Client;

/// <summary>Scores rows over the Open Inference Protocol (JSON). A model there is a deployment here.</summary>
public sealed class InferenceClient
{
    private readonly GatewayHttp http;

    internal InferenceClient(GatewayHttp http) => this.http = http;

    /// <summary>Scores rows, one tensor a column; see <see cref="Columns"/>. The revision is picked by the traffic split.</summary>
    public Task<InferenceResponse> InferAsync(string deployment, IReadOnlyList<Tensor> columns, CancellationToken cancellationToken = default) =>
        InferAsync(deployment, new InferenceRequest(columns), version: null, cancellationToken);

    /// <summary>Scores rows with a model version that one of the revisions serves, or by the traffic split when <paramref name="version"/> is <see langword="null"/>.</summary>
    /// <exception cref="MlopsException">Refused, or a number is infinite, which JSON cannot say (<see cref="ErrorKind.InvalidInput"/>).</exception>
    public async Task<InferenceResponse> InferAsync(string deployment, InferenceRequest request, string? version = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var body = GatewayHttp.JsonBytes(OpenInferenceJson.Write(request));

        // An attempt that may have been scored is not sent again: it would be counted twice by monitors.
        var answer = await http.ReadAsync<JsonElement>(new GatewayCall(HttpMethod.Post, $"{At(deployment, version)}/infer", Repeat.WhenRefused, body), cancellationToken);
        return OpenInferenceJson.ReadResponse(answer);
    }

    /// <summary>What a deployment takes and gives; throws <see cref="ErrorKind.NotFound"/>.</summary>
    public Task<InferenceMetadata> MetadataAsync(string deployment, string? version = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<InferenceMetadata>(At(deployment, version), cancellationToken);

    /// <summary>Whether the deployment can score now; <see langword="false"/> also when it does not exist.</summary>
    public async Task<bool> ReadyAsync(string deployment, string? version = null, CancellationToken cancellationToken = default)
    {
        try
        {
            await http.DoAsync(new GatewayCall(HttpMethod.Get, $"{At(deployment, version)}/ready", Repeat.Never), cancellationToken);
            return true;
        }
        catch (MlopsException e) when (e.Kind is ErrorKind.NotFound or ErrorKind.Unavailable or ErrorKind.Overloaded)
        {
            return false;
        }
    }

    private static string At(string deployment, string? version) => version is null
        ? $"v2/models/{GatewayPath.Segment("deployment", deployment)}"
        : $"v2/models/{GatewayPath.Segment("deployment", deployment)}/versions/{GatewayPath.Segment("version", version)}";
}

/// <summary>What a deployment takes and gives, in the words of the Open Inference Protocol.</summary>
/// <param name="Name">The deployment.</param>
/// <param name="Versions">Model versions that a caller may name.</param>
/// <param name="Platform">What runs the model.</param>
/// <param name="Inputs">Columns to send.</param>
/// <param name="Outputs">Columns that come back.</param>
/// <param name="Properties">Further facts as texts; <c>classes</c> holds <see cref="Classes"/> as a JSON list.</param>
public sealed record InferenceMetadata(
    string Name,
    IReadOnlyList<string>? Versions,
    string Platform,
    IReadOnlyList<TensorSpec> Inputs,
    IReadOnlyList<TensorSpec> Outputs,
    IReadOnlyDictionary<string, string>? Properties = null)
{
    /// <summary>
    /// The classes of a classifier, or <see langword="null"/>: in the order of <c>scores</c>; of two classes the second is the one that <c>probability</c> is of.
    /// </summary>
    public IReadOnlyList<string>? Classes => Properties?.GetValueOrDefault("classes") is { } list ? JsonSerializer.Deserialize<string[]>(list) : null;
}
