using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Client;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments.Import;

/// <summary>What an import did, or would do.</summary>
/// <param name="Source">Where it read.</param>
/// <param name="DryRun">Whether nothing was written.</param>
/// <param name="Experiments">Experiments that were looked at.</param>
/// <param name="Runs">Runs that were imported, or finished after an import that broke off.</param>
/// <param name="Unchanged">Runs that were there already.</param>
/// <param name="Points">Metric points that were sent.</param>
/// <param name="Files">Artifacts that were stored.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="LoggedModels">Logged models that were imported.</param>
/// <param name="ModelVersions">Model versions that were registered.</param>
/// <param name="Failures">What could not be imported, with the reason.</param>
internal sealed record ImportReport(
    string Source, bool DryRun, int Experiments, int Runs, int Unchanged, long Points, int Files, long Bytes, int LoggedModels, int ModelVersions, IReadOnlyList<string> Failures);

/// <summary>
/// Copies experiments, runs and registered models. Each imported run carries where it came from, and once it is whole, in which state its source was: so a second
/// import passes over it, a broken one goes on with it, and a source run that went on since is brought up to date. Repeated points are stored once by the platform.
/// </summary>
internal sealed class MlflowImport(IMlflowSource source, MlopsGrainsClient target, MlflowServer registry, bool dryRun, Action<string, double> progress)
{
    /// <summary>Tag of an imported run: where it came from.</summary>
    public const string SourceTag = "mlops.import.source";

    /// <summary>Tag of an imported run: its id there.</summary>
    public const string RunTag = "mlops.import.runId";

    /// <summary>Tag of an imported run that is whole: the source's status and end time then.</summary>
    public const string StateTag = "mlops.import.state";

    private const int LivesMax = 100;
    private const int DatasetsAtOnce = 100;
    private const int PointsAtOnce = 1000;

    /// <summary>Registered versions of a logged model; the platform writes its own.</summary>
    private const string VersionsTag = "mlflow.modelVersions";

    private const string ParentTag = ActiveRun.ParentTag;

    private readonly Dictionary<string, string> targetOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> modelOf = new(StringComparer.Ordinal);
    private readonly List<string> failures = [];
    private int experiments;
    private int runs;
    private int unchanged;
    private long points;
    private int files;
    private long bytes;
    private int loggedModels;
    private int modelVersions;

    /// <param name="only">Names of experiments; all when empty.</param>
    /// <param name="withArtifacts">Whether files are copied.</param>
    /// <param name="cancellationToken">Ends the import, which can be taken up again.</param>
    public async Task<ImportReport> RunAsync(IReadOnlyCollection<string> only, bool withArtifacts, CancellationToken cancellationToken)
    {
        if (source.Name == registry.Name)
        {
            throw MlopsException.Invalid("uri", $"{source.Name} is the platform itself; it cannot be imported into itself.");
        }

        foreach (var name in only.Except(await source.ExperimentsAsync(cancellationToken).Select(e => e.Name).ToListAsync(cancellationToken)))
        {
            failures.Add($"experiment '{name}': there is none of this name at {source.Name}");
        }

        await foreach (var experiment in source.ExperimentsAsync(cancellationToken).Where(e => only.Count == 0 || only.Contains(e.Name)))
        {
            experiments++;
            await TryAsync($"experiment '{experiment.Name}'", () => ImportAsync(experiment, withArtifacts, cancellationToken));
        }

        await TryAsync("registered models", () => ImportModelsAsync(only.Count > 0, cancellationToken));
        return new ImportReport(source.Name, dryRun, experiments, runs, unchanged, points, files, bytes, loggedModels, modelVersions, failures);
    }

    private async Task ImportAsync(SourceExperiment experiment, bool withArtifacts, CancellationToken cancellationToken)
    {
        var home = await target.Experiments.FindByNameAsync(experiment.Name, cancellationToken);
        if (!dryRun)
        {
            home = await HomeAsync(home is null, experiment, cancellationToken);
        }

        // Heads first, so that a child finds its parent whatever their order.
        var known = home is null ? [] : await KnownAsync(home.ExperimentId, cancellationToken);
        var todo = new List<SourceRun>();
        await foreach (var run in source.RunsAsync(experiment.Id, cancellationToken))
        {
            if (known.TryGetValue(run.Id, out var there))
            {
                targetOf[run.Id] = there.RunId;
            }
            else if (!dryRun)
            {
                await TryAsync($"run {run.Id}", async () => targetOf[run.Id] = await CreateAsync(home!.ExperimentId, run, cancellationToken));
            }

            if (there.State == StateOf(run))
            {
                unchanged++;
            }
            else if (dryRun || targetOf.ContainsKey(run.Id))
            {
                todo.Add(run);
            }
        }

        await ImportLoggedModelsAsync(experiment, home, withArtifacts, cancellationToken);
        for (var i = 0; i < todo.Count; i++)
        {
            progress($"{experiment.Name}: run {i + 1} of {todo.Count}", (double)i / todo.Count);
            await TryAsync($"run {todo[i].Id}", () => FillAsync(todo[i], withArtifacts, cancellationToken));
        }

        progress($"{experiment.Name}: {todo.Count} runs", 1);
    }

    private async Task<Experiment> HomeAsync(bool isNew, SourceExperiment experiment, CancellationToken cancellationToken)
    {
        if (isNew)
        {
            try
            {
                return await target.Experiments.CreateAsync(new NewExperiment(experiment.Name, Tags: experiment.Tags), cancellationToken);
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
            {
                // Another import was faster.
            }
        }

        return await target.Experiments.GetOrCreateAsync(experiment.Name, cancellationToken);
    }

    /// <summary>Between the heads of the runs, which made them, and the rest of the runs, which name them.</summary>
    private async Task ImportLoggedModelsAsync(SourceExperiment experiment, Experiment? home, bool withArtifacts, CancellationToken cancellationToken)
    {
        // Two imports at once may have made one twice; one of them is gone on with, as with runs.
        var known = new Dictionary<string, SourceLoggedModel>(StringComparer.Ordinal);
        await foreach (var imported in home is null ? AsyncEnumerable.Empty<SourceLoggedModel>() : registry.SearchLoggedModelsAsync(home.ExperimentId, FromHere, cancellationToken))
        {
            if (ValueOf(imported.Tags, RunTag) is { } id)
            {
                known[id] = imported;
            }
        }

        await foreach (var model in source.LoggedModelsAsync(experiment.Id, cancellationToken))
        {
            var there = known.GetValueOrDefault(model.Id);
            if (there is not null)
            {
                modelOf[model.Id] = there.Id;
            }

            if (ValueOf(there?.Tags ?? [], StateTag) != model.Status.ToString())
            {
                progress($"{experiment.Name}: logged model {model.Name}", 0);
                await TryAsync($"logged model {model.Id}", () => ImportAsync(model, there, home?.ExperimentId, withArtifacts, cancellationToken));
            }
        }
    }

    private async Task ImportAsync(SourceLoggedModel model, SourceLoggedModel? there, string? experimentId, bool withArtifacts, CancellationToken cancellationToken)
    {
        if (!dryRun)
        {
            there ??= await CreateAsync(experimentId!, model, cancellationToken);
            if (there is null)
            {
                return;
            }

            modelOf[model.Id] = there.Id;
            foreach (var batch in model.Points.Where(p => targetOf.ContainsKey(p.RunId)).GroupBy(p => p.RunId).SelectMany(run => run.Chunk(PointsAtOnce)))
            {
                await registry.CallAsync("runs/log-batch", new { run_id = targetOf[batch[0].RunId], metrics = batch.Select(p => Metric(p, there.Id)) }, cancellationToken);
            }
        }

        if (withArtifacts)
        {
            var stored = dryRun ? [] : await registry.FilesAsync(there!.Files, cancellationToken).ToDictionaryAsync(f => f.Path, f => f.Length, cancellationToken: cancellationToken);
            await CopyFilesAsync(model.Files, stored, (path, content) => registry.UploadAsync(there!.ArtifactUri, path, content, cancellationToken), cancellationToken);
        }

        loggedModels++;
        if (!dryRun)
        {
            if (model.Status != LoggedModelStatus.Pending)
            {
                var status = model.Status == LoggedModelStatus.Ready ? "LOGGED_MODEL_READY" : "LOGGED_MODEL_UPLOAD_FAILED";
                await registry.CallAsync($"logged-models/{there!.Id}", new { status }, cancellationToken, verb: HttpMethod.Patch);
            }

            await registry.CallAsync($"logged-models/{there!.Id}/tags", new { tags = Json([new Tag(StateTag, model.Status.ToString())]) }, cancellationToken, verb: HttpMethod.Patch);
        }
    }

    /// <summary><see langword="null"/> when it was imported before and is deleted here, as long as it can be seen among the deleted.</summary>
    private Task<SourceLoggedModel?> CreateAsync(string experimentId, SourceLoggedModel model, CancellationToken cancellationToken)
    {
        var run = targetOf.GetValueOrDefault(model.RunId, "");
        var body = new
        {
            experiment_id = experimentId,
            name = model.Name,
            model_type = model.Type,
            source_run_id = run,
            @params = Json(model.Params),
            tags = Json([.. model.Tags.Where(t => t.Key != VersionsTag), new Tag(SourceTag, source.Name), new Tag(RunTag, model.Id)]),
        };
        return OnceAsync<SourceLoggedModel?>([experimentId, source.Name, model.Id, run], async key =>
        {
            var created = (await registry.CallAsync("logged-models", body, cancellationToken, onceKey: key)).GetProperty("model").GetProperty("info");
            var there = model with { Id = created.GetProperty("model_id").GetString()!, ArtifactUri = created.GetProperty("artifact_uri").GetString()! };
            try
            {
                await registry.LookAsync($"logged-models/{there.Id}", cancellationToken);
                return there;
            }
            catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
            {
                await registry.LookAsync($"logged-models/{there.Id}?allow_deleted=true", cancellationToken);
                return null;
            }
        });
    }

    /// <summary>JSON has no number for what is not finite.</summary>
    private static object Metric(SourceModelPoint p, string modelId) => new
    {
        key = p.Key,
        value = double.IsFinite(p.Point.Value) ? p.Point.Value : (object)p.Point.Value.ToString(CultureInfo.InvariantCulture),
        timestamp = p.Point.Timestamp,
        step = p.Point.Step,
        model_id = modelId,
        dataset_name = p.DatasetName,
        dataset_digest = p.DatasetDigest,
    };

    private static object Json(IEnumerable<Tag> pairs) => pairs.Select(t => new { key = t.Key, value = t.Value });

    /// <summary>A filter for what was imported from this source.</summary>
    private string FromHere
    {
        get
        {
            var quote = source.Name.Contains('\'', StringComparison.Ordinal) ? '"' : '\'';
            return $"tags.`{SourceTag}` = {quote}{source.Name}{quote}";
        }
    }

    private async Task<Dictionary<string, (string RunId, string? State)>> KnownAsync(string experimentId, CancellationToken cancellationToken)
    {
        var known = new Dictionary<string, (string, string?)>(StringComparer.Ordinal);
        await foreach (var run in target.Runs.SearchAsync(experimentId, FromHere, view: LifecycleView.All, cancellationToken: cancellationToken))
        {
            if (ValueOf(run.Tags, RunTag) is { } id)
            {
                known[id] = (run.Info.RunId, ValueOf(run.Tags, StateTag));
            }
        }

        return known;
    }

    private Task<string> CreateAsync(string experimentId, SourceRun run, CancellationToken cancellationToken)
    {
        var name = run.Name.Length > 0 ? run.Name : ValueOf(run.Tags, "mlflow.runName");
        var wanted = new NewRun(experimentId, name, run.User, run.Start, [new Tag(SourceTag, source.Name), new Tag(RunTag, run.Id)]);
        return OnceAsync([experimentId, source.Name, run.Id], async key =>
        {
            var created = await target.Runs.CreateAsync(wanted, key, cancellationToken);
            return (await target.Runs.GetAsync(created.Info.RunId, cancellationToken)).Info.RunId;
        });
    }

    /// <summary>
    /// Two imports of a source at once make one of each thing: they create under one key. What was created under it and is gone since is passed over, so that
    /// it can be imported again.
    /// </summary>
    /// <param name="identity">What the thing is.</param>
    /// <param name="create">Creates under a key, and throws not found when what that gave is gone.</param>
    private static async Task<T> OnceAsync<T>(string[] identity, Func<string, Task<T>> create)
    {
        for (var life = 1; ; life++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{string.Join('\n', identity)}\n{life}");
            try
            {
                return await create(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
            }
            catch (MlopsException e) when (e.Kind is ErrorKind.Conflict or ErrorKind.NotFound && life < LivesMax)
            {
            }
        }
    }

    private async Task FillAsync(SourceRun run, bool withArtifacts, CancellationToken cancellationToken)
    {
        runs++;
        if (dryRun)
        {
            if (withArtifacts)
            {
                await CopyFilesAsync(run.Files, [], (_, _) => Task.CompletedTask, cancellationToken);
            }

            return;
        }

        var id = targetOf[run.Id];
        var writer = new RunWriter(target, id);
        await writer.SendParamsAsync(run.Params, cancellationToken);
        await writer.SendTagsAsync([.. run.Tags.Select(Mapped)], cancellationToken);
        await SendLinksAsync(run, id, cancellationToken);
        foreach (var key in run.MetricKeys)
        {
            await foreach (var point in source.PointsAsync(run, key, cancellationToken))
            {
                await writer.AddAsync(key, point, cancellationToken);
                points++;
            }
        }

        await writer.FlushAsync(cancellationToken);
        if (withArtifacts)
        {
            await CopyFilesAsync(run.Files, await FilesThereAsync(id, cancellationToken), (path, content) => target.Runs.UploadArtifactAsync(id, path, content, cancellationToken), cancellationToken);
        }

        await target.Runs.UpdateAsync(id, new RunUpdate(run.Status, run.End), cancellationToken);
        await writer.SendTagsAsync([new Tag(StateTag, StateOf(run))], cancellationToken);
    }

    private async Task SendLinksAsync(SourceRun run, string id, CancellationToken cancellationToken)
    {
        var links = await source.LinksAsync(run, cancellationToken);
        var read = links.ModelInputs.Where(modelOf.ContainsKey).Select(m => new { model_id = modelOf[m] }).ToList();
        if (read.Count > 0)
        {
            await registry.CallAsync("runs/log-inputs", new { run_id = id, models = read }, cancellationToken);
        }

        var made = links.ModelOutputs.Where(m => modelOf.ContainsKey(m.ModelId)).Select(m => new { model_id = modelOf[m.ModelId], step = m.Step }).ToList();
        if (made.Count > 0)
        {
            await registry.CallAsync("runs/outputs", new { run_id = id, models = made }, cancellationToken);
        }

        foreach (var batch in links.Datasets.Chunk(DatasetsAtOnce))
        {
            var datasets = batch.Select(d => new
            {
                dataset = new { name = d.Name, digest = d.Digest, source_type = d.SourceType, source = d.Source, schema = d.Schema, profile = d.Profile },
                tags = Json(d.Tags),
            });
            await registry.CallAsync("runs/log-inputs", new { run_id = id, datasets }, cancellationToken);
        }
    }

    /// <param name="from">Whose files.</param>
    /// <param name="there">Files that the target has, with their lengths.</param>
    /// <param name="upload">Stores a file there; not called by a dry run.</param>
    /// <param name="cancellationToken">Ends the copy.</param>
    private async Task CopyFilesAsync(SourceFiles from, Dictionary<string, long> there, Func<string, Stream, Task> upload, CancellationToken cancellationToken)
    {
        await foreach (var file in source.FilesAsync(from, cancellationToken))
        {
            if (there.TryGetValue(file.Path, out var length) && length == file.Length)
            {
                continue;
            }

            if (!dryRun)
            {
                await using var content = await source.OpenAsync(from, file.Path, cancellationToken);
                await upload(file.Path, content);
            }

            (files, bytes) = (files + 1, bytes + file.Length);
        }
    }

    private async Task<Dictionary<string, long>> FilesThereAsync(string id, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, long>(StringComparer.Ordinal);
        var directories = new Stack<string?>([null]);
        while (directories.TryPop(out var directory))
        {
            foreach (var entry in await target.Runs.ListArtifactsAsync(id, directory, cancellationToken))
            {
                var path = directory is null ? entry.Name : $"{directory}/{entry.Name}";
                if (entry.Blob is { } blob)
                {
                    found[path] = blob.Length;
                }
                else
                {
                    directories.Push(path);
                }
            }
        }

        return found;
    }

    /// <summary>A place without a registry has no models.</summary>
    private async Task ImportModelsAsync(bool onlyOfImportedRuns, CancellationToken cancellationToken)
    {
        List<SourceModel> models;
        try
        {
            models = await source.ModelsAsync(cancellationToken).ToListAsync(cancellationToken);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
        {
            return;
        }

        foreach (var model in models)
        {
            var versions = model.Versions.Where(v => !onlyOfImportedRuns || (v.RunId is not null && targetOf.ContainsKey(v.RunId))).ToList();
            if (versions.Count > 0)
            {
                await TryAsync($"model '{model.Name}'", () => ImportAsync(model with { Versions = versions }, cancellationToken));
            }
        }
    }

    /// <summary>Versions come behind those that are there, in the order in which they were made.</summary>
    private async Task ImportAsync(SourceModel model, CancellationToken cancellationToken)
    {
        var known = (await registry.VersionsAsync(model.Name, cancellationToken)).Select(v => ValueOf(v.Tags, SourceTag)).ToHashSet();
        var versions = model.Versions.Where(v => !known.Contains(OriginOf(model, v))).ToList();
        modelVersions += versions.Count;
        if (dryRun || versions.Count == 0)
        {
            return;
        }

        try
        {
            await registry.CallAsync("registered-models/create", new { name = model.Name, description = model.Description ?? "", tags = Json(model.Tags) }, cancellationToken);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.AlreadyExists)
        {
            // Its versions join those that are there.
        }

        var numbers = new Dictionary<int, string>();
        foreach (var version in versions)
        {
            var runId = version.RunId is { } id ? targetOf.GetValueOrDefault(id) : null;
            Tag[] tags = [.. version.Tags, new Tag(SourceTag, OriginOf(model, version))];
            var body = new { name = model.Name, source = SourceOf(version, runId), run_id = runId ?? "", description = version.Description ?? "", tags = Json(tags) };
            var number = await OnceAsync([model.Name, OriginOf(model, version), body.source], async key =>
            {
                var created = await registry.CallAsync("model-versions/create", body, cancellationToken, onceKey: key);
                var made = created.GetProperty("model_version").GetProperty("version").ToString();
                await registry.LookAsync($"model-versions/get?name={Uri.EscapeDataString(model.Name)}&version={made}", cancellationToken);
                return made;
            });
            numbers[version.Version] = number;
            if (version.Stage is { } stage && stage != "None")
            {
                await registry.CallAsync("model-versions/transition-stage", new { name = model.Name, version = number, stage, archive_existing_versions = false }, cancellationToken);
            }
        }

        foreach (var (alias, version) in model.Aliases.Where(a => numbers.ContainsKey(a.Value)))
        {
            await registry.CallAsync("registered-models/alias", new { name = model.Name, alias, version = numbers[version] }, cancellationToken);
        }
    }

    private string OriginOf(SourceModel model, SourceModelVersion version) => string.Create(CultureInfo.InvariantCulture, $"{source.Name}#{model.Name}/{version.Version}");

    /// <summary>A version whose files were copied with its run is found there; another one keeps its source as a note of where it was.</summary>
    private string SourceOf(SourceModelVersion version, string? runId)
    {
        const string Logged = "models:/";
        if (version.Source.StartsWith(Logged, StringComparison.Ordinal) && modelOf.TryGetValue(version.Source[Logged.Length..], out var model))
        {
            return Logged + model;
        }

        const string Artifacts = "/artifacts/";
        var at = version.RunId is null ? -1 : version.Source.IndexOf(version.RunId, StringComparison.Ordinal);
        if (runId is null || at < 0)
        {
            return version.Source;
        }

        var rest = version.Source[(at + version.RunId!.Length)..];
        return $"runs:/{runId}/{(rest.StartsWith(Artifacts, StringComparison.Ordinal) ? rest[Artifacts.Length..] : rest.TrimStart('/'))}";
    }

    /// <summary>What names another run names the imported one.</summary>
    private Tag Mapped(Tag tag) => tag.Key == ParentTag && targetOf.TryGetValue(tag.Value, out var parent) ? tag with { Value = parent } : tag;

    private static string StateOf(SourceRun run) => string.Create(CultureInfo.InvariantCulture, $"{run.Status} {run.End ?? 0}");

    private static string? ValueOf(IReadOnlyList<Tag> tags, string key) => tags.FirstOrDefault(t => t.Key == key)?.Value;

    /// <summary>One thing that is refused does not stop the others; a platform that is away does.</summary>
    private async Task TryAsync(string what, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (MlopsException e) when (e.Kind is not (ErrorKind.Unavailable or ErrorKind.Overloaded))
        {
            failures.Add($"{what}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            failures.Add($"{what}: {e.Message}");
        }
    }
}
