using System.Globalization;
using MlopsGrains.Client.Http;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Datasets and their immutable versions.</summary>
public sealed class DatasetsClient
{
    private const string Root = "api/v1/datasets";

    private readonly GatewayHttp http;

    internal DatasetsClient(GatewayHttp http) => this.http = http;

    /// <summary>All datasets in the order of their names, read page by page.</summary>
    public IAsyncEnumerable<Dataset> ListAsync(CancellationToken cancellationToken = default) => Pages.All<Dataset>(http, Root, cancellationToken);

    /// <summary>A dataset with its versions' numbers; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public Task<Dataset> GetAsync(string name, CancellationToken cancellationToken = default) => http.GetAsync<Dataset>(At(name), cancellationToken);

    /// <summary>A version with schema and profile, the newest when <paramref name="version"/> is <see langword="null"/>.</summary>
    public Task<DatasetVersion> GetVersionAsync(string name, int? version = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<DatasetVersion>(At(name, version), cancellationToken);

    /// <summary>
    /// Rows of a version in their order, of the newest when <paramref name="version"/> is <see langword="null"/>. To go on, ask for those after
    /// <see cref="DatasetRows.Next"/>.
    /// </summary>
    /// <param name="name">The dataset.</param>
    /// <param name="version">A version's number.</param>
    /// <param name="after">The row after which to begin, 0 for the first.</param>
    /// <param name="limit">Most rows, 1 to 1,000.</param>
    /// <param name="text">Only rows with a cell that holds this text, whatever its case; at most 500 characters.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<DatasetRows> GetRowsAsync(string name, int? version = null, long after = 0, int limit = 100, string? text = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<DatasetRows>(
            $"{At(name, version)}/rows{GatewayPath.Query(("after", after.ToString(CultureInfo.InvariantCulture)), ("limit", limit.ToString(CultureInfo.InvariantCulture)), ("text", text))}",
            cancellationToken);

    /// <summary>
    /// What differs from one version, the one before when <paramref name="from"/> is <see langword="null"/>, to another, the newest when <paramref name="to"/> is
    /// <see langword="null"/>. Reads both.
    /// </summary>
    public Task<DatasetDifference> CompareAsync(string name, int? from = null, int? to = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<DatasetDifference>(
            $"{At(name)}/diff{GatewayPath.Query(("from", from?.ToString(CultureInfo.InvariantCulture)), ("to", to?.ToString(CultureInfo.InvariantCulture)))}", cancellationToken);

    /// <summary>A page of datasets in the order of their names.</summary>
    /// <param name="limit">1–1,000; the server's default when <see langword="null"/>.</param>
    /// <param name="pageToken">Of the page before; the first when <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Page<Dataset>> ListPageAsync(int? limit = null, string? pageToken = null, CancellationToken cancellationToken = default) =>
        http.GetAsync<Page<Dataset>>(Root + GatewayPath.Query(("limit", limit?.ToString(CultureInfo.InvariantCulture)), ("pageToken", pageToken)), cancellationToken);

    /// <summary>Opens a version's bytes, of the newest when <paramref name="version"/> is <see langword="null"/>; dispose the stream.</summary>
    public Task<Stream> OpenContentAsync(string name, int? version = null, CancellationToken cancellationToken = default) =>
        http.OpenAsync($"{At(name, version)}/content", cancellationToken);

    /// <summary>Opens the bytes that were uploaded as a version, which differ from its content when <see cref="DatasetVersion.Original"/> is there; dispose the stream.</summary>
    public Task<Stream> OpenOriginalAsync(string name, int? version = null, CancellationToken cancellationToken = default) =>
        http.OpenAsync($"{At(name, version)}/content?original=true", cancellationToken);

    /// <summary>
    /// Adds a version. The bytes of the newest version again give that version back, so a stream that can seek is retried. The stream is read to its end and
    /// left open.
    /// </summary>
    /// <param name="name">Letters, digits, <c>.</c>, <c>_</c>, <c>-</c>; at most 128 characters.</param>
    /// <param name="csv">CSV with a header row; how it is written is found out.</param>
    /// <param name="source">Where the bytes came from, at most 2,000 characters.</param>
    /// <param name="description">Free text, at most 5,000 characters.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<DatasetVersion> UploadAsync(string name, Stream csv, string? source = null, string? description = null, CancellationToken cancellationToken = default) =>
        UploadAsync(name, csv, new CsvOptions(), source, description, cancellationToken);

    /// <summary>Adds a version of a CSV whose delimiter, encoding and the like should not be found out.</summary>
    /// <param name="name">As above.</param>
    /// <param name="csv">CSV as <paramref name="options"/> says.</param>
    /// <param name="options">What is <see langword="null"/> in them is found out.</param>
    /// <param name="source">Where the bytes came from, at most 2,000 characters.</param>
    /// <param name="description">Free text, at most 5,000 characters.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<DatasetVersion> UploadAsync(
        string name, Stream csv, CsvOptions options, string? source = null, string? description = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(csv);
        var path = $"{At(name)}/versions{GatewayPath.Query(
            ("source", source),
            ("description", description),
            ("delimiter", options.Delimiter),
            ("decimal", options.Decimal),
            ("encoding", options.Encoding),
            ("header", Flag(options.Header)),
            ("columns", List("columns", options.Columns)),
            ("missing", List("missing", options.Missing)),
            ("trim", Flag(options.Trim)))}";

        // An empty list says that no word means missing; nothing says the usual words.
        path += options.Missing is { Count: 0 } ? (path.Contains('?', StringComparison.Ordinal) ? "&missing=" : "?missing=") : "";
        var call = new GatewayCall(HttpMethod.Post, path, csv.CanSeek ? Repeat.Always : Repeat.Never, StreamBody.Of(csv, "text/csv"), StreamsBody: true);
        return http.OnceAsync<DatasetVersion>(call, cancellationToken);
    }

    private static string? Flag(bool? value) => value is null ? null : value.Value ? "true" : "false";

    private static string? List(string field, IReadOnlyList<string>? items) => items?.Any(i => i.Contains(',', StringComparison.Ordinal)) == true
        ? throw MlopsException.Invalid(field, $"{field} holds an item with a comma, which cannot be sent.")
        : items is null ? null : string.Join(',', items);

    private static string At(string name) => $"{Root}/{GatewayPath.Segment("name", name)}";

    private static string At(string name, int? version) => $"{At(name)}/versions/{version?.ToString(CultureInfo.InvariantCulture) ?? "latest"}";
}
