using System.Globalization;
using Microsoft.Extensions.Logging;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Models;
using Orleans.Concurrency;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Scores on the silo that was asked. It keeps nothing itself, so calls may interleave.</summary>
[GrainType("scorer"), StatelessWorker, Reentrant]
internal sealed partial class ScorerGrain(
    DeploymentDirectory directory,
    ModelHost host,
    ServingMetrics metrics,
    ServingCounter counter,
    TimeProvider time,
    IEnumerable<IPredictionObserver> observers,
    ILogger<ScorerGrain> logger) : Grain, IScorerGrain
{
    /// <summary>About half a millisecond of work; more goes to the thread pool, so that a turn stays short.</summary>
    private const int RowsInTurnMax = 100;

    private readonly IPredictionObserver[] observers = [.. observers];

    public async Task<ServedModel> Describe(string deployment, string? version, CancellationToken cancellationToken = default)
    {
        var (found, revision) = await Find(deployment, version, cancellationToken);
        var model = await directory.Version(revision, cancellationToken);
        var versions = found.Revisions.Reverse().Select(r => Text(r.ModelVersion)).Distinct().ToList();
        return new ServedModel(deployment, Text(revision.ModelVersion), versions, model.Format, model.Signature!);
    }

    public async Task<InferenceResponse> Infer(string deployment, string? version, InferenceRequest request, CancellationToken cancellationToken = default)
    {
        try
        {
            return await Score(deployment, version, request, cancellationToken);
        }
        catch (MlopsException e) when (e.Kind is ErrorKind.InvalidInput or ErrorKind.NotFound or ErrorKind.Unprocessable)
        {
            metrics.Refused();
            throw;
        }
    }

    private async Task<InferenceResponse> Score(string deployment, string? version, InferenceRequest request, CancellationToken cancellationToken)
    {
        var (_, revision) = await Find(deployment, version, cancellationToken);
        var began = time.GetTimestamp();
        try
        {
            var (answer, rows) = await Score(deployment, revision, request, cancellationToken);
            counter.Answered(deployment, revision.Number, rows, time.GetElapsedTime(began));
            return answer;
        }
        catch (MlopsException e) when (e.Kind is ErrorKind.InvalidInput or ErrorKind.NotFound or ErrorKind.Unprocessable)
        {
            counter.Refused(deployment, revision.Number);
            throw;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            counter.Failed(deployment, revision.Number);
            throw;
        }
    }

    private async Task<(InferenceResponse Answer, long Rows)> Score(string deployment, DeploymentRevision revision, InferenceRequest request, CancellationToken cancellationToken)
    {
        var model = await directory.Version(revision, cancellationToken);
        var rows = RequestRules.Check(model.Signature!, request);
        RequestRules.CheckOutputs(model.Signature!, request.Outputs);
        request = RequestRules.WithPlainTruths(model.Signature!, request);
        var hosted = await host.Get(model, cancellationToken);
        var outputs = rows <= RowsInTurnMax
            ? hosted.Score(request, rows, cancellationToken)
            : await Task.Run(() => hosted.Score(request, rows, cancellationToken), cancellationToken);
        var response = new InferenceResponse(Text(revision.ModelVersion), outputs);
        var answer = response with { Outputs = RequestRules.Select(outputs, request.Outputs) };
        RequestRules.CheckFinite(answer.Outputs);
        await Observe(deployment, revision.ModelVersion, request, response);
        metrics.Scored(rows);
        return (answer, rows);
    }

    private async Task<(Deployment Deployment, DeploymentRevision Revision)> Find(string name, string? version, CancellationToken cancellationToken)
    {
        var deployment = await directory.Get(name, now: false, cancellationToken);
        if (version is null)
        {
            var revision = TrafficSplit.Pick(deployment.Traffic, Random.Shared.Next(100));
            return (deployment, deployment.Revisions[revision - 1]);
        }

        if (Named(deployment, version) is { } known)
        {
            return (deployment, known);
        }

        // It may have been deployed a moment ago.
        deployment = await directory.Get(name, now: true, cancellationToken);
        return (deployment, Named(deployment, version) ?? throw RegistryErrors.NoVersion(name, version));
    }

    /// <summary>The newest revision that serves a model version of this number.</summary>
    private static DeploymentRevision? Named(Deployment deployment, string version) =>
        deployment.Revisions.LastOrDefault(r => Text(r.ModelVersion) == version);

    private async Task Observe(string deployment, int modelVersion, InferenceRequest request, InferenceResponse response)
    {
        foreach (var observer in observers)
        {
            try
            {
                await observer.Observe(deployment, modelVersion, request, response);
            }
#pragma warning disable CA1031 // Who watches must not hurt who is served.
            catch (Exception e)
#pragma warning restore CA1031
            {
                ObserverFailed(logger, e, observer.GetType().Name, deployment);
            }
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(LogLevel.Error, "Prediction observer {Observer} failed on deployment {Deployment}")]
    private static partial void ObserverFailed(ILogger logger, Exception exception, string observer, string deployment);
}
