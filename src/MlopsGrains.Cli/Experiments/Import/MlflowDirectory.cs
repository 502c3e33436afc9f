using System.Globalization;
using System.Runtime.CompilerServices;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using YamlDotNet.RepresentationModel;

namespace MlopsGrains.Cli.Experiments.Import;

/// <summary>
/// MLflow's file store, as its <c>FileStore</c> writes it:
/// <code>
/// mlruns/&lt;experiment id&gt;/meta.yaml              name, experiment_id, lifecycle_stage, …
/// mlruns/&lt;experiment id&gt;/tags/&lt;key&gt;
/// mlruns/&lt;experiment id&gt;/&lt;run id&gt;/meta.yaml     run_id, run_name, user_id, status (1–5), start_time, end_time, lifecycle_stage, artifact_uri
/// mlruns/&lt;experiment id&gt;/&lt;run id&gt;/metrics/&lt;key&gt;  one line a point: timestamp value step; a key with slashes is a path
/// mlruns/&lt;experiment id&gt;/&lt;run id&gt;/params/&lt;key&gt;   the value
/// mlruns/&lt;experiment id&gt;/&lt;run id&gt;/tags/&lt;key&gt;     the value
/// mlruns/&lt;experiment id&gt;/&lt;run id&gt;/artifacts/…
/// mlruns/&lt;experiment id&gt;/&lt;run id&gt;/inputs/&lt;id&gt;/meta.yaml   source_type: DATASET, source_id: a dataset's, tags
/// mlruns/&lt;experiment id&gt;/&lt;run id&gt;/inputs/&lt;model id&gt;/meta.yaml, outputs/&lt;model id&gt;/meta.yaml   destination_id: the logged model's, step
/// mlruns/&lt;experiment id&gt;/models/&lt;model id&gt;/meta.yaml    model_id, name, model_type, source_run_id, status (1–3), lifecycle_stage
/// mlruns/&lt;experiment id&gt;/models/&lt;model id&gt;/params/…, tags/…, artifacts/…, metrics/&lt;key&gt;   one line a point: timestamp value step run [dataset digest]
/// mlruns/&lt;experiment id&gt;/datasets/&lt;id&gt;/meta.yaml          name, digest, source_type, source, schema, profile
/// mlruns/models/&lt;name&gt;/meta.yaml, version-&lt;n&gt;/meta.yaml, aliases/&lt;alias&gt;, tags/&lt;key&gt;
/// </code>
/// </summary>
internal sealed class MlflowDirectory : IMlflowSource
{
    private const string Meta = "meta.yaml";
    private const string Models = "models";

    private readonly string root;

    public MlflowDirectory(string directory)
    {
        root = Path.GetFullPath(directory);
        if (!Directory.Exists(root))
        {
            throw new DirectoryNotFoundException($"There is no directory '{root}'.");
        }
    }

    public string Name => $"file:{root}";

    public async IAsyncEnumerable<SourceExperiment> ExperimentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var directory in Children(root).Where(d => Path.GetFileName(d) is not (Models or ".trash")))
        {
            if (await ReadMetaAsync(directory, cancellationToken) is { } meta && meta.TryGetValue("name", out var name) && IsActive(meta))
            {
                yield return new SourceExperiment(Path.GetFileName(directory), name, await ReadPairsAsync(Path.Combine(directory, "tags"), cancellationToken));
            }
        }
    }

    public async IAsyncEnumerable<SourceRun> RunsAsync(string experimentId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var directory in Children(Path.Combine(root, experimentId)))
        {
            var meta = await ReadMetaAsync(directory, cancellationToken);
            if (meta is null || !IsActive(meta) || (meta.GetValueOrDefault("run_id") ?? meta.GetValueOrDefault("run_uuid")) is not { } id)
            {
                continue; // tags, traces and the like.
            }

            yield return new SourceRun(
                id,
                meta.GetValueOrDefault("run_name", ""),
                meta.GetValueOrDefault("user_id", ""),
                Status(meta, directory),
                Whole(meta, "start_time", directory) ?? 0,
                Whole(meta, "end_time", directory),
                await ReadPairsAsync(Path.Combine(directory, "params"), cancellationToken),
                await ReadPairsAsync(Path.Combine(directory, "tags"), cancellationToken),
                [.. Files(Path.Combine(directory, "metrics")).Select(f => f.Path)],
                directory);
        }
    }

    public async Task<SourceLinks> LinksAsync(SourceRun run, CancellationToken cancellationToken)
    {
        var (datasets, inputs, outputs) = (new List<DatasetInput>(), new List<string>(), new List<ModelOutput>());
        foreach (var directory in Children(Path.Combine(run.ArtifactUri, "outputs")))
        {
            if (await ReadMetaAsync(directory, cancellationToken) is { } output && output.TryGetValue("destination_id", out var made))
            {
                outputs.Add(new ModelOutput(made, Whole(output, "step", directory) ?? 0));
            }
        }

        foreach (var directory in Children(Path.Combine(run.ArtifactUri, "inputs")))
        {
            if (await ReadYamlAsync(directory, cancellationToken) is not { } input)
            {
                continue;
            }

            var meta = Scalars(input);
            if (meta.GetValueOrDefault("destination_type") == "MODEL_INPUT" && meta.TryGetValue("destination_id", out var read))
            {
                inputs.Add(read);
            }

            if (meta.GetValueOrDefault("source_type") != "DATASET" || !meta.TryGetValue("source_id", out var id))
            {
                continue;
            }

            var path = Path.Combine(Path.GetDirectoryName(run.ArtifactUri)!, "datasets", id);
            var dataset = id.AsSpan().ContainsAny('/', '\\') ? null : await ReadMetaAsync(path, cancellationToken);
            if (dataset is null)
            {
                throw MlopsException.Invalid("inputs", $"{Path.Combine(directory, Meta)} names dataset '{id}', which is not in {Path.GetDirectoryName(path)}.");
            }

            var tags = input.Children.TryGetValue(new YamlScalarNode("tags"), out var given) && given is YamlMappingNode mapping ? Scalars(mapping) : [];
            datasets.Add(new DatasetInput(
                dataset.GetValueOrDefault("name", ""), dataset.GetValueOrDefault("digest", ""), dataset.GetValueOrDefault("source_type", ""), dataset.GetValueOrDefault("source", ""),
                dataset.GetValueOrDefault("schema"), dataset.GetValueOrDefault("profile"), [.. tags.Select(t => new Tag(t.Key, t.Value))]));
        }

        return new SourceLinks(datasets, inputs, outputs);
    }

    public async IAsyncEnumerable<SourcePoint> PointsAsync(SourceRun run, string key, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (_, point) in LinesAsync(Path.Combine(run.ArtifactUri, "metrics", key), cancellationToken))
        {
            yield return point;
        }
    }

    public async IAsyncEnumerable<SourceFile> FilesAsync(SourceFiles of, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var file in Files(Path.Combine(of.ArtifactUri, "artifacts")))
        {
            yield return file;
        }

        await Task.CompletedTask;
    }

    public Task<Stream> OpenAsync(SourceFiles of, string path, CancellationToken cancellationToken) =>
        Task.FromResult<Stream>(File.OpenRead(Path.Combine(of.ArtifactUri, "artifacts", path)));

    public async IAsyncEnumerable<SourceLoggedModel> LoggedModelsAsync(string experimentId, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var directory in Children(Path.Combine(root, experimentId, Models)))
        {
            if (await ReadMetaAsync(directory, cancellationToken) is { } meta && meta.TryGetValue("model_id", out var id) && IsActive(meta))
            {
                yield return new SourceLoggedModel(
                    id,
                    meta.GetValueOrDefault("name", ""),
                    meta.GetValueOrDefault("model_type", ""),
                    meta.GetValueOrDefault("source_run_id", ""),
                    MlflowServer.StatusOf(meta.GetValueOrDefault("status", "")),
                    await ReadPairsAsync(Path.Combine(directory, "params"), cancellationToken),
                    await ReadPairsAsync(Path.Combine(directory, "tags"), cancellationToken),
                    await ReadModelPointsAsync(Path.Combine(directory, "metrics"), cancellationToken),
                    directory);
            }
        }
    }

    public async IAsyncEnumerable<SourceModel> ModelsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var directory in Children(Path.Combine(root, Models)))
        {
            if (await ReadMetaAsync(directory, cancellationToken) is not { } meta || !meta.TryGetValue("name", out var name))
            {
                continue;
            }

            var versions = new List<SourceModelVersion>();
            foreach (var versionDirectory in Children(directory).Where(d => Path.GetFileName(d).StartsWith("version-", StringComparison.Ordinal)))
            {
                if (await ReadMetaAsync(versionDirectory, cancellationToken) is { } version && Whole(version, "version", versionDirectory) is { } number)
                {
                    versions.Add(new SourceModelVersion(
                        (int)number, version.GetValueOrDefault("source", ""), version.GetValueOrDefault("run_id"), version.GetValueOrDefault("description"),
                        version.GetValueOrDefault("current_stage"), await ReadPairsAsync(Path.Combine(versionDirectory, "tags"), cancellationToken)));
                }
            }

            var aliases = (await ReadPairsAsync(Path.Combine(directory, "aliases"), cancellationToken))
                .Select(a => (Alias: a.Key, Version: WholeNumber.Read(a.Value.Trim(), "version", () => Path.Combine(directory, "aliases", a.Key))))
                .Where(a => a.Version is not null).ToDictionary(a => a.Alias, a => (int)a.Version!.Value);
            yield return new SourceModel(
                name, meta.GetValueOrDefault("description"), await ReadPairsAsync(Path.Combine(directory, "tags"), cancellationToken), [.. versions.OrderBy(v => v.Version)], aliases);
        }
    }

    public void Dispose()
    {
    }

    /// <summary>MLflow writes numbers as Python prints them.</summary>
    internal static double? Number(string text) => text switch
    {
        "nan" => double.NaN,
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null,
    };

    /// <summary>The points of a metric's file, with all cells of their lines: old files have no step; new ones may name more behind it.</summary>
    private static async IAsyncEnumerable<(string[] Cells, SourcePoint Point)> LinesAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var line = 0;
        await foreach (var text in File.ReadLinesAsync(path, cancellationToken))
        {
            line++;
            var cells = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (cells.Length == 0)
            {
                continue;
            }

            if (cells.Length < 2 || WholeNumber.TryRead(cells[0]) is not { } timestamp || Number(cells[1]) is not { } value)
            {
                throw MlopsException.Invalid("metrics", $"{path}:{line} must be written 'timestamp value step'; it is '{text}'.");
            }

            yield return (cells, new SourcePoint(value, timestamp, WholeNumber.Read(cells.ElementAtOrDefault(2), "step", () => $"{path}:{line}") ?? 0));
        }
    }

    private static async Task<IReadOnlyList<SourceModelPoint>> ReadModelPointsAsync(string directory, CancellationToken cancellationToken)
    {
        var points = new List<SourceModelPoint>();
        foreach (var file in Files(directory))
        {
            await foreach (var (cells, point) in LinesAsync(Path.Combine(directory, file.Path), cancellationToken))
            {
                points.Add(new SourceModelPoint(file.Path, point, cells.ElementAtOrDefault(3) ?? "", cells.ElementAtOrDefault(4) ?? "", cells.ElementAtOrDefault(5) ?? ""));
            }
        }

        return points;
    }

    private static long? Whole(Dictionary<string, string> meta, string name, string directory) => WholeNumber.Read(meta.GetValueOrDefault(name), name, () => Path.Combine(directory, Meta));

    private static RunStatus Status(Dictionary<string, string> meta, string directory) => Whole(meta, "status", directory) switch
    {
        null => RunStatus.Running,
        >= 1 and <= 5 and var status => (RunStatus)status,
        var status => throw MlopsException.Invalid("status", $"{Path.Combine(directory, Meta)}: status is {status}; expected 1 to 5."),
    };

    private static bool IsActive(Dictionary<string, string> meta) => meta.GetValueOrDefault("lifecycle_stage", "active") == "active";

    private static IEnumerable<string> Children(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateDirectories(directory).Order(StringComparer.Ordinal) : [];

    /// <summary>Files below a directory by their path in it, with slashes. Links are not followed: what they point at is not the run's.</summary>
    private static IEnumerable<SourceFile> Files(string directory) => !Directory.Exists(directory) ? [] : new DirectoryInfo(directory)
        .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Select(f => new SourceFile(Path.GetRelativePath(directory, f.FullName).Replace('\\', '/'), f.Length))
        .OrderBy(f => f.Path, StringComparer.Ordinal);

    private static async Task<IReadOnlyList<Tag>> ReadPairsAsync(string directory, CancellationToken cancellationToken)
    {
        var pairs = new List<Tag>();
        foreach (var file in Files(directory))
        {
            pairs.Add(new Tag(file.Path, await File.ReadAllTextAsync(Path.Combine(directory, file.Path), cancellationToken)));
        }

        return pairs;
    }

    /// <summary>The scalars of a <c>meta.yaml</c>; <see langword="null"/> when there is none.</summary>
    private static async Task<Dictionary<string, string>?> ReadMetaAsync(string directory, CancellationToken cancellationToken) =>
        await ReadYamlAsync(directory, cancellationToken) is { } mapping ? Scalars(mapping) : null;

    private static Dictionary<string, string> Scalars(YamlMappingNode mapping) => mapping.Children
        .Where(c => c.Value is YamlScalarNode { Value: not (null or "null" or "~") })
        .ToDictionary(c => c.Key.ToString(), c => ((YamlScalarNode)c.Value).Value!);

    private static async Task<YamlMappingNode?> ReadYamlAsync(string directory, CancellationToken cancellationToken)
    {
        var path = Path.Combine(directory, Meta);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var yaml = new YamlStream();
            using var text = new StringReader(await File.ReadAllTextAsync(path, cancellationToken));
            yaml.Load(text);
            return yaml.Documents is [{ RootNode: YamlMappingNode mapping }] ? mapping : [];
        }
        catch (YamlDotNet.Core.YamlException e)
        {
            throw MlopsException.Invalid("meta.yaml", $"{path} cannot be read: {e.Message}");
        }
    }
}
