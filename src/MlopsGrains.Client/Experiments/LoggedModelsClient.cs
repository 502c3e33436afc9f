using MlopsGrains.Client.Http;
using MlopsGrains.Experiments;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Logged models: what runs made, whether it is registered or not.</summary>
public sealed class LoggedModelsClient
{
    private const int PageSize = 100;

    private readonly GatewayHttp http;

    internal LoggedModelsClient(GatewayHttp http) => this.http = http;

    /// <summary>Logged models that match, newest first, read page by page.</summary>
    /// <param name="experimentIds">Where to look, at most 1,000.</param>
    /// <param name="filter">MLflow's filter grammar, such as <c>metrics.auc &gt; 0.9</c>; <see langword="null"/> for all.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<LoggedModel> SearchAsync(IReadOnlyList<string> experimentIds, string? filter = null, CancellationToken cancellationToken = default) => Pages.All(
        async (token, cancel) =>
        {
            var page = await http.AskAsync<ModelPage>("logged-models/search", new { experiment_ids = experimentIds, filter, max_results = PageSize, page_token = token }, cancel);
            return new Page<LoggedModel>([.. (page.Models ?? []).Select(Of)], page.NextPageToken);
        },
        cancellationToken);

    /// <summary>A logged model; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public async Task<LoggedModel> GetAsync(string modelId, CancellationToken cancellationToken = default) => Of((await http.LookAsync<ModelAnswer>(At(modelId), cancellationToken)).Model);

    /// <summary>Deletes a logged model softly: its files stay until retention removes them.</summary>
    public Task DeleteAsync(string modelId, CancellationToken cancellationToken = default) => http.ChangeAsync(HttpMethod.Delete, At(modelId), new { }, Repeat.Always, cancellationToken);

    /// <summary>Files and directories directly below <paramref name="path"/> (the model's root when <see langword="null"/>).</summary>
    public async Task<IReadOnlyList<ModelFile>> ListFilesAsync(string modelId, string? path = null, CancellationToken cancellationToken = default)
    {
        var answer = await http.LookAsync<FileList>($"{At(modelId)}/artifacts/directories{GatewayPath.Query(("artifact_directory_path", path))}", cancellationToken);
        return answer.Files ?? [];
    }

    /// <summary>Opens a file of the model; dispose the stream. Throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<Stream> OpenFileAsync(string modelId, string path, CancellationToken cancellationToken = default) =>
        http.OpenAsync($"api/2.0/mlflow/{At(modelId)}/artifacts/files{GatewayPath.Query(("artifact_file_path", path))}", cancellationToken);

    private static string At(string modelId) => "logged-models/" + GatewayPath.Segment("modelId", modelId);

    private static LoggedModel Of(ModelMessage model) => new(
        model.Info.ModelId,
        model.Info.ExperimentId,
        model.Info.Name,
        model.Info.ModelType,
        model.Info.SourceRunId,
        model.Info.ArtifactUri,
        model.Info.Status switch { "LOGGED_MODEL_READY" => LoggedModelStatus.Ready, "LOGGED_MODEL_UPLOAD_FAILED" => LoggedModelStatus.UploadFailed, _ => LoggedModelStatus.Pending },
        LifecycleStage.Active,
        model.Info.CreationTimestampMs,
        model.Info.LastUpdatedTimestampMs,
        model.Data?.Params ?? [],
        model.Info.Tags ?? [],
        model.Data?.Metrics ?? [],
        model.Info.Registrations ?? []);

    private sealed record ModelPage(IReadOnlyList<ModelMessage>? Models, string? NextPageToken);

    private sealed record ModelAnswer(ModelMessage Model);

    private sealed record ModelMessage(ModelInfo Info, ModelData? Data);

    private sealed record ModelInfo(
        string ModelId, string ExperimentId, string Name, string? ModelType, string? SourceRunId, string ArtifactUri, string Status, long CreationTimestampMs,
        long LastUpdatedTimestampMs, IReadOnlyList<Tag>? Tags, IReadOnlyList<ModelRegistration>? Registrations);

    private sealed record ModelData(IReadOnlyList<Tag>? Params, IReadOnlyList<LoggedModelMetric>? Metrics);

    private sealed record FileList(IReadOnlyList<ModelFile>? Files);
}

/// <summary>A file or directory of a logged model.</summary>
/// <param name="Path">From the model's root.</param>
/// <param name="IsDir">Whether it is a directory.</param>
/// <param name="FileSize">Bytes of a file.</param>
public sealed record ModelFile(string Path, bool IsDir, long? FileSize = null);
