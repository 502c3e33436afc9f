using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Pipelines;

public sealed class PipelinesEndpointsTests(ServerFixture server)
{
    private static readonly string TooDeep = "name: door-broken\nsteps: " + new string('[', 100);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Broken => new()
    {
        { "name: door-broken\nsteps: [{name: a, uses: dataset/load, needs: b}, {name: b, uses: dataset/load, needs: a}]", "steps.a.needs", "form a cycle: a → b → a (line 2, column 9)" },
        { "name: door-broken\nsteps: [{name: a, uses: dataset/load, with: {dataset: '${params.x}'}}]", "steps.a.with.dataset", "unknown param 'x' (line 2, column 55)" },
        { "name: door-broken\nsteps: [{name: a, uses: dataset/load, with: {dataset: '${steps.z.outputs.digest}'}}]", "steps.a.with.dataset", "unknown step 'z'" },
        { "a: &a [lol, lol]\nb: &b [*a, *a]\nc: &c [*b, *b]", "yaml", "Anchors (&a) are not allowed in a definition (line 1, column 4)" },
        { TooDeep, "yaml", "deeper than 32 levels (line 2, column " },
        { "name: " + new string('x', 2 << 20), "yaml", "larger than 1048576 bytes (line 1, column 1)" },
        { "name: [unclosed", "yaml", "(line " },
        { "", "yaml", "(line 1, column 1)" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task Register_BrokenYaml_Is400WithFieldAndPlaceAndChangesNothing(string yaml, string field, string message)
    {
        var response = await Post("/api/v1/pipelines", yaml, "application/yaml");

        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(field, problem.GetProperty("field").GetString());
        Assert.Contains(message, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync("/api/v1/pipelines/door-broken", Token)).StatusCode);
    }

    [Fact]
    public async Task Register_BytesThatAreNoText_Is400()
    {
        using var content = new ByteArrayContent([0x6E, 0xFF, 0xFE]);

        var response = await server.Http.PostAsync("/api/v1/pipelines", content, Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("yaml", (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("field").GetString());
    }

    [Fact]
    public async Task Pipeline_LivesItsWholeLifeOverHttp()
    {
        const string Yaml = "name: door\nparams: {n: 1}\nsteps: [{name: a, uses: dataset/load, with: {dataset: no-such-dataset}}]";
        Assert.Equal(HttpStatusCode.Created, (await Post("/api/v1/pipelines", Yaml, "application/yaml")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await Post("/api/v1/pipelines/door/runs", """{"params":{"n":"x"}}""")).StatusCode);
        var started = await Post("/api/v1/pipelines/door/runs", """{"idempotencyKey":"once"}""");
        var id = (await started.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("pipelineRunId").GetString();
        var again = await (await Post("/api/v1/pipelines/door/runs", """{"idempotencyKey":"once"}""")).Content.ReadFromJsonAsync<JsonElement>(Token);

        Assert.Equal((HttpStatusCode.Created, id), (started.StatusCode, again.GetProperty("pipelineRunId").GetString()));
        var run = await Ended(id!);
        Assert.Equal(("failed", "failed"), (run.GetProperty("status").GetString(), run.GetProperty("steps")[0].GetProperty("status").GetString()));
        Assert.Contains("no-such-dataset", run.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(id, (await Get("/api/v1/pipelines/door/runs?limit=5"))[0].GetProperty("pipelineRunId").GetString());
        Assert.Equal(JsonValueKind.Array, (await Get($"/api/v1/pipeline-runs/{id}/logs")).ValueKind);
        Assert.Contains((await Get("/api/v1/pipelines?limit=1000")).GetProperty("items").EnumerateArray(), p => p.GetProperty("yaml").GetString() == Yaml);
        Assert.Equal(1, (await Get("/api/v1/pipelines/door?version=1")).GetProperty("version").GetInt32());
        Assert.Equal(HttpStatusCode.OK, (await Post($"/api/v1/pipeline-runs/{id}/cancel", """{"reason":"late"}""")).StatusCode);
    }

    [Fact]
    public async Task Validation_ListsWhatIsWrongAndRegistersNothing()
    {
        const string Yaml = "name: door-checked\nsteps: [{name: a, uses: dataset/load, with: {dataset: d, version: 0}}, {name: b, uses: data/split, with: {data: x, test: 2}}]";

        var check = await (await Post("/api/v1/pipelines/validation", Yaml, "application/yaml")).Content.ReadFromJsonAsync<JsonElement>(Token);
        var right = await (await Post("/api/v1/pipelines/validation", Yaml[..Yaml.IndexOf(", version", StringComparison.Ordinal)] + "}}]", "application/yaml")).Content.ReadFromJsonAsync<JsonElement>(Token);

        Assert.False(check.GetProperty("valid").GetBoolean());
        Assert.Equal(
            [("steps.a.with.version", 2), ("steps.b.with.data", 2), ("steps.b.with.test", 2)],
            check.GetProperty("faults").EnumerateArray().Select(f => (f.GetProperty("field").GetString(), f.GetProperty("line").GetInt32())));
        Assert.Equal((true, "door-checked"), (right.GetProperty("valid").GetBoolean(), right.GetProperty("pipeline").GetString()));
        Assert.Equal(HttpStatusCode.NotFound, (await server.Http.GetAsync("/api/v1/pipelines/door-checked", Token)).StatusCode);
    }

    [Fact]
    public async Task StepKinds_SayWhatTheyTake()
    {
        var train = (await Get("/api/v1/pipeline-step-kinds")).EnumerateArray().Single(k => k.GetProperty("uses").GetString() == "model/train");

        var trees = train.GetProperty("inputs").EnumerateArray().Single(i => i.GetProperty("name").GetString() == "trees");
        Assert.Equal(("wholeNumber", "100", 1, 2000), (trees.GetProperty("type").GetString(), trees.GetProperty("default").GetString(), trees.GetProperty("min").GetInt32(), trees.GetProperty("max").GetInt32()));
        Assert.Contains(train.GetProperty("outputs").EnumerateArray(), o => o.GetString() == "run_id");
    }

    [Theory]
    [InlineData("""{"params":{"n":7,"t":true,"s":"x"}}""", "7", "true")]
    [InlineData("""{"params":{"n":0.50,"t":"False"}}""", "0.50", "false")]
    [InlineData("{}", "1", "false")]
    [InlineData("", "1", "false")]
    public async Task Start_TakesParamsAsTheyAreWritten(string body, string n, string t)
    {
        await Post("/api/v1/pipelines", "name: typed\nparams: {n: 1, t: false, s: a}\nsteps: [{name: a, uses: dataset/load, with: {dataset: no-such-dataset}}]", "application/yaml");

        var response = body.Length == 0 ? await server.Http.PostAsync("/api/v1/pipelines/typed/runs", null, Token) : await Post("/api/v1/pipelines/typed/runs", body);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var values = (await response.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("params");
        Assert.Equal((n, t), (values.GetProperty("n").GetString(), values.GetProperty("t").GetString()));
    }

    [Theory]
    [InlineData("/api/v1/pipelines/typed/runs", """{"params":{"n":[1]}}""", "params.n", "params.n must be a text, number or boolean.")]
    [InlineData("/api/v1/pipelines/typed/runs", """{"parameters":{"n":1}}""", "parameters", "Unknown field 'parameters'; expected one of params, idempotencyKey, cause.")]
    [InlineData("/api/v1/pipeline-runs/00000000000000000000000000000000/cancel", "", null, "The request has no body; expected a JSON object.")]
    public async Task Body_ThatIsWrong_IsToldInTheFieldsOfTheApi(string path, string body, string? field, string message)
    {
        var response = body.Length == 0 ? await server.Http.PostAsync(path, null, Token) : await Post(path, body);

        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Token);
        Assert.Equal((HttpStatusCode.BadRequest, message), (response.StatusCode, problem.GetProperty("detail").GetString()));
        Assert.Equal(field, problem.TryGetProperty("field", out var f) ? f.GetString() : null);
    }

    [Theory]
    [InlineData("/api/v1/pipelines/none", 404)]
    [InlineData("/api/v1/pipelines/none/runs", 404)]
    [InlineData("/api/v1/pipelines/%2e%2e%2fx", 400)]
    [InlineData("/api/v1/pipelines?limit=0", 400)]
    [InlineData("/api/v1/pipeline-runs/none", 404)]
    [InlineData("/api/v1/pipeline-runs/00000000000000000000000000000000", 404)]
    [InlineData("/api/v1/pipeline-runs/00000000000000000000000000000000/logs", 404)]
    public async Task Get_WhatIsNotThere_IsAClearRefusal(string path, int status) => Assert.Equal(status, (int)(await server.Http.GetAsync(path, Token)).StatusCode);

    private Task<HttpResponseMessage> Post(string path, string body, string type = "application/json") =>
        server.Http.PostAsync(path, new StringContent(body, Encoding.UTF8, type), Token);

    private async Task<JsonElement> Get(string path) => await server.Http.GetFromJsonAsync<JsonElement>(path, Token);

    private async Task<JsonElement> Ended(string id)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var run = await Get($"/api/v1/pipeline-runs/{id}");
            if (run.GetProperty("status").GetString() != "running")
            {
                return run;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
        }
    }
}
