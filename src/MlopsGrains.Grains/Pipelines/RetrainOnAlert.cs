using Microsoft.Extensions.Logging;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Identity;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>Starts the pipeline that a monitor's rules name, for who gave them, once an alert, however often it is told.</summary>
internal sealed partial class RetrainOnAlert(IGrainFactory grains, Rights rights, ILogger<RetrainOnAlert> logger) : IAlertListener
{
    public async Task<string?> OnAlert(Alert alert, MonitorRules rules, CancellationToken cancellationToken)
    {
        if (rules.Pipeline is not { } pipeline)
        {
            return null;
        }

        var cause = $"alert/{alert.AlertId}";
        try
        {
            if (Principal.Current is { } who)
            {
                await rights.Require(who, [new Right.On(PermissionLevel.Use, PermissionKind.Pipeline, pipeline)], cancellationToken);
            }

            var run = await grains.GetGrain<IPipelineGrain>(pipeline).Start(new StartPipeline(IdempotencyKey: cause, Cause: cause), cancellationToken);
            Started(logger, alert.AlertId, alert.Deployment, pipeline, run.PipelineRunId);
            return run.PipelineRunId;
        }
        catch (MlopsException e) when (e.Kind is ErrorKind.NotFound or ErrorKind.InvalidInput or ErrorKind.PermissionDenied)
        {
            // The rules name a pipeline that is not there, does not start without params, or may not be started by who gave them: trying again would not change that.
            NotStarted(logger, alert.AlertId, alert.Deployment, pipeline, e.Message);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Alert {Alert} of {Deployment} started pipeline {Pipeline}: run {Run}.")]
    private static partial void Started(ILogger logger, string alert, string deployment, string pipeline, string run);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Alert {Alert} of {Deployment} cannot start pipeline {Pipeline}: {Reason}")]
    private static partial void NotStarted(ILogger logger, string alert, string deployment, string pipeline, string reason);
}
