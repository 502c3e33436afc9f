using System.Globalization;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Blobs;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Grains.Governance;
using Orleans.Runtime;

namespace MlopsGrains.Grains.Experiments;

/// <summary>A step that was begun: it is written down before anything is removed and cleared when all of it is, and is in the audit chain.</summary>
internal sealed class RetentionDocument
{
    public string? ExperimentId { get; set; }

    /// <summary>Runs to remove where they are due.</summary>
    public IReadOnlyList<string> RunIds { get; set; } = [];

    /// <summary>Whether the experiment, which has no runs left, goes too.</summary>
    public bool WithExperiment { get; set; }

    /// <summary>Unix milliseconds.</summary>
    public long DeletedBefore { get; set; }
}

/// <summary>
/// Walks experiment by experiment. A run goes before its place in the index, an experiment before its place in the catalog, so that what a crash leaves half done is
/// still found; each part can be done twice.
/// </summary>
[GrainType("retention")]
internal sealed class RetentionGrain(
    [PersistentState("retention", MlopsStorage.Documents)] IPersistentState<RetentionDocument> document,
    IOptions<RetentionOptions> options,
    TimeProvider time) : Grain, IRetentionGrain
{
    private const int ExperimentsPerStep = 100;
    private const int RunsAtOnce = 16;

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
            var runs = await Search(id, LifecycleView.DeletedOnly, left, number == place.Experiment ? place.RunPage : null, cancellationToken);
            left -= runs.Items.Count;
            step = await Remove(step, new RetentionDocument { ExperimentId = id, RunIds = [.. runs.Items.Select(r => r.Info.RunId)], DeletedBefore = before.ToUnixTimeMilliseconds() });
            if (runs.NextPageToken is { } next)
            {
                return step with { NextPageToken = new RetentionPlace(number, next).ToString() };
            }

            if (ExperimentRules.IsDue(experiment, before.ToUnixTimeMilliseconds()) && await IsEmpty(id, request.DryRun, cancellationToken))
            {
                step = await Remove(step, new RetentionDocument { ExperimentId = id, WithExperiment = true, DeletedBefore = before.ToUnixTimeMilliseconds() });
            }

            place = new RetentionPlace(number + 1, null);
        }

        return step with { NextPageToken = place.ToString() };
    }

    private async Task<RetentionStep> Remove(RetentionStep step, RetentionDocument begun)
    {
        if (begun.RunIds.Count == 0 && !begun.WithExperiment)
        {
            return step;
        }

        if (step.DryRun)
        {
            var due = await Purge(begun, dryRun: true);
            return step with { Runs = step.Runs + due.Count, Experiments = step.Experiments + (begun.WithExperiment ? 1 : 0) };
        }

        await Write(begun);
        return await Finish(step);
    }

    /// <summary>Does what is written down, if anything is.</summary>
    private async Task<RetentionStep> Finish(RetentionStep step)
    {
        if (document.State is not { ExperimentId: { } id } begun)
        {
            return step;
        }

        var gone = await Purge(begun, dryRun: false);
        foreach (var shard in gone.Keys.GroupBy(RunShards.Of))
        {
            await GrainFactory.RunIndexShard(id, shard.Key).Remove([.. shard]);
        }

        var experiments = begun.WithExperiment && await PurgeExperiment(id, begun.DeletedBefore) ? 1 : 0;
        var files = gone.Values.Sum();
        if (gone.Count + experiments > 0)
        {
            await GrainFactory.Audit("retention.removed", $"experiment/{id}", new Dictionary<string, string>
            {
                ["runs"] = Number(gone.Count),
                ["artifactFiles"] = Number(files),
                ["experiments"] = Number(experiments),
                ["deletedBefore"] = Number(begun.DeletedBefore),
            });
        }

        await Write(new RetentionDocument());
        return step with { Runs = step.Runs + gone.Count, ArtifactFiles = step.ArtifactFiles + files, Experiments = step.Experiments + experiments };
    }

    /// <summary>The runs that went, or are due, with their artifact files.</summary>
    private async Task<Dictionary<string, int>> Purge(RetentionDocument begun, bool dryRun)
    {
        var gone = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var some in begun.RunIds.Chunk(RunsAtOnce))
        {
            var files = await GrainFactory.GetGrain<IRetainedExperiment>(begun.ExperimentId!).PurgeRuns(some, begun.DeletedBefore, dryRun);
            foreach (var (id, count) in some.Zip(files).Where(run => run.Second is not null))
            {
                gone.Add(id, count!.Value);
            }
        }

        return gone;
    }

    private async Task<bool> PurgeExperiment(string id, long deletedBefore)
    {
        if (!await GrainFactory.GetGrain<IRetainedExperiment>(id).Purge(deletedBefore))
        {
            return false;
        }

        await Task.WhenAll(GrainFactory.RunIndex(id).Select(shard => shard.Purge()));
        await Catalog.Remove(id);
        return true;
    }

    /// <summary>Nothing is left in it; for a dry run, nothing but runs that are deleted with it.</summary>
    private async Task<bool> IsEmpty(string id, bool dryRun, CancellationToken cancellationToken)
    {
        var runs = await Search(id, dryRun ? LifecycleView.ActiveOnly : LifecycleView.All, 1, null, cancellationToken);
        var models = await GrainFactory.GetGrain<ILoggedModelSearchGrain>(0).Search(new LoggedModelQuery([id], null, [], [], 1, null), cancellationToken);
        return runs.Items.Count + models.Items.Count == 0;
    }

    private Task<Paging.Page<Run>> Search(string id, LifecycleView view, int limit, string? page, CancellationToken cancellationToken) =>
        GrainFactory.GetGrain<IRunSearchGrain>(0).Search(new RunQuery([id], null, view, [], limit, page), cancellationToken);

    private async Task Write(RetentionDocument next)
    {
        document.State = next;
        try
        {
            await document.WriteStateAsync();
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
