using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Sending;

/// <summary>Brings one run's records to the platform and deals with refusals: what was refused is counted and left out, the rest of its batch goes on.</summary>
internal sealed partial class RunDoor(GatewayHttp http, string runId, TimeProvider time, ILogger logger)
{
    private const int TrimsMax = 100; // A batch in which more than this is wrong is wrong as a whole.

    private long refused;
    private MlopsException? refusal;

    public string RunId => runId;

    /// <summary>Entries that the platform refused.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>The run's head as the last update answered it.</summary>
    public RunInfo? Info { get; private set; }

    /// <summary>The first refusal since the last call.</summary>
    public MlopsException? TakeRefusal() => Interlocked.Exchange(ref refusal, null);

    /// <summary><see langword="true"/> when the record is dealt with: stored, or refused for good. <see langword="false"/> when the platform is away or the call was cancelled.</summary>
    public async Task<bool> DeliverAsync(SpoolRecord record, CancellationToken cancellationToken)
    {
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
                return false;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
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

    /// <summary>A key that is not accepted is the operator's to mend, so data wait for it.</summary>
    private static bool IsAway(MlopsException e) =>
        e.Kind is ErrorKind.Unavailable or ErrorKind.Overloaded || e.Field == nameof(MlopsGrainsClientOptions.ApiKey);

    private async Task SendAsync(SpoolRecord record, CancellationToken cancellationToken)
    {
        var path = RunsClient.At(runId);
        var content = GatewayHttp.JsonBytes(record.Payload);
        if (record.Kind == SpoolKind.Update)
        {
            Info = await http.ReadAsync<RunInfo>(new GatewayCall(HttpMethod.Patch, path, Repeat.Always, content), cancellationToken);
            return;
        }

        using var activity = ClientTelemetry.Source.StartActivity("mlops log batch", ActivityKind.Client);
        activity?.SetTag("mlops.run_id", runId);
        var began = time.GetTimestamp();
        try
        {
            await http.DoAsync(new GatewayCall(HttpMethod.Post, $"{path}/batches", Repeat.Always, content), cancellationToken);
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
