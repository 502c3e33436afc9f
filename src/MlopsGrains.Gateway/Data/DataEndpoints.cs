using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Data;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Identity;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Data;

internal static class DataEndpoints
{
    private const string Latest = "latest";

    public static void MapData(this IEndpointRouteBuilder endpoints)
    {
        var data = endpoints.MapNative("Datasets");
        data.MapGet("/datasets", List).ShowsReadable().WithName("ListDatasets").WithSummary("Datasets by name.");
        data.MapGet("/datasets/{name}", Get).Requires(PermissionLevel.Read, AccessTarget.Dataset, "name").WithName("GetDataset").WithSummary("A dataset with its versions.");
        data.MapGet("/datasets/{name}/versions/{version}", GetVersion).Requires(PermissionLevel.Read, AccessTarget.Dataset, "name").WithName("GetDatasetVersion").WithSummary("A version, a number or 'latest', with schema and profile.");
        data.MapGet("/datasets/{name}/versions/{version}/content", Content).Requires(PermissionLevel.Read, AccessTarget.Dataset, "name").WithName("GetDatasetContent").WithSummary("A version's content, or with original=true the bytes as they were uploaded.");
        data.MapGet("/datasets/{name}/versions/{version}/rows", Rows).Requires(PermissionLevel.Read, AccessTarget.Dataset, "name").WithName("GetDatasetRows").WithSummary("Rows of a version in their order: after a row, at most limit (100; 1,000 at most), with text only those with a cell that holds it.");
        data.MapGet("/datasets/{name}/diff", Compare).Requires(PermissionLevel.Read, AccessTarget.Dataset, "name").WithName("CompareDatasetVersions").WithSummary("What differs from one version, the one before when left out, to another, the newest when left out: columns, types, and each column's distribution with its Jensen-Shannon distance.");
        data.MapPost("/datasets/{name}/versions", AddVersion).Requires(PermissionLevel.Edit, AccessTarget.Dataset, "name", orCreates: true).WithName("AddDatasetVersion").CreatesOnce(knownByKey: true)
            .WithSummary("Uploads CSV (text/csv) as the next version; how it is written is found out, or said by delimiter, decimal, encoding, header, columns, missing and trim.")
            .Accepts<Stream>("text/csv", "*/*").WithBodyLimit(BodyLimit.Dataset)
            .WithExample("sepal_length_cm,kind\n5.1,setosa\n7.0,versicolor\n");
    }

    private static async Task<Ok<Page<Dataset>>> List(IGrainFactory grains, HttpContext context, CancellationToken cancellationToken, int limit = 100, string? pageToken = null) =>
        TypedResults.Ok(await CatalogPages.Read(context, PermissionKind.Dataset, CatalogKinds.Datasets, limit, pageToken, n => grains.GetGrain<IDatasetGrain>(n).Get(cancellationToken), cancellationToken));

    private static async Task<Ok<Dataset>> Get(string name, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).Get(cancellationToken) ?? throw MlopsException.NotFound("Dataset", name));

    private static async Task<Ok<DatasetVersion>> GetVersion(string name, string version, IGrainFactory grains, CancellationToken cancellationToken) =>
        TypedResults.Ok(await At(grains, name).GetVersion(Number(version), cancellationToken));

    private static async Task<FileStreamHttpResult> Content(string name, string version, IGrainFactory grains, IBlobs blobs, CancellationToken cancellationToken, bool original = false)
    {
        var found = await At(grains, name).GetVersion(Number(version), cancellationToken);
        return TypedResults.Stream(await blobs.OpenReadAsync(original ? found.Original?.Digest ?? found.Digest : found.Digest, cancellationToken), "text/csv", $"{name}-{found.Version.ToString(CultureInfo.InvariantCulture)}.csv");
    }

    private static async Task<Ok<DatasetRows>> Rows(string name, string version, IGrainFactory grains, CancellationToken cancellationToken, long after = 0, int limit = 100, string? text = null) =>
        TypedResults.Ok(await At(grains, name).GetRows(Number(version), new DatasetRowQuery(after, limit, text), cancellationToken));

    private static async Task<Ok<DatasetDifference>> Compare(string name, IGrainFactory grains, CancellationToken cancellationToken, string? from = null, string to = Latest) =>
        TypedResults.Ok(await At(grains, name).Compare(from is null ? null : Number(from, "from"), Number(to, "to"), cancellationToken));

    private static async Task<Created<DatasetVersion>> AddVersion(
        string name,
        HttpRequest request,
        [AsParameters] CsvQuery csv,
        IGrainFactory grains,
        IBlobs blobs,
        IOptions<GatewayOptions> options,
        CancellationToken cancellationToken,
        string? source = null,
        string? description = null)
    {
        var dataset = At(grains, name);
        var blob = await blobs.WriteAsync(request.Body, options.Value.DatasetBytesMax, cancellationToken);
        var version = await request.HttpContext.OwnIfNewAsync(
            PermissionKind.Dataset, name, () => dataset.AddVersion(new NewDatasetVersion(blob.Digest, blob.Length, source, description, csv.Options()), cancellationToken), v => v.Version == 1);
        return TypedResults.Created($"/api/v1/datasets/{name}/versions/{version.Version.ToString(CultureInfo.InvariantCulture)}", version);
    }

    private static IDatasetGrain At(IGrainFactory grains, string name) => grains.GetGrain<IDatasetGrain>(Names.Check("name", name));

    private static int? Number(string version, string field = "version") =>
        version == Latest ? null
        : int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw MlopsException.Invalid(field, $"{field} is '{version}'; expected a number or '{Latest}'.");
}
