using System.Diagnostics;
using Microsoft.Extensions.Logging;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>Brings one run's records to the platform and deals with refusals: what was refused is counted and left out, the rest of its batch goes on.</summary>
internal sealed partial class RunDoor(GatewayHttp http, string runId, TimeProvider time, ILogger logger)
{
    private const int TrimsMax = 100; // A batch in which more than this is wrong is wrong as a whole.

    private long refused;
    private MlopsException? refusal;
    private bool startRefused;

    public string RunId => runId;

    /// <summary>Entries that the platform refused.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>The run's head as the platform answered it last.</summary>
    public RunInfo? Info { get; private set; }

    /// <summary>Whether the last delivery found the platform away.</summary>
    public bool FoundAway { get; private set; }

    /// <summary>The first refusal since the last call.</summary>
    public MlopsException? TakeRefusal() => Interlocked.Exchange(ref refusal, null);

    /// <summary>Creates the run under the id that this door has; again answers the stored run.</summary>
    public async Task StartAsync(RunStart start, CancellationToken cancellationToken)
    {
        var run = start.Run;
        if (start.Experiment is { } experiment)
        {
            run = run with { ExperimentId = (await new ExperimentsClient(http, time).GetOrCreateAsync(experiment, cancellationToken)).ExperimentId };
        }

        Info = (await new RunsClient(http, time).CreateWithIdAsync(runId, run, cancellationToken)).Info;
    }

    /// <summary>
    /// <see langword="true"/> when the record is dealt with: stored, or refused for good. <see langword="false"/> when the platform is away, the call was cancelled
    /// or the run's start was refused: all that follows would be lost with it, so it waits until the reason is mended.
    /// </summary>
    public async Task<bool> DeliverAsync(SpoolRecord record, CancellationToken cancellationToken)
    {
        FoundAway = false;
        for (var trims = 0; ; trims++)
        {
            try
            {
                await SendAsync(record, cancellationToken);
                return true;
            }
            catch (MlopsException e) when (IsAway(e))
            {
                Away(logger, runId, e.Message);
                FoundAway = true;
                return false;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return false;
            }
            catch (MlopsException e) when (record.Kind == SpoolKind.Start)
            {
                if (!startRefused)
                {
                    startRefused = true;
                    Note(e, 1);
                }

                return false;
            }
            catch (MlopsException e)
            {
                var rest = record.Kind == SpoolKind.Batch && trims < TrimsMax ? BatchJson.Without(record.Payload.Span, e.Field) : null;
                Note(e, rest?.Removed ?? (record.Kind == SpoolKind.Batch ? BatchJson.Count(record.Payload.Span) : 1));
                if (rest is not { } left)
                {
                    return true;
                }

                record = record with { Payload = left.Body };
            }
        }
    }

    /// <summary>Uploads a file; <see langword="false"/> when the platform is away.</summary>
    public async Task<bool> TryUploadAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        try
        {
            await new RunsClient(http, time).UploadArtifactAsync(runId, path, content, cancellationToken);
            return true;
        }
        catch (MlopsException e) when (IsAway(e))
        {
            Away(logger, runId, e.Message);
            return false;
        }
    }

    /// <summary>A key that is not accepted is the operator's to mend, so data wait for it.</summary>
    private static bool IsAway(MlopsException e) =>
        e.Kind is ErrorKind.Unavailable or ErrorKind.Overloaded || e.Field == nameof(MlopsGrainsClientOptions.ApiKey);

    private Task SendAsync(SpoolRecord record, CancellationToken cancellationToken) => record.Kind switch
    {
        SpoolKind.Start => StartAsync(RunStart.Of(record), cancellationToken),
        SpoolKind.Update => UpdateAsync(record, cancellationToken),
        SpoolKind.Artifact => SendArtifactAsync(SpooledArtifact.Of(record), record.Directory!, cancellationToken),
        _ => SendBatchAsync(record, cancellationToken),
    };

    private async Task UpdateAsync(SpoolRecord record, CancellationToken cancellationToken) =>
        Info = await http.ReadAsync<RunInfo>(new GatewayCall(HttpMethod.Patch, RunsClient.At(runId), Repeat.Always, GatewayHttp.JsonBytes(record.Payload)), cancellationToken);

    private async Task SendArtifactAsync(SpooledArtifact artifact, string directory, CancellationToken cancellationToken)
    {
        if (!File.Exists(artifact.In(directory)))
        {
            return; // Delivered before a crash.
        }

        await using var content = File.OpenRead(artifact.In(directory));
        if (!await artifact.IsSoundAsync(content, cancellationToken))
        {
            throw new MlopsException(ErrorKind.InvalidInput, $"The spooled file '{artifact.Path}' is damaged: it is not what was stored.");
        }

        await new RunsClient(http, time).UploadArtifactAsync(runId, artifact.Path, content, cancellationToken);
    }

    private async Task SendBatchAsync(SpoolRecord record, CancellationToken cancellationToken)
    {
        using var activity = ClientTelemetry.Source.StartActivity("mlops log batch", ActivityKind.Client);
        activity?.SetTag("mlops.run_id", runId);
        var began = time.GetTimestamp();
        try
        {
            await http.DoAsync(new GatewayCall(HttpMethod.Post, $"{RunsClient.At(runId)}/batches", Repeat.Always, GatewayHttp.JsonBytes(record.Payload)), cancellationToken);
        }
        catch (MlopsException e)
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }

        ClientTelemetry.BatchSeconds.Record(time.GetElapsedTime(began).TotalSeconds);
        ClientTelemetry.Batches.Add(1);
    }

    private void Note(MlopsException e, int entries)
    {
        Interlocked.Add(ref refused, entries);
        Interlocked.CompareExchange(ref refusal, e, null);
        ClientTelemetry.Refused.Add(entries);
        RefusedEntries(logger, entries, runId, e.Message);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The platform refused {Entries} entries of run {RunId}: {Reason}")]
    private static partial void RefusedEntries(ILogger logger, int entries, string runId, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Run {RunId} cannot be delivered now: {Reason}")]
    private static partial void Away(ILogger logger, string runId, string reason);
}
