using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments.Import;

/// <summary>A tracking server through MLflow's REST API.</summary>
internal sealed class MlflowServer : IMlflowSource
{
    private const int RunsPage = 1000;
    private const int PointsPage = 25_000;
    private const int LoggedModelsPage = 50;
    private const int AttemptsMax = 4;
    private const string Api = "api/2.0/mlflow/";

    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly HttpClient http;

    /// <param name="address">The tracking URI.</param>
    /// <param name="authorization">Sent with each request when given.</param>
    /// <param name="handler">Sends the requests.</param>
    public MlflowServer(Uri address, AuthenticationHeaderValue? authorization = null, HttpMessageHandler? handler = null)
    {
        http = new HttpClient(handler ?? EnvironmentProxy.CreateHandler()) { BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/"), Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Authorization = authorization;
    }

    public string Name => http.BaseAddress!.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');

    /// <summary>What MLflow's own clients take from the environment: a token, or a user and a password.</summary>
    public static AuthenticationHeaderValue? AuthorizationOf(Func<string, string?> variable)
    {
        if (variable("MLFLOW_TRACKING_USERNAME") is { Length: > 0 } user)
        {
            return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{variable("MLFLOW_TRACKING_PASSWORD")}")));
        }

        return variable("MLFLOW_TRACKING_TOKEN") is { Length: > 0 } token ? new AuthenticationHeaderValue("Bearer", token) : null;
    }

    public async IAsyncEnumerable<SourceExperiment> ExperimentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var e in PagesAsync("experiments", token => Post($"{Api}experiments/search", new { max_results = RunsPage, view_type = "ACTIVE_ONLY", page_token = token }), cancellationToken))
        {
            yield return new SourceExperiment(Text(e, "experiment_id"), Text(e, "name"), Pairs(e, "tags"));
        }
    }

    public async IAsyncEnumerable<SourceRun> RunsAsync(string experimentId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        object Search(string? token) => new { experiment_ids = new[] { experimentId }, run_view_type = "ACTIVE_ONLY", max_results = RunsPage, order_by = new[] { "attributes.start_time ASC" }, page_token = token };
        await foreach (var r in PagesAsync("runs", token => Post($"{Api}runs/search", Search(token)), cancellationToken))
        {
            var (info, data) = (r.GetProperty("info"), Member(r, "data"));
            yield return new SourceRun(
                Text(info, "run_id"),
                Text(info, "run_name"),
                Text(info, "user_id"),
                Enum.TryParse<RunStatus>(Text(info, "status"), ignoreCase: true, out var status) ? status : RunStatus.Running,
                Whole(info, "start_time") ?? 0,
                Whole(info, "end_time"),
                Pairs(data, "params"),
                Pairs(data, "tags"),
                [.. Items(data, "metrics").Select(m => Text(m, "key"))],
                Text(info, "artifact_uri"));
        }
    }

    public async Task<SourceLinks> LinksAsync(SourceRun run, CancellationToken cancellationToken)
    {
        var answer = (await ReadAsync(Get($"{Api}runs/get?run_id={Escape(run.Id)}"), cancellationToken)).GetProperty("run");
        var (inputs, outputs) = (Member(answer, "inputs"), Member(answer, "outputs"));
        return new SourceLinks(
            [.. Items(inputs, "dataset_inputs").Select(Dataset)],
            [.. Items(inputs, "model_inputs").Select(m => Text(m, "model_id"))],
            [.. Items(outputs, "model_outputs").Select(m => new ModelOutput(Text(m, "model_id"), Whole(m, "step") ?? 0))]);
    }

    /// <summary>A server before logged models has none.</summary>
    public async IAsyncEnumerable<SourceLoggedModel> LoggedModelsAsync(string experimentId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var model in SearchLoggedModelsAsync(experimentId, filter: null, cancellationToken))
        {
            yield return model;
        }
    }

    /// <summary>Active logged models that match; none where there are no logged models at all.</summary>
    public async IAsyncEnumerable<SourceLoggedModel> SearchLoggedModelsAsync(string experimentId, string? filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        object Search(string? token) => new { experiment_ids = new[] { experimentId }, filter, max_results = LoggedModelsPage, page_token = token };
        await using var pages = PagesAsync("models", token => Post($"{Api}logged-models/search", Search(token)), cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await NextAsync())
        {
            var (info, data) = (Member(pages.Current, "info"), Member(pages.Current, "data"));
            yield return new SourceLoggedModel(
                Text(info, "model_id"),
                Text(info, "name"),
                Text(info, "model_type"),
                Text(info, "source_run_id"),
                StatusOf(Text(info, "status")),
                Pairs(data, "params"),
                Pairs(info, "tags"),
                [.. Items(data, "metrics").Select(m => new SourceModelPoint(
                    Text(m, "key"), new SourcePoint(Number(m.GetProperty("value")), Whole(m, "timestamp") ?? 0, Whole(m, "step") ?? 0), Text(m, "run_id"), Text(m, "dataset_name"), Text(m, "dataset_digest")))],
                Text(info, "artifact_uri"));
        }

        async Task<bool> NextAsync()
        {
            try
            {
                return await pages.MoveNextAsync();
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
            {
                return false;
            }
        }
    }

    /// <summary>A status as the wire or a file names it.</summary>
    public static LoggedModelStatus StatusOf(string status) => status switch
    {
        "LOGGED_MODEL_READY" or "READY" or "2" => LoggedModelStatus.Ready,
        "LOGGED_MODEL_UPLOAD_FAILED" or "FAILED" or "3" => LoggedModelStatus.UploadFailed,
        _ => LoggedModelStatus.Pending,
    };

    public async IAsyncEnumerable<SourcePoint> PointsAsync(SourceRun run, string key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var query = $"{Api}metrics/get-history?run_id={Escape(run.Id)}&metric_key={Escape(key)}&max_results={PointsPage}";
        await foreach (var m in PagesAsync("metrics", token => Get(query + (token is null ? "" : $"&page_token={Escape(token)}")), cancellationToken))
        {
            yield return new SourcePoint(Number(m.GetProperty("value")), Whole(m, "timestamp") ?? 0, Whole(m, "step") ?? 0);
        }
    }

    public async IAsyncEnumerable<SourceFile> FilesAsync(SourceFiles of, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var directories = new Stack<string>([""]);
        while (directories.TryPop(out var directory))
        {
            var query = of.OfModel
                ? $"{Api}logged-models/{Escape(of.Id)}/artifacts/directories?artifact_directory_path={Escape(directory)}"
                : $"{Api}artifacts/list?run_id={Escape(of.Id)}" + (directory.Length == 0 ? "" : $"&path={Escape(directory)}");
            await foreach (var f in PagesAsync("files", token => Get(query + (token is null ? "" : $"&page_token={Escape(token)}")), cancellationToken))
            {
                if (f.TryGetProperty("is_dir", out var isDirectory) && isDirectory.ValueKind == JsonValueKind.True)
                {
                    directories.Push(Text(f, "path"));
                }
                else
                {
                    yield return new SourceFile(Text(f, "path"), Whole(f, "file_size") ?? 0);
                }
            }
        }
    }

    public async Task<Stream> OpenAsync(SourceFiles of, string path, CancellationToken cancellationToken)
    {
        // What the server does not serve through its own store it fetches for whoever looks at a file.
        var address = Proxied(of.ArtifactUri, path)
            ?? (of.OfModel
                ? $"ajax-api/2.0/mlflow/logged-models/{Escape(of.Id)}/artifacts/files?artifact_file_path={Escape(path)}"
                : $"get-artifact?run_id={Escape(of.Id)}&path={Escape(path)}");
        var response = await SendAsync(Get(address), cancellationToken);
        return await response.Content.ReadAsStreamAsync(cancellationToken);
    }

    /// <summary>Stores a file below a place that the server keeps itself. Sent once, because the bytes are read once.</summary>
    public async Task UploadAsync(string artifactUri, string path, Stream content, CancellationToken cancellationToken)
    {
        var address = Proxied(artifactUri, path) ?? throw MlopsException.Invalid("artifact_uri", $"{Name} does not keep files below '{artifactUri}' itself.");
        using var sent = new StreamContent(content);
        (await SendAsync(() => new HttpRequestMessage(HttpMethod.Put, new Uri(address, UriKind.Relative)) { Content = sent }, cancellationToken, attemptsMax: 1)).Dispose();
    }

    public async IAsyncEnumerable<SourceModel> ModelsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var m in PagesAsync("registered_models", token => Get($"{Api}registered-models/search?max_results=100" + (token is null ? "" : $"&page_token={Escape(token)}")), cancellationToken))
        {
            var aliases = Items(m, "aliases").ToDictionary(a => Text(a, "alias"), a => int.Parse(Text(a, "version"), CultureInfo.InvariantCulture));
            var name = Text(m, "name");
            yield return new SourceModel(name, Given(Text(m, "description")), Pairs(m, "tags"), await VersionsAsync(name, cancellationToken), aliases);
        }
    }

    /// <summary>A registered model's versions in rising order; none of an unknown model.</summary>
    public async Task<IReadOnlyList<SourceModelVersion>> VersionsAsync(string model, CancellationToken cancellationToken)
    {
        var quote = model.Contains('\'', StringComparison.Ordinal) ? '"' : '\'';
        var query = $"{Api}model-versions/search?filter={Escape($"name={quote}{model}{quote}")}";
        return await PagesAsync("model_versions", token => Get(query + (token is null ? "" : $"&page_token={Escape(token)}")), cancellationToken)
            .Select(v => new SourceModelVersion(
                int.Parse(Text(v, "version"), CultureInfo.InvariantCulture), Text(v, "source"), Given(Text(v, "run_id")), Given(Text(v, "description")), Given(Text(v, "current_stage")), Pairs(v, "tags")))
            .OrderBy(v => v.Version)
            .ToListAsync(cancellationToken);
    }

    /// <summary>Asks the API to do something; the answer, or the refusal as an exception.</summary>
    /// <param name="method">Behind the API's prefix.</param>
    /// <param name="body">Goes as JSON.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="verb">POST when <see langword="null"/>.</param>
    /// <param name="onceKey">Of a creation: the same key again gives what was created.</param>
    public async Task<JsonElement> CallAsync(string method, object body, CancellationToken cancellationToken, HttpMethod? verb = null, string? onceKey = null) =>
        await ReadAsync(Send(verb ?? HttpMethod.Post, Api + method, body, onceKey), cancellationToken);

    /// <summary>What the API has at this address.</summary>
    public async Task<JsonElement> LookAsync(string method, CancellationToken cancellationToken) => await ReadAsync(Get(Api + method), cancellationToken);

    public void Dispose() => http.Dispose();

    private static Func<HttpRequestMessage> Get(string address) => () => new HttpRequestMessage(HttpMethod.Get, new Uri(address, UriKind.Relative));

    private static Func<HttpRequestMessage> Post(string address, object body) => Send(HttpMethod.Post, address, body);

    private static Func<HttpRequestMessage> Send(HttpMethod method, string address, object body, string? onceKey = null) => () =>
    {
        var request = new HttpRequestMessage(method, new Uri(address, UriKind.Relative)) { Content = JsonContent.Create(body, options: Json) };
        if (onceKey is not null)
        {
            request.Headers.Add("Idempotency-Key", onceKey);
        }

        return request;
    };

    private async IAsyncEnumerable<JsonElement> PagesAsync(string list, Func<string?, Func<HttpRequestMessage>> ask, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? token = null;
        do
        {
            var page = await ReadAsync(ask(token), cancellationToken);
            foreach (var item in Items(page, list))
            {
                yield return item;
            }

            token = Given(Text(page, "next_page_token"));
        }
        while (token is not null);
    }

    private async Task<JsonElement> ReadAsync(Func<HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(request, cancellationToken);
        try
        {
            return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }
        catch (JsonException)
        {
            throw MlopsException.Invalid("uri", $"{Name} does not answer like an MLflow server.");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> create, CancellationToken cancellationToken, int attemptsMax = AttemptsMax)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = create();
                var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                using (response)
                {
                    var again = response.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
                    if (!again || attempt == attemptsMax)
                    {
                        throw Refusal(response.StatusCode, await response.Content.ReadAsStringAsync(cancellationToken));
                    }
                }
            }
            catch (HttpRequestException e) when (attempt == attemptsMax)
            {
                var through = EnvironmentProxy.Instance.Describe(http.BaseAddress!) is { } proxy ? $" through {proxy} (an address that NO_PROXY holds goes direct)" : "";
                throw MlopsException.Unavailable($"Cannot reach {Name}{through}: {e.Message}");
            }
            catch (HttpRequestException)
            {
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200 << attempt), cancellationToken);
        }
    }

    private MlopsException Refusal(HttpStatusCode status, string body)
    {
        const int Shown = 500;
        string code = "", message = body.Length <= Shown ? body : body[..Shown];
        try
        {
            using var json = JsonDocument.Parse(body);
            (code, message) = (Text(json.RootElement, "error_code"), Text(json.RootElement, "message"));
        }
        catch (JsonException)
        {
            // No server of this protocol, or a proxy before it; its text is better than nothing.
        }

        var kind = (status, code) switch
        {
            (_, "RESOURCE_ALREADY_EXISTS") => ErrorKind.AlreadyExists,
            (HttpStatusCode.NotFound, _) => ErrorKind.NotFound,
            ( >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests, _) => ErrorKind.Unavailable,
            _ => ErrorKind.InvalidInput,
        };
        return new MlopsException(kind, $"{Name} answered {(int)status}: {message}");
    }

    private static JsonElement Member(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : default;

    /// <summary>Where the server's own store has a file; <see langword="null"/> for another store.</summary>
    private static string? Proxied(string artifactUri, string path) => artifactUri.StartsWith("mlflow-artifacts:", StringComparison.Ordinal)
        ? "api/2.0/mlflow-artifacts/artifacts/" + string.Join('/', $"{new Uri(artifactUri).AbsolutePath.Trim('/')}/{path}".Split('/').Select(Escape))
        : null;

    private static DatasetInput Dataset(JsonElement input)
    {
        var dataset = Member(input, "dataset");
        return new DatasetInput(
            Text(dataset, "name"), Text(dataset, "digest"), Text(dataset, "source_type"), Text(dataset, "source"), Given(Text(dataset, "schema")), Given(Text(dataset, "profile")), Pairs(input, "tags"));
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);

    private static string? Given(string text) => text.Length == 0 ? null : text;

    private static string Text(JsonElement of, string name) => of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value)
        ? value.ValueKind == JsonValueKind.String ? value.GetString()! : value.ValueKind == JsonValueKind.Null ? "" : value.GetRawText()
        : "";

    private static long? Whole(JsonElement of, string name) => WholeNumber.Read(Text(of, name), name, () => of.GetRawText() is { Length: > 200 } text ? text[..200] + "…" : of.GetRawText());

    private static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : value.GetString() switch
    {
        "NaN" => double.NaN,
        "Infinity" => double.PositiveInfinity,
        "-Infinity" => double.NegativeInfinity,
        var other => double.Parse(other!, CultureInfo.InvariantCulture),
    };

    private static JsonElement.ArrayEnumerator Items(JsonElement of, string list) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(list, out var items) && items.ValueKind == JsonValueKind.Array ? items.EnumerateArray() : default;

    private static IReadOnlyList<Tag> Pairs(JsonElement of, string list) => [.. Items(of, list).Select(p => new Tag(Text(p, "key"), Text(p, "value")))];
}
