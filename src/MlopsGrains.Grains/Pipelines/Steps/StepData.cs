using System.Text.Json;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Models;
using MlopsGrains.Grains.Pipelines.Training;
using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>What several steps do with data, blobs and tracked runs.</summary>
internal static class StepData
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<Table> ReadTable(StepContext context, string key, CancellationToken cancellationToken)
    {
        var digest = Names.CheckDigest("with." + key, context.With.Text(key));
        await using var stream = await context.Blobs.OpenReadAsync(digest, cancellationToken);
        return await StepContext.Compute(() => Table.ReadCsv(stream));
    }

    public static async Task<BlobRef> WriteTable(StepContext context, Table table, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        table.WriteCsv(buffer);
        buffer.Position = 0;
        return await context.Blobs.WriteAsync(buffer, Table.BytesMax, cancellationToken);
    }

    public static async Task<TrainedModel> LoadModel(StepContext context, ModelFileLoader files, string digest, LearningTask task, CancellationToken cancellationToken)
    {
        await using var stream = await context.Blobs.OpenReadAsync(digest, cancellationToken);
        var (label, positive) = (context.With.Text("label"), task == LearningTask.Binary ? context.With.Text("positive") : null);
        return await StepContext.Compute(() => TrainedModel.Load(files, stream, task, label, positive));
    }

    public static async Task PutArtifact(StepContext context, RunInfo run, string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var blob = await context.Blobs.WriteAsync(new MemoryStream(content.ToArray(), writable: false), Table.BytesMax, cancellationToken);
        await Directory(context, run).Put(path, blob, cancellationToken);
    }

    /// <summary>The directory that the run's artifact address leads to.</summary>
    public static IArtifactDirectoryGrain Directory(StepContext context, RunInfo run)
    {
        var root = ArtifactPath.FindAt("artifactUri", run.ArtifactUri)?.Root
            ?? throw new MlopsException(ErrorKind.NotSupported, $"Run '{run.RunId}' keeps its artifacts at '{run.ArtifactUri}', which is not this platform's store.");
        return context.Grains.GetGrain<IArtifactDirectoryGrain>(root);
    }

    public static Dictionary<string, double> Metrics(string field, JsonElement value)
    {
        try
        {
            var json = value.ValueKind == JsonValueKind.String ? JsonSerializer.Deserialize<JsonElement>(value.GetString()!) : value;
            return json.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble(), StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw MlopsException.Invalid(field, $"{field} must be an object of numbers.");
        }
    }
}
