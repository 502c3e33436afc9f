namespace MlopsGrains.Gateway.Experiments;

/// <summary>The tracking entities as the API document shows them.</summary>
internal static class MlflowExamples
{
    public const string RunId = "0123456789abcdef0123456789abcdef";

    public const string ModelId = "m-" + RunId;

    public const string Pairs = """[{"key":"team","value":"botany"}]""";

    public const string Experiment =
        """{"experiment_id":"1","name":"iris","artifact_location":"mlflow-artifacts:/1","lifecycle_stage":"active","last_update_time":1764000000000,"creation_time":1764000000000,"tags":[{"key":"team","value":"botany"}]}""";

    public const string RunInfo =
        $$"""{"run_id":"{{RunId}}","run_uuid":"{{RunId}}","experiment_id":"1","run_name":"bold-crane-7","user_id":"ada","status":"FINISHED","start_time":1764000000000,"end_time":1764000060000,"artifact_uri":"mlflow-artifacts:/1/{{RunId}}/artifacts","lifecycle_stage":"active"}""";

    public const string Metric = """{"key":"accuracy","value":0.97,"timestamp":1764000000000,"step":3}""";

    public const string Dataset = """{"name":"iris","digest":"9f86d081","source_type":"http","source":"https://example.org/iris.csv","schema":"{}","profile":"{}"}""";

    public const string Run =
        $$$"""{"info":{{{RunInfo}}},"data":{"metrics":[{{{Metric}}}],"params":[{"key":"depth","value":"4"}],"tags":{{{Pairs}}}},"inputs":{"dataset_inputs":[{"dataset":{{{Dataset}}},"tags":{{{Pairs}}}}],"model_inputs":[{"model_id":"{{{ModelId}}}"}]},"outputs":{"model_outputs":[{"model_id":"{{{ModelId}}}","step":0}]}}""";

    public const string RunMetric = $$"""{"key":"accuracy","value":0.97,"timestamp":1764000000000,"step":3,"run_id":"{{RunId}}"}""";

    public const string ModelMetric =
        $$"""{"key":"accuracy","value":0.97,"timestamp":1764000000000,"step":3,"dataset_name":"iris","dataset_digest":"9f86d081","model_id":"{{ModelId}}","run_id":"{{RunId}}"}""";

    public const string LoggedModel =
        $$$"""{"info":{"model_id":"{{{ModelId}}}","experiment_id":"1","name":"iris","creation_timestamp_ms":1764000000000,"last_updated_timestamp_ms":1764000000000,"artifact_uri":"mlflow-artifacts:/1/models/{{{ModelId}}}/artifacts","status":"LOGGED_MODEL_READY","model_type":"classifier","source_run_id":"{{{RunId}}}","tags":{{{Pairs}}},"registrations":[{"name":"iris","version":"1"}]},"data":{"params":[{"key":"depth","value":"4"}],"metrics":[{{{ModelMetric}}}]}}""";

    public const string Files = """{"root_uri":"mlflow-artifacts:/1/artifacts","files":[{"path":"plots","is_dir":true},{"path":"model.zip","is_dir":false,"file_size":1024}]}""";
}
