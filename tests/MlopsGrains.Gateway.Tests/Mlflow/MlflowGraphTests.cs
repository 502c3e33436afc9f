using System.Globalization;
using System.Text.Json.Nodes;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Mlflow;

/// <summary>What MLflow's pages ask <c>/graphql</c>, and its limits.</summary>
public sealed class MlflowGraphTests(ServerFixture server)
{
    private const string Invalid = "INVALID_PARAMETER_VALUE";

    /// <summary>The page of a run, as the page words it.</summary>
    private const string GetRun = """
        query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") {
          mlflowGetRun(input: $data) {
            apiError { helpUrl code message }
            run {
              info { runName status runUuid startTime endTime experimentId lifecycleStage artifactUri }
              experiment { experimentId name tags { key value } lifecycleStage artifactLocation lastUpdateTime }
              modelVersions { status version name source }
              data { metrics { key value step timestamp } params { key value } tags { key value } }
              inputs { datasetInputs { dataset { digest name profile schema source sourceType } tags { key value } } modelInputs { modelId } }
              outputs { modelOutputs { modelId step } }
            }
          }
        }
        """;

    private readonly MlflowCaller graph = new(server.Http, "");
    private readonly MlflowCaller mlflow = new(server.Http);

    [Fact]
    public async Task PageOfARun_ShowsWhatTheOtherMethodsSay()
    {
        var (experiment, run, model) = await FilledAsync();

        var answer = await this.graph.DoAsync("/graphql", new { query = GetRun, operationName = "GetRun", variables = new { data = new { runId = run } } });

        var shown = answer["data"]!["mlflowGetRun"]!;
        Assert.True(answer.AsObject().ContainsKey("errors") && answer["errors"] is null);
        Assert.Null(shown["apiError"]);
        var info = shown["run"]!["info"]!;
        var said = (await this.mlflow.RunAsync(run))["info"]!;
        Assert.Equal(
            ((string?)said["run_name"], "RUNNING", run, "1700000000000", experiment, "active", (string?)said["artifact_uri"]),
            ((string?)info["runName"], (string?)info["status"], (string?)info["runUuid"], (string?)info["startTime"], (string?)info["experimentId"], (string?)info["lifecycleStage"], (string?)info["artifactUri"]));
        Assert.Equal("0", (string?)info["endTime"]);
        Assert.Equal(experiment, (string?)shown["run"]!["experiment"]!["experimentId"]);
        Assert.Equal($$"""[{"status":"READY","version":"1","name":"{{model}}","source":"s3://bucket/model"}]""", shown["run"]!["modelVersions"]!.ToJsonString());
        var data = shown["run"]!["data"]!;
        Assert.Equal(
            """[{"key":"acc","value":0.5,"step":"3","timestamp":"9007199254740993"},{"key":"nan","value":null,"step":"0","timestamp":"1"}]""", data["metrics"]!.ToJsonString());
        Assert.Equal("""[{"key":"lr","value":"0.1"}]""", data["params"]!.ToJsonString());
        Assert.Equal(
            """{"datasetInputs":[{"dataset":{"digest":"d1","name":"train","profile":"","schema":"","source":"s","sourceType":"http"},"tags":[]}],"modelInputs":[]}""", shown["run"]!["inputs"]!.ToJsonString());
        Assert.Empty(shown["run"]!["outputs"]?["modelOutputs"]?.AsArray() ?? []);
    }

    [Fact]
    public async Task EveryRootField_AnswersAsItsMethodDoes()
    {
        var (experiment, run, model) = await FilledAsync();

        var answer = (await DoAsync(
            $$"""
            { e: mlflowGetExperiment(input: { experimentId: "{{experiment}}" }) { experiment { name lastUpdateTime } apiError { code } }
              mlflowGetMetricHistoryBulkInterval(input: { runIds: ["{{run}}"], metricKey: "acc", maxResults: 10 }) { metrics { key value step runId } }
              mlflowListArtifacts(input: { runId: "{{run}}" }) { rootUri files { path isDir fileSize } }
              mlflowSearchModelVersions(input: { filter: "name = '{{model}}'", maxResults: 5 }) { modelVersions { name version creationTimestamp aliases } nextPageToken } }
            """))["data"]!;
        var found = (await DoAsync(
            $$"""
            mutation { mlflowSearchRuns(input: { experimentIds: ["{{experiment}}"], filter: "metrics.acc > 0.4", runViewType: ALL, maxResults: 10, orderBy: ["metrics.acc DESC"] }) { runs { info { runId } experiment { experimentId } } nextPageToken }
              mlflowSearchDatasets(input: { experimentIds: ["{{experiment}}"] }) { datasetSummaries { experimentId name digest context } } }
            """))["data"]!;

        Assert.Equal((string?)(await this.mlflow.DoAsync($"/mlflow/experiments/get?experiment_id={experiment}"))["experiment"]!["name"], (string?)answer["e"]!["experiment"]!["name"]);
        Assert.Equal($$"""[{"key":"acc","value":0.5,"step":"3","runId":"{{run}}"}]""", answer["mlflowGetMetricHistoryBulkInterval"]!["metrics"]!.ToJsonString());
        Assert.Equal("""[{"path":"a.txt","isDir":false,"fileSize":"2"},{"path":"sub","isDir":true,"fileSize":"0"}]""", answer["mlflowListArtifacts"]!["files"]!.ToJsonString());
        var version = Assert.Single(answer["mlflowSearchModelVersions"]!["modelVersions"]!.AsArray())!;
        Assert.Equal((model, "1", 0), ((string?)version["name"], (string?)version["version"], version["aliases"]!.AsArray().Count));
        Assert.True(long.Parse((string)version["creationTimestamp"]!, CultureInfo.InvariantCulture) > 0);
        Assert.Equal($$$"""[{"info":{"runId":"{{{run}}}"},"experiment":{"experimentId":"{{{experiment}}}"}}]""", found["mlflowSearchRuns"]!["runs"]!.ToJsonString());
        Assert.Equal($$"""[{"experimentId":"{{experiment}}","name":"train","digest":"d1","context":""}]""", found["mlflowSearchDatasets"]!["datasetSummaries"]!.ToJsonString());
    }

    [Fact]
    public async Task Get_WithVariables_IsAnsweredToo()
    {
        var run = await this.mlflow.NewRunAsync();
        var variables = Uri.EscapeDataString($$$"""{"data":{"runId":"{{{run}}}"}}""");

        var answer = await this.graph.DoAsync($"/graphql?query={Uri.EscapeDataString(GetRun)}&operationName=GetRun&variables={variables}");

        Assert.Equal(run, (string?)answer["data"]!["mlflowGetRun"]!["run"]!["info"]!["runUuid"]);
    }

    [Theory]
    [InlineData("""mlflowGetRun(input: { runId: "0123456789abcdef0123456789abcdef" })""", "RESOURCE_DOES_NOT_EXIST", "0123456789abcdef0123456789abcdef")]
    [InlineData("mlflowGetRun(input: { })", Invalid, "run_id")]
    [InlineData("mlflowGetRun", Invalid, "run_id")]
    [InlineData("""mlflowSearchModelVersions(input: { filter: "what is this" })""", Invalid, "")]
    [InlineData("mlflowSearchModelVersions(input: { maxResults: 0 })", Invalid, "max_results")]
    [InlineData("""mlflowSearchModelVersions(input: { maxResults: "many" })""", Invalid, "max_results")]
    public async Task Refusal_IsTheMethodsOwn(string field, string code, string named)
    {
        var answer = await DoAsync($"{{ a: {field} {{ apiError {{ code message }} }} }}");

        var refusal = answer["data"]!["a"]!["apiError"]!;
        Assert.Equal(code, (string?)refusal["code"]);
        Assert.Contains(named, (string)refusal["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ mlflowGetRun(input: {})", "Expected")]
    [InlineData("{ what }", "what")]
    [InlineData("{ mlflowGetRun(input: { what: 1 }) { apiError { code } } }", "what")]
    [InlineData("query($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { apiError { code } } }", "$data")]
    public async Task QueryThatCannotBeRun_HasErrorsInsteadOfData_AsInMlflow(string query, string named)
    {
        Assert.Contains(named, await ErrorAsync(query), StringComparison.Ordinal);
        await DoAsync("{ mlflowGetExperiment(input: { experimentId: \"0\" }) { experiment { name } } }");
    }

    [Theory]
    [InlineData("""{"variables":{}}""", "query")]
    [InlineData("""{"query":""}""", "query")]
    [InlineData("""{"query":"{ __typename }","variables":[1]}""", "variables")]
    [InlineData("""{"query":1}""", "query")]
    public async Task BadMessage_Is400_AndNamesTheField(string body, string named) =>
        Assert.Contains(named, await this.graph.RefusedAsync("/graphql", body, 400, Invalid), StringComparison.Ordinal);

    [Theory]
    [InlineData("root", 10, "GraphQL queries should have at most 10 root fields")]
    [InlineData("aliases", 10, "GraphQL queries should have at most 10 aliases")]
    [InlineData("levels", 10, "Query exceeds maximum depth of 10")]
    [InlineData("selections", 1000, "Query exceeds maximum total selections of 1000")]
    public async Task Limit_HoldsAtTheLimitAndOneBeyond(string limit, int most, string said)
    {
        Func<int, string> make = limit switch
        {
            "root" => n => $"{{ {string.Concat(Enumerable.Repeat("__typename ", n))} }}",
            "aliases" => n => $"{{ mlflowGetExperiment(input: {{ experimentId: \"0\" }}) {{ experiment {{ {string.Concat(Enumerable.Range(0, n).Select(i => $"a{i}: name "))} }} }} }}",
            "levels" => n => "{ __schema { types { " + string.Concat(Enumerable.Repeat("ofType { ", 0)) + $"fields {{ type {{ {string.Concat(Enumerable.Repeat("ofType { ", n - 5))} name {new string('}', n - 5)} }} }} }} }} }}",
            _ => n => $"{{ mlflowGetExperiment(input: {{ experimentId: \"0\" }}) {{ experiment {{ {string.Concat(Enumerable.Repeat("name ", n - 2))} }} }} }}",
        };

        await DoAsync(make(most));

        Assert.Contains(said, await ErrorAsync(make(most + 1)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bytes", "65537 bytes; at most 65536")]
    [InlineData("operations", "at most 10 operations")]
    [InlineData("fragments", "at most 50 fragments")]
    [InlineData("unused selections", "maximum total selections of 1000")]
    [InlineData("unused aliases", "at most 10 aliases")]
    [InlineData("arguments", "at most 100 arguments")]
    [InlineData("directives", "at most 50 directives")]
    [InlineData("variables", "at most 50 variables")]
    [InlineData("values", "at most 2000 values")]
    [InlineData("members", "at most 2000 values")]
    public async Task WhatIsWritten_IsCountedBeforeItIsCompared_UsedOrNot(string part, string said)
    {
        Func<int, string> make = part switch
        {
            "bytes" => n => "{ __typename }".PadRight(65_535 + n),
            "operations" => n => Repeat(9 + n, i => $"query Q{i} {{ __typename }} "),
            "fragments" => n => "{ __typename }" + Repeat(49 + n, i => $"fragment F{i} on Query {{ __typename }} "),
            "unused selections" => n => "{ __typename } fragment F on Query { " + Repeat(998 + n, _ => "__typename ") + "}",
            "unused aliases" => n => "{ __typename } fragment F on Query { " + Repeat(9 + n, i => $"a{i}: __typename ") + "}",
            "arguments" => n => "{ __typename(" + Repeat(99 + n, i => $"a{i}: $v ") + ") }",
            "directives" => n => "{ __typename " + Repeat(49 + n, _ => "@a ") + "}",
            "variables" => n => "query(" + Repeat(49 + n, i => $"$v{i}: Int ") + ") { __typename }",
            "values" => n => "{ __typename(a: [" + Repeat(1_998 + n, _ => "1 ") + "]) }",
            _ => n => "{ __typename(a: {" + Repeat(1_998 + n, i => $"m{i}: 1 ") + "}) }",
        };

        Assert.Null(await MlflowGraphLimits.FaultAsync(make(1), null, TestContext.Current.CancellationToken));
        Assert.Contains(said, await MlflowGraphLimits.FaultAsync(make(2), null, TestContext.Current.CancellationToken), StringComparison.Ordinal);

        static string Repeat(int count, Func<int, string> part) => string.Concat(Enumerable.Range(0, count).Select(part));
    }

    [Fact]
    public async Task VariablesBeyondTheirBytes_AreRefused() =>
        Assert.Contains(
            "at most 262144",
            (string)(await this.graph.DoAsync("/graphql", new { query = "{ __typename }", variables = new { a = new string('a', 262_144) } }))["errors"]![0]!,
            StringComparison.Ordinal);

    [Fact]
    public async Task FragmentsThatUseThemselvesOrMultiply_AreRefused()
    {
        await ErrorAsync("{ ...F } fragment F on Query { ...F }");
        var doubling = string.Concat(Enumerable.Range(0, 20).Select(i => $"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }} "));
        await ErrorAsync($"{{ ...F0 }} {doubling} fragment F20 on Query {{ __typename }}");
        await ErrorAsync(new string('{', 10_000));
    }

    [Fact]
    public async Task QueryThatNeedsThousandsOfCalls_IsRefused()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        foreach (var batch in Enumerable.Range(0, 1_001).Chunk(50))
        {
            await Task.WhenAll(batch.Select(_ => this.mlflow.NewRunAsync(experiment)));
        }

        var within = await DoAsync(Search(100));
        var beyond = await DoAsync(Search(1_001));

        Assert.Null(within["errors"]);
        Assert.Equal(100, within["data"]!["mlflowSearchRuns"]!["runs"]!.AsArray().Count);
        Assert.Contains("1000 calls", (string)beyond["errors"]![0]!, StringComparison.Ordinal);

        string Search(int most) =>
            $"mutation {{ mlflowSearchRuns(input: {{ experimentIds: [\"{experiment}\"], maxResults: {most} }}) {{ runs {{ experiment {{ name }} modelVersions {{ name }} }} }} }}";
    }

    /// <summary>What is said of a query that cannot be run.</summary>
    private async Task<string> ErrorAsync(string query)
    {
        var answer = await DoAsync(query);
        Assert.Null(answer["data"]);
        return (string)answer["errors"]![0]!;
    }

    private Task<JsonNode> DoAsync(string query) => this.graph.DoAsync("/graphql", new { query });

    private async Task<(string Experiment, string Run, string Model)> FilledAsync()
    {
        var experiment = await this.mlflow.NewExperimentAsync();
        var run = await this.mlflow.NewRunAsync(experiment);
        await this.mlflow.DoAsync("/mlflow/runs/log-batch", new
        {
            run_id = run,
            metrics = new object[] { new { key = "acc", value = 0.5, timestamp = 9_007_199_254_740_993, step = 3 }, new { key = "nan", value = "NaN", timestamp = 1, step = 0 } },
            @params = new[] { new { key = "lr", value = "0.1" } },
        });
        await this.mlflow.DoAsync("/mlflow/runs/log-inputs", new { run_id = run, datasets = new[] { new { dataset = new { name = "train", digest = "d1", source_type = "http", source = "s" } } } });
        using var content = new StringContent("hi");
        using var stored = await server.Http.PutAsync(new Uri($"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/a.txt", UriKind.Relative), content, TestContext.Current.CancellationToken);
        stored.EnsureSuccessStatusCode();
        using var below = new StringContent("b");
        using var deeper = await server.Http.PutAsync(new Uri($"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/sub/b.txt", UriKind.Relative), below, TestContext.Current.CancellationToken);
        deeper.EnsureSuccessStatusCode();
        var model = "m-" + Guid.NewGuid().ToString("N");
        await this.mlflow.DoAsync("/mlflow/registered-models/create", new { name = model });
        await this.mlflow.DoAsync("/mlflow/model-versions/create", new { name = model, source = "s3://bucket/model", run_id = run });
        return (experiment, run, model);
    }
}
