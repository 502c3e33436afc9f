using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Blobs;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Experiments.LoggedModels;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Experiments.Retention;

/// <summary>A step that was begun: it is written down before anything is removed and cleared when all of it is, and is in the audit chain.</summary>
internal sealed class RetentionDocument : StoredDocument
{
    public string? ExperimentId { get; set; }

    /// <summary>Runs to remove where they are due.</summary>
    public IReadOnlyList<string> RunIds { get; set; } = [];

    /// <summary>Logged models to remove where they are due.</summary>
    public IReadOnlyList<string> ModelIds { get; set; } = [];

    /// <summary>Whether the experiment, which has no runs left, goes too.</summary>
    public bool WithExperiment { get; set; }

    /// <summary>Unix milliseconds.</summary>
    public long DeletedBefore { get; set; }
}

/// <summary>
/// Walks experiment by experiment: its runs with the models that they logged, then its deleted models. A run or a model goes before its place in the index, an experiment before its place in the catalog, so that what a crash leaves half done is
/// still found; each part can be done twice.
/// </summary>
[GrainType("retention")]
internal sealed partial class RetentionGrain(
    [PersistentState("retention", MlopsStorage.Documents)] IPersistentState<RetentionDocument> document,
    IOptions<RetentionOptions> options,
    TimeProvider time,
    ILogger<RetentionGrain> logger) : DocumentGrain<RetentionDocument>(document), IRetentionGrain
{
    private const int ExperimentsPerStep = 100;
    private const int PurgedAtOnce = 16;
    private const int ModelsOfRunsMax = 1000;

    /// <summary>A dry run looks among so many for a registered one, which holds the experiment.</summary>
    private const int DryModelsMax = 50;

    private readonly List<string> skipped = [];

    private IExperimentCatalogGrain Catalog => GrainFactory.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main);

    public async Task<RetentionStep> Collect(RetentionRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var deletedFor = request.DeletedFor ?? options.Value.DeletedFor;
        if (deletedFor < TimeSpan.Zero || deletedFor > RetentionOptions.DeletedForMax)
        {
            throw MlopsException.Invalid("deletedFor", $"deletedFor is {deletedFor}; expected 0–3650 days.");
        }

        var before = time.GetUtcNow() - deletedFor;
        var place = request.PageToken == RetentionPlace.Blobs ? default : RetentionPlace.Read(request.PageToken);
        var step = new RetentionStep(request.DryRun, before, 0, 0, 0, null);
        skipped.Clear();
        if (!request.DryRun)
        {
            step = await Finish(step);
        }

        if (request.PageToken == RetentionPlace.Blobs)
        {
            var swept = await GrainFactory.GetGrain<IBlobSweepGrain>(0).Sweep(request.DryRun, cancellationToken);
            return step with
            {
                BlobsRemoved = swept.Removed, BlobBytesFreed = swept.BytesFreed, BlobCandidates = swept.Candidates, NextPageToken = swept.IsUnfinished ? RetentionPlace.Blobs : null,
            };
        }

        var left = options.Value.RunsPerStep;
        for (var visited = 0; visited < ExperimentsPerStep && left > 0; visited++)
        {
            if (await Catalog.NextFrom(place.Experiment, cancellationToken) is not { } experiment)
            {
                return step with { NextPageToken = RetentionPlace.Blobs };
            }

            var id = experiment.ExperimentId;
            var number = long.Parse(id, CultureInfo.InvariantCulture);
            var deletedBefore = before.ToUnixTimeMilliseconds();
            var isDue = ExperimentRules.IsDue(experiment, deletedBefore);
            var modelsAfter = number == place.Experiment ? place.ModelsAfter : null;
            if (modelsAfter is null)
            {
                var runs = await Search(id, LifecycleView.DeletedOnly, left, number == place.Experiment ? place.RunPage : null, cancellationToken);
                var runIds = runs.Items.Select(r => r.Info.RunId).ToList();
                left -= runIds.Count;
                var theirs = runIds.Count == 0 ? [] : await Models(id).OfRuns(runIds, ModelsOfRunsMax, cancellationToken);
                step = await Remove(step, new RetentionDocument { ExperimentId = id, RunIds = runIds, ModelIds = theirs, DeletedBefore = deletedBefore });
                if (runs.NextPageToken is { } next)
                {
                    return step with { NextPageToken = new RetentionPlace(number, next).ToString() };
                }
            }

            if (left == 0)
            {
                return step with { NextPageToken = new RetentionPlace(number, null, modelsAfter ?? "").ToString() };
            }

            var models = await Models(id).Retained(modelsAfter ?? "", left, isDue, cancellationToken);
            step = await Remove(step, new RetentionDocument { ExperimentId = id, ModelIds = models, DeletedBefore = deletedBefore });
            if (models.Count == left)
            {
                return step with { NextPageToken = new RetentionPlace(number, null, models[^1]).ToString() };
            }

            left -= models.Count;
            if (isDue && await IsEmpty(id, request.DryRun, cancellationToken))
            {
                step = await Remove(step, new RetentionDocument { ExperimentId = id, WithExperiment = true, DeletedBefore = deletedBefore });
            }

            place = new RetentionPlace(number + 1, null);
        }

        return step with { NextPageToken = place.ToString() };
    }

    private async Task<RetentionStep> Remove(RetentionStep step, RetentionDocument begun)
    {
        if (begun.RunIds.Count + begun.ModelIds.Count == 0 && !begun.WithExperiment)
        {
            return step;
        }

        if (step.DryRun)
        {
            var (dueRuns, dueModels) = (await PurgeRuns(begun, dryRun: true), await PurgeModels(begun, dryRun: true));
            return step with
            {
                Runs = step.Runs + dueRuns.Count, LoggedModels = step.LoggedModels + dueModels.Count, Experiments = step.Experiments + (begun.WithExperiment ? 1 : 0), Skipped = Skipped,
            };
        }

        await Write(begun);
        return await Finish(step);
    }

    /// <summary>Does what is written down, if anything is.</summary>
    private async Task<RetentionStep> Finish(RetentionStep step)
    {
        if (Document is not { ExperimentId: { } id } begun)
        {
            return step;
        }

        var gone = await PurgeRuns(begun, dryRun: false);
        foreach (var shard in gone.Keys.GroupBy(RunShards.Of))
        {
            await GrainFactory.RunIndexShard(id, shard.Key).Remove([.. shard]);
        }

        var models = await PurgeModels(begun, dryRun: false);
        if (models.Count > 0)
        {
            await Models(id).Remove([.. models.Keys]);
        }

        var experiments = begun.WithExperiment && await PurgeExperiment(id, begun.DeletedBefore) ? 1 : 0;
        var files = gone.Values.Sum() + models.Values.Sum();
        var told = new AuditEntry("retention.removed", $"experiment/{id}", new Dictionary<string, string>
        {
            ["runs"] = Number(gone.Count),
            ["loggedModels"] = Number(models.Count),
            ["artifactFiles"] = Number(files),
            ["experiments"] = Number(experiments),
            ["deletedBefore"] = Number(begun.DeletedBefore),
        });
        await Write(new RetentionDocument(), gone.Count + models.Count + experiments > 0 ? [told] : []);
        return step with
        {
            Runs = step.Runs + gone.Count, LoggedModels = step.LoggedModels + models.Count, ArtifactFiles = step.ArtifactFiles + files, Experiments = step.Experiments + experiments, Skipped = Skipped,
        };
    }

    /// <summary>The runs that went, or are due, with their artifact files.</summary>
    private Task<Dictionary<string, int>> PurgeRuns(RetentionDocument begun, bool dryRun) =>
        Purge("run", begun.RunIds, batch => Experiment(begun).PurgeRuns(batch, begun.DeletedBefore, dryRun));

    /// <inheritdoc cref="PurgeRuns"/>
    private Task<Dictionary<string, int>> PurgeModels(RetentionDocument begun, bool dryRun) =>
        Purge("logged model", begun.ModelIds, batch => Experiment(begun).PurgeModels(batch, begun.DeletedBefore, dryRun));

    private async Task<Dictionary<string, int>> Purge(string kind, IReadOnlyList<string> ids, Func<IReadOnlyList<string>, Task<IReadOnlyList<int?>>> purge)
    {
        var gone = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var batch in ids.Chunk(PurgedAtOnce))
        {
            foreach (var (id, files) in batch.Zip(await PurgeWhatCan(kind, batch, purge)).Where(one => one.Second is not null))
            {
                gone.Add(id, files!.Value);
            }
        }

        return gone;
    }

    /// <summary>What cannot be removed is left out and told; it must not keep the others, or every later step would fail at it.</summary>
    private async Task<IReadOnlyList<int?>> PurgeWhatCan(string kind, IReadOnlyList<string> ids, Func<IReadOnlyList<string>, Task<IReadOnlyList<int?>>> purge)
    {
        try
        {
            return await purge(ids);
        }
        catch (Exception e) when (!IsPassing(e))
        {
            if (ids is [var only])
            {
                NotRemoved(logger, kind, only, e);
                skipped.Add($"{kind} {only}: {e.Message}");
                return [null];
            }
        }

        var files = new List<int?>();
        foreach (var id in ids)
        {
            files.AddRange(await PurgeWhatCan(kind, [id], purge));
        }

        return files;
    }

    /// <summary>Silos that come and go, and a storage that is busy: the step is tried again as a whole.</summary>
    private static bool IsPassing(Exception e) =>
        e is TimeoutException or OrleansException or OperationCanceledException or MlopsException { Kind: ErrorKind.Unavailable or ErrorKind.Overloaded };

    private IReadOnlyList<string>? Skipped => skipped.Count == 0 ? null : [.. skipped.Take(RetentionStep.SkippedMax)];

    private IRetainedExperiment Experiment(RetentionDocument begun) => GrainFactory.GetGrain<IRetainedExperiment>(begun.ExperimentId!);

    private ILoggedModelIndexGrain Models(string experimentId) => GrainFactory.GetGrain<ILoggedModelIndexGrain>(experimentId);

    private async Task<bool> PurgeExperiment(string id, long deletedBefore)
    {
        if (!await GrainFactory.GetGrain<IRetainedExperiment>(id).Purge(deletedBefore))
        {
            return false;
        }

        await Task.WhenAll(GrainFactory.RunIndex(id).Select(shard => shard.Purge()));
        await Models(id).Purge();
        await Catalog.Remove(id);
        return true;
    }

    /// <summary>Nothing is left in it; for a dry run, nothing but what would go with it.</summary>
    private async Task<bool> IsEmpty(string id, bool dryRun, CancellationToken cancellationToken)
    {
        var runs = await Search(id, dryRun ? LifecycleView.ActiveOnly : LifecycleView.All, 1, null, cancellationToken);
        var models = await GrainFactory.GetGrain<ILoggedModelSearchGrain>(0).Search(new LoggedModelQuery([id], null, [], [], dryRun ? DryModelsMax : 1, null), cancellationToken);
        return runs.Items.Count + models.Items.Count(model => !dryRun || model.Registrations.Count > 0) == 0;
    }

    private Task<Paging.Page<Run>> Search(string id, LifecycleView view, int limit, string? page, CancellationToken cancellationToken) =>
        GrainFactory.GetGrain<IRunSearchGrain>(0).Search(new RunQuery([id], null, view, [], limit, page), cancellationToken);

    [LoggerMessage(LogLevel.Warning, "Retention could not remove {Kind} {Id}; it stays and is tried again")]
    private static partial void NotRemoved(ILogger logger, string kind, string id, Exception exception);

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
