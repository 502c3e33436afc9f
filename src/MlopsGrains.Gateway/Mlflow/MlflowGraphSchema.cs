using System.Globalization;
using System.Numerics;
using System.Text.Json;
using GraphQL;
using GraphQL.Resolvers;
using GraphQL.Types;
using GraphQLParser.AST;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>A method of MLflow's door that refused.</summary>
internal sealed record GraphRefusal(string Code, string Message);

/// <summary>Calls a method of MLflow's door with a message; answers its JSON, or a <see cref="GraphRefusal"/>.</summary>
internal delegate Task<object> GraphCall(string method, string path, IReadOnlyDictionary<string, object?> message);

/// <summary>
/// The part of MLflow's GraphQL schema that its web pages use. Each field of the root is a method of the door; below it, a field named <c>runId</c> is the answer's
/// member <c>run_id</c>. Numbers of 64 bits are texts.
/// </summary>
internal static class MlflowGraphSchema
{
    private static readonly StringGraphType TextType = new();
    private static readonly BooleanGraphType TruthType = new();
    private static readonly FloatGraphType NumberType = new();
    private static readonly IntGraphType WholeType = new();
    private static readonly LongStringType LongType = new();
    private static readonly ListGraphType TextsType = new(TextType);

    public static ISchema Create()
    {
        var refusal = new ObjectGraphType { Name = "ApiError" };
        refusal.AddField(Field("code", TextType, context => (context.Source as GraphRefusal)?.Code));
        refusal.AddField(Field("message", TextType, context => (context.Source as GraphRefusal)?.Message));
        refusal.AddField(Field("helpUrl", TextType, _ => null));

        ObjectGraphType Answer(string name, params FieldType[] fields)
        {
            var type = Type(name, fields);
            type.AddField(Field("apiError", refusal, context => context.Source as GraphRefusal));
            return type;
        }

        var pair = (string name) => Type(name, Texts("key", "value"));
        var experiment = Type("MlflowExperiment", [.. Texts("experimentId", "name", "artifactLocation", "lifecycleStage"), .. Longs("lastUpdateTime", "creationTime"), List("tags", pair("MlflowExperimentTag"))]);
        var metric = Type("MlflowMetric", [.. Texts("key", "datasetName", "datasetDigest", "modelId", "runId"), Own("value", NumberType), .. Longs("timestamp", "step")]);
        var version = Type(
            "MlflowModelVersion",
            [
                .. Texts("name", "version", "userId", "currentStage", "description", "source", "runId", "statusMessage", "runLink", "modelId"),
                .. Longs("creationTimestamp", "lastUpdatedTimestamp"),
                Own("status", Enumeration("MlflowModelVersionStatus", "PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY")),
                List("tags", pair("MlflowModelVersionTag")), Own("aliases", TextsType),
                List("modelParams", Type("MlflowModelParam", Texts("name", "value"))), List("modelMetrics", metric),
            ]);
        var file = Type("MlflowFileInfo", [.. Texts("path"), Own("isDir", TruthType), .. Longs("fileSize")]);
        var dataset = Type("MlflowDataset", Texts("name", "digest", "sourceType", "source", "schema", "profile"));
        var inputs = Type(
            "MlflowRunInputs",
            List("datasetInputs", Type("MlflowDatasetInput", List("tags", pair("MlflowInputTag")), Own("dataset", dataset))),
            List("modelInputs", Type("MlflowModelInput", Texts("modelId"))));
        var outputs = Type("MlflowRunOutputs", List("modelOutputs", Type("MlflowModelOutput", [.. Texts("modelId"), .. Longs("step")])));
        var info = Type(
            "MlflowRunInfo",
            [
                .. Texts("runId", "runUuid", "runName", "experimentId", "userId", "artifactUri", "lifecycleStage"), .. Longs("startTime", "endTime"),
                Own("status", Enumeration("MlflowRunStatus", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")),
            ]);
        var data = Type("MlflowRunData", List("metrics", metric), List("params", pair("MlflowParam")), List("tags", pair("MlflowRunTag")));
        var run = Type("MlflowRunExtension", Own("info", info), Own("data", data), Own("inputs", inputs), Own("outputs", outputs));
        run.AddField(Method("experiment", experiment, "GET", "/mlflow/experiments/get", source => new() { ["experiment_id"] = InfoOf(source, "experiment_id") }, "experiment"));
        run.AddField(Method("modelVersions", Many(version), "GET", "/mlflow/model-versions/search", source => new() { ["filter"] = $"run_id = '{InfoOf(source, "run_id")}'" }, "model_versions"));

        var query = new ObjectGraphType { Name = "Query" };
        query.AddField(Root(
            "mlflowGetExperiment", "GET", "/mlflow/experiments/get", Answer("MlflowGetExperimentResponse", Own("experiment", experiment)), Input("MlflowGetExperimentInput", ("experimentId", TextType))));
        query.AddField(Root(
            "mlflowGetRun", "GET", "/mlflow/runs/get", Answer("MlflowGetRunResponse", Own("run", run)), Input("MlflowGetRunInput", ("runId", TextType), ("runUuid", TextType))));
        query.AddField(Root(
            "mlflowGetMetricHistoryBulkInterval",
            "GET",
            "/mlflow/metrics/get-history-bulk-interval",
            Answer("MlflowGetMetricHistoryBulkIntervalResponse", List("metrics", Type("MlflowMetricWithRunId", [.. Texts("key", "runId"), Own("value", NumberType), .. Longs("timestamp", "step")]))),
            Input("MlflowGetMetricHistoryBulkIntervalInput", ("runIds", TextsType), ("metricKey", TextType), ("startStep", WholeType), ("endStep", WholeType), ("maxResults", WholeType))));
        query.AddField(Root(
            "mlflowListArtifacts",
            "GET",
            "/mlflow/artifacts/list",
            Answer("MlflowListArtifactsResponse", [.. Texts("rootUri", "nextPageToken"), List("files", file)]),
            Input("MlflowListArtifactsInput", ("runId", TextType), ("runUuid", TextType), ("path", TextType), ("pageToken", TextType))));
        query.AddField(Root(
            "mlflowSearchModelVersions",
            "GET",
            "/mlflow/model-versions/search",
            Answer("MlflowSearchModelVersionsResponse", [List("modelVersions", version), .. Texts("nextPageToken")]),
            Input("MlflowSearchModelVersionsInput", ("filter", TextType), ("maxResults", LongType), ("orderBy", TextsType), ("pageToken", TextType))));

        var mutation = new ObjectGraphType { Name = "Mutation" };
        mutation.AddField(Root(
            "mlflowSearchRuns",
            "POST",
            "/mlflow/runs/search",
            Answer("MlflowSearchRunsResponse", [List("runs", run), .. Texts("nextPageToken")]),
            Input(
                "MlflowSearchRunsInput",
                ("experimentIds", TextsType), ("filter", TextType), ("runViewType", Enumeration("MlflowViewType", "ACTIVE_ONLY", "DELETED_ONLY", "ALL")), ("maxResults", WholeType), ("orderBy", TextsType),
                ("pageToken", TextType))));
        mutation.AddField(Root(
            "mlflowSearchDatasets",
            "POST",
            "/mlflow/experiments/search-datasets",
            Answer("MlflowSearchDatasetsResponse", List("datasetSummaries", Type("MlflowDatasetSummary", Texts("experimentId", "name", "digest", "context")))),
            Input("MlflowSearchDatasetsInput", ("experimentIds", TextsType))));

        var schema = new Schema { Query = query, Mutation = mutation };

        // MLflow's pages name themselves with it.
        schema.Directives.Register(new Directive("component", DirectiveLocation.Query, DirectiveLocation.Mutation)
        {
            Arguments = new QueryArguments(new QueryArgument(new NonNullGraphType(TextType)) { Name = "name" }),
        });
        schema.Initialize();
        return schema;
    }

    /// <summary><c>runId</c> is <c>run_id</c>.</summary>
    private static string MemberOf(string field) => JsonNamingPolicy.SnakeCaseLower.ConvertName(field);

    private static ObjectGraphType Type(string name, params FieldType[] fields)
    {
        var type = new ObjectGraphType { Name = name };
        foreach (var field in fields)
        {
            type.AddField(field);
        }

        return type;
    }

    private static EnumerationGraphType Enumeration(string name, params string[] values)
    {
        var type = new EnumerationGraphType { Name = name };
        foreach (var value in values)
        {
            type.Add(value, value);
        }

        return type;
    }

    private static InputObjectGraphType Input(string name, params (string Name, IGraphType Type)[] fields)
    {
        var type = new InputObjectGraphType { Name = name };
        foreach (var field in fields)
        {
            type.AddField(new FieldType { Name = field.Name, ResolvedType = field.Type });
        }

        return type;
    }

    private static FieldType[] Texts(params string[] names) => [.. names.Select(name => Own(name, TextType))];

    private static FieldType[] Longs(params string[] names) => [.. names.Select(name => Own(name, LongType))];

    private static FieldType List(string name, IGraphType type) => Own(name, Many(type));

    private static ListGraphType Many(IGraphType type) => new(new NonNullGraphType(type));

    /// <summary>A member of the answer. One that is left out is what an unset field is in MLflow: an empty list or text, zero, false.</summary>
    private static FieldType Own(string name, IGraphType type)
    {
        var member = MemberOf(name);
        return Field(name, type, context => context.Source is JsonElement { ValueKind: JsonValueKind.Object } source ? Value(source, member, type) : null);
    }

    private static object? Value(JsonElement source, string member, IGraphType type)
    {
        if (!source.TryGetProperty(member, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return type == TextType ? "" : type == LongType ? "0" : type == TruthType ? false : type is ListGraphType ? Array.Empty<object>() : null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.Array => value.EnumerateArray().Select(e => e.ValueKind == JsonValueKind.String ? e.GetString() : (object)e).ToList(),
            JsonValueKind.True or JsonValueKind.False => value.GetBoolean(),
            JsonValueKind.Number when type == NumberType => value.GetDouble(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.String when type == NumberType => null, // NaN and the infinities: GraphQL has no number for them.
            JsonValueKind.String => value.GetString(),
            _ => value,
        };
    }

    private static string InfoOf(JsonElement run, string member) => run.GetProperty("info").GetProperty(member).GetString()!;

    private static FieldType Field(string name, IGraphType type, Func<IResolveFieldContext, object?> resolve) =>
        new() { Name = name, ResolvedType = type, Resolver = new FuncFieldResolver<object>(resolve) };

    private static FieldType Root(string name, string method, string path, IGraphType answer, IGraphType input) => new()
    {
        Name = name,
        ResolvedType = answer,
        Arguments = new QueryArguments(new QueryArgument(input) { Name = "input" }),
        Resolver = new FuncFieldResolver<object>(async context =>
        {
            var given = context.GetArgument<IDictionary<string, object?>?>("input") ?? new Dictionary<string, object?>();
            return await CallOf(context)(method, path, given.Where(m => m.Value is not null).ToDictionary(m => MemberOf(m.Key), m => m.Value));
        }),
    };

    /// <summary>A field that another method of the door answers; nothing when that refuses.</summary>
    private static FieldType Method(string name, IGraphType type, string method, string path, Func<JsonElement, Dictionary<string, object?>> message, string member) => new()
    {
        Name = name,
        ResolvedType = type,
        Resolver = new FuncFieldResolver<object>(async context =>
            await CallOf(context)(method, path, message((JsonElement)context.Source!)) is JsonElement answer ? Value(answer, member, type) : null),
    };

    private static GraphCall CallOf(IResolveFieldContext context) => (GraphCall)context.UserContext[nameof(GraphCall)]!;

    /// <summary>64 bits, which JavaScript's numbers do not hold: written as a text, read from a text or a number.</summary>
    private sealed class LongStringType : ScalarGraphType
    {
        public LongStringType() => Name = "LongString";

        public override object? Serialize(object? value) => value is null ? null : Convert.ToString(value, CultureInfo.InvariantCulture);

        public override object? ParseValue(object? value) => value switch
        {
            null => null,
            string text => text,
            int or long or BigInteger => Convert.ToString(value, CultureInfo.InvariantCulture),
            _ => ThrowValueConversionError(value),
        };

        public override object? ParseLiteral(GraphQLValue value) => value switch
        {
            GraphQLStringValue text => text.Value.ToString(),
            GraphQLIntValue number => number.Value.ToString(),
            GraphQLNullValue => null,
            _ => ThrowLiteralConversionError(value),
        };
    }
}
