using MlopsGrains.Gateway.Experiments;

namespace MlopsGrains.Gateway.Models;

/// <summary>The registry's entities as the API document shows them.</summary>
internal static class MlflowRegistryExamples
{
    public const string Version =
        $$"""{"name":"iris","version":"1","creation_timestamp":1764000000000,"last_updated_timestamp":1764000000000,"user_id":"ada","current_stage":"None","description":"Tells three kinds apart.","source":"runs:/{{MlflowExamples.RunId}}/model","run_id":"{{MlflowExamples.RunId}}","status":"READY","tags":{{MlflowExamples.Pairs}},"run_link":"","aliases":["champion"],"model_id":"{{MlflowExamples.ModelId}}","model_params":[{"name":"depth","value":"4"}],"model_metrics":[{{MlflowExamples.ModelMetric}}]}""";

    public const string Model =
        $$"""{"name":"iris","creation_timestamp":1764000000000,"last_updated_timestamp":1764000000000,"user_id":"ada","description":"Tells three kinds apart.","deployment_job_id":"","latest_versions":[{{Version}}],"tags":{{MlflowExamples.Pairs}},"aliases":[{"alias":"champion","version":"1"}]}""";
}
