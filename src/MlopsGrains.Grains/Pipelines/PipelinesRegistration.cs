using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Grains.Pipelines.Workers;
using MlopsGrains.Settings;

namespace MlopsGrains.Grains.Pipelines;

/// <summary>The pipelines room: definitions, runs, workers and the built-in kinds of steps.</summary>
public static class PipelinesRegistration
{
    public static IServiceCollection AddPipelines(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSettings<PipelineOptions>();
        services.AddSingleton(s => StepCatalog.Of(s.GetServices<IStepExecutor>()));
        services.TryAddSingleton<PipelineMetrics>();
        services.AddSingleton<PipelineYaml>();
        services.TryAddSingleton<Rights>();
        services.AddPipelineStep<DatasetLoadStep>();
        services.AddPipelineStep<DataValidateStep>();
        services.AddPipelineStep<DataSplitStep>();
        services.AddPipelineStep<ModelTrainStep>();
        services.AddPipelineStep<ModelEvaluateStep>();
        services.AddPipelineStep<GateMetricsStep>();
        services.AddPipelineStep<ModelRegisterStep>();
        services.AddPipelineStep<ModelDeployStep>();
        services.AddPipelineStep<MonitorConfigureStep>();
        services.AddSingleton<IAlertListener, RetrainOnAlert>();
        services.AddHostedService<PipelineSweep>();
        services.AddHostedService<PipelineWorker>();
        return services;
    }

    /// <summary>Adds a kind of step that definitions may use.</summary>
    public static IServiceCollection AddPipelineStep<TExecutor>(this IServiceCollection services)
        where TExecutor : class, IStepExecutor =>
        services.AddSingleton<IStepExecutor, TExecutor>();
}
