using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Trainers.FastTree;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Pipelines.Training;

namespace MlopsGrains.Grains.Pipelines.Steps;

/// <summary>The tracked run of one training attempt.</summary>
internal sealed class TrackedTraining(StepContext context, IRunGrain run, RunInfo info)
{
    private const int BatchMax = 1_000;

    public RunInfo Info => info;

    public static string CodeVersion { get; } =
        typeof(TrackedTraining).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static string Environment { get; } = JsonSerializer.Serialize(new
    {
        framework = RuntimeInformation.FrameworkDescription,
        os = RuntimeInformation.OSDescription,
        architecture = RuntimeInformation.ProcessArchitecture.ToString(),
        packages = new Dictionary<string, string>
        {
            ["Microsoft.ML"] = PackageVersion(typeof(MLContext)),
            ["Microsoft.ML.FastTree"] = PackageVersion(typeof(FastTreeBinaryTrainer)),
            ["MlopsGrains"] = CodeVersion,
        },
    });

    /// <summary>Creates the run of this attempt; the runs of earlier attempts that never ended are marked failed.</summary>
    public static async Task<TrackedTraining> Begin(StepContext context, string experiment, string runName, IReadOnlyList<Tag> tags, CancellationToken cancellationToken)
    {
        var experimentId = await Experiment(context, experiment, cancellationToken);
        for (var earlier = 1; earlier < context.Attempt; earlier++)
        {
            var old = context.Grains.GetGrain<IRunGrain>(RunId(context.Key, earlier));
            if (await old.Get(cancellationToken) is { Info.Status: RunStatus.Running })
            {
                await old.Update(new RunUpdate(RunStatus.Failed, context.Time.GetUtcNow().ToUnixTimeMilliseconds()), cancellationToken);
            }
        }

        var run = context.Grains.GetGrain<IRunGrain>(RunId(context.Key, context.Attempt));
        var created = await run.Create(new NewRun(experimentId, runName, $"pipeline/{context.Pipeline}", Tags: tags), cancellationToken);
        return new TrackedTraining(context, run, created.Info);
    }

    public Task Params(IEnumerable<(string Key, FormattableString Value)> values, CancellationToken cancellationToken) =>
        run.LogBatch(new RunBatch(MetricColumns.Empty, [.. values.Select(v => new Tag(v.Key, v.Value.ToString(CultureInfo.InvariantCulture)))], []), cancellationToken);

    public Task Input(DatasetInput input, CancellationToken cancellationToken) => run.LogInputs([input], [], cancellationToken);

    public async Task Points(IEnumerable<CurvePoint> points, CancellationToken cancellationToken)
    {
        foreach (var chunk in points.Chunk(BatchMax))
        {
            await run.LogBatch(new RunBatch(Columns(chunk, context.Time), [], []), cancellationToken);
        }
    }

    public static MetricColumns Columns(IReadOnlyList<CurvePoint> points, TimeProvider time)
    {
        var keys = points.Select(p => p.Metric).Distinct().ToArray();
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        return new MetricColumns(
            keys,
            [.. points.Select(p => Array.IndexOf(keys, p.Metric))],
            [.. points.Select(p => p.Value)],
            [.. points.Select(_ => now)],
            [.. points.Select(p => (long)p.Step)]);
    }

    public Task Artifact(string path, string text, CancellationToken cancellationToken) =>
        StepData.PutArtifact(context, info, path, Encoding.UTF8.GetBytes(text), cancellationToken);

    public Task Artifact(string path, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        StepData.PutArtifact(context, info, path, bytes, cancellationToken);

    public Task End(RunStatus status) => run.Update(new RunUpdate(status, context.Time.GetUtcNow().ToUnixTimeMilliseconds()), CancellationToken.None);

    private static string RunId(string key, int attempt) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key}/{attempt}"))).AsSpan(0, 16));

    private static async Task<string> Experiment(StepContext context, string name, CancellationToken cancellationToken)
    {
        var catalog = context.Grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);
        if (await catalog.FindByName(name, cancellationToken) is { } found)
        {
            return found.ExperimentId;
        }

        try
        {
            return (await catalog.Create(new NewExperiment(name), cancellationToken)).ExperimentId;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
        {
            // A candidate beside this one was first.
            return (await catalog.FindByName(name, cancellationToken) ?? throw TrackingErrors.NoExperimentNamed(name)).ExperimentId;
        }
    }

    private static string PackageVersion(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
