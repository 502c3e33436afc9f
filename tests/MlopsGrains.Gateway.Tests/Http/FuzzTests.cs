using System.Collections.Concurrent;
using System.Text;
using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>Tens of thousands of damaged requests: whatever comes in, the answer is never a server error and never missing, and nothing piles up.</summary>
public sealed class FuzzTests(ServerFixture server)
{
    private const int Requests = 25_000;

    /// <summary>Some damaged requests are still good ones, and what they create is kept: a few thousand runs and experiments.</summary>
    private const long GrowthBytesMax = 128L * 1024 * 1024;

    private static readonly string[] PathInserts = ["%2e%2e/", "%00", "%ff", "%25", "//", "?", "&", "=", "%E2%80%AE", "-1"];

    private static readonly string[] BodyInserts = ["null", "\"", "{", "]", "-9223372036854775809", "1e400", "\\ud800", "NaN", "'", "%"];

    [Fact]
    public async Task DamagedRequests_AreRefusedOrServed_NeverFailed()
    {
        var mlflow = new MlflowCaller(server.Http);
        var witness = await mlflow.NewRunAsync();
        await mlflow.DoAsync("/mlflow/runs/log-parameter", new { run_id = witness, key = "p", value = "v" });
        var before = (await mlflow.RunAsync(witness)).ToJsonString();
        var originals = Originals(await mlflow.NewExperimentAsync(), await mlflow.NewRunAsync());
        var failures = new ConcurrentQueue<string>();
        await SendAsync(0, Requests / 2);
        var halfway = GC.GetTotalMemory(forceFullCollection: true);
        await SendAsync(Requests / 2, Requests);

        Assert.Empty(failures);

        // Tests beside this one hold memory too, for a while; what piled up would stay.
        await Eventually.Async(
            () => Task.FromResult(GC.GetTotalMemory(forceFullCollection: true) - halfway < GrowthBytesMax), TimeSpan.FromMinutes(3), TestContext.Current.CancellationToken);
        Assert.Equal(before, (await mlflow.RunAsync(witness)).ToJsonString());
        Assert.Equal("OK", await server.Http.GetStringAsync("/health", TestContext.Current.CancellationToken));

        Task SendAsync(int from, int to) => Parallel.ForAsync(from, to, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, async (i, cancellationToken) =>
        {
            var random = new Random(i);
            var (method, path, body) = originals[i % originals.Length];
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(server.BaseAddress, Damage(path, random, random.Next(3) == 0 ? 2 : 0)));
            if (body is not null)
            {
                request.Content = new ByteArrayContent(Damage(Encoding.UTF8.GetBytes(body), random));
                request.Content.Headers.TryAddWithoutValidation("Content-Type", random.Next(20) == 0 ? "text/plain" : "application/json");
            }

            // The client's own time limit of a minute is the hang that fails the test.
            using var answer = await server.Http.SendAsync(request, cancellationToken);
            if ((int)answer.StatusCode >= 500)
            {
                failures.Enqueue($"seed {i}: {method} {request.RequestUri}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync(cancellationToken)}");
            }
        });
    }

    private static (string Method, string Path, string? Body)[] Originals(string experiment, string run) =>
    [
        ("POST", "/api/2.0/mlflow/experiments/create", """{"name":"fuzz","tags":[{"key":"k","value":"v"}]}"""),
        ("GET", $"/api/2.0/mlflow/experiments/get?experiment_id={experiment}", null),
        ("POST", "/api/2.0/mlflow/experiments/search", """{"max_results":10,"filter":"name LIKE 'fuzz%' AND tags.k = 'v'","order_by":["name DESC"]}"""),
        ("POST", "/api/2.0/mlflow/experiments/set-experiment-tag", $$"""{"experiment_id":"{{experiment}}","key":"k","value":"v"}"""),
        ("POST", "/api/2.0/mlflow/runs/create", $$"""{"experiment_id":"{{experiment}}","run_name":"fuzz","start_time":1700000000000,"tags":[{"key":"a","value":"b"}]}"""),
        ("GET", $"/api/2.0/mlflow/runs/get?run_id={run}", null),
        ("POST", "/api/2.0/mlflow/runs/update", $$"""{"run_id":"{{run}}","status":"FINISHED","end_time":1700000000000}"""),
        ("POST", "/api/2.0/mlflow/runs/log-metric", $$"""{"run_id":"{{run}}","key":"m","value":0.5,"timestamp":1700000000000,"step":3}"""),
        ("POST", "/api/2.0/mlflow/runs/log-parameter", $$"""{"run_id":"{{run}}","key":"p","value":"v"}"""),
        ("POST", "/api/2.0/mlflow/runs/log-batch", $$"""{"run_id":"{{run}}","metrics":[{"key":"m","value":1.25,"timestamp":17,"step":1},{"key":"n","value":"NaN","timestamp":18}],"params":[{"key":"q","value":"1"}],"tags":[{"key":"t","value":"x"}]}"""),
        ("POST", "/api/2.0/mlflow/runs/log-inputs", $$"""{"run_id":"{{run}}","datasets":[{"dataset":{"name":"d","digest":"1","source_type":"s","source":"x"} }]}"""),
        ("POST", "/api/2.0/mlflow/runs/search", $$"""{"experiment_ids":["{{experiment}}"],"filter":"metrics.m > 0.1 AND params.q = '1'","order_by":["metrics.m DESC"],"max_results":5}"""),
        ("GET", $"/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=m&max_results=10", null),
        ("GET", $"/api/2.0/mlflow/artifacts/list?run_id={run}&path=a", null),
        ("POST", "/graphql", $$"""{"query":"query G($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { run { info { runId status } experiment { name } } apiError { code } } }","operationName":"G","variables":{"data":{"runId":"{{run}}"} } }"""),
        ("POST", "/graphql", $$"""{"query":"mutation { mlflowSearchRuns(input: { experimentIds: [\"{{experiment}}\"], maxResults: 5, filter: \"metrics.m > 0.1\" }) { runs { data { metrics { value step } } } } }"}"""),
        ("PUT", $"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/a/b.txt", "bytes"),
        ("GET", $"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/a/b.txt", null),
        ("POST", "/api/2.0/mlflow/registered-models/create", """{"name":"fuzz","description":"d","tags":[{"key":"k","value":"v"}]}"""),
        ("GET", "/api/2.0/mlflow/registered-models/get?name=fuzz", null),
        ("GET", "/api/2.0/mlflow/registered-models/search?filter=name%20LIKE%20'fuzz%25'%20AND%20tags.k%3D'v'&order_by=name%20DESC&max_results=5", null),
        ("POST", "/api/2.0/mlflow/registered-models/alias", """{"name":"fuzz","alias":"champion","version":"1"}"""),
        ("POST", "/api/2.0/mlflow/registered-models/get-latest-versions", """{"name":"fuzz","stages":["None","Staging"]}"""),
        ("POST", "/api/2.0/mlflow/model-versions/create", """{"name":"fuzz","source":"s3://bucket/model","run_id":"r","tags":[{"key":"k","value":"v"}]}"""),
        ("PATCH", "/api/2.0/mlflow/model-versions/update", """{"name":"fuzz","version":"1","description":"d"}"""),
        ("POST", "/api/2.0/mlflow/model-versions/transition-stage", """{"name":"fuzz","version":"1","stage":"Staging","archive_existing_versions":true}"""),
        ("DELETE", "/api/2.0/mlflow/model-versions/delete-tag", """{"name":"fuzz","version":"1","key":"k"}"""),
        ("GET", "/api/2.0/mlflow/model-versions/search?filter=version_number%3E0&order_by=version_number&max_results=5", null),
        ("POST", "/api/2.0/mlflow/webhooks", """{"name":"fuzz","url":"https://fuzz.invalid/hook","status":"DISABLED","events":[{"entity":"PROMPT","action":"CREATED"}]}"""),
        ("GET", "/api/2.0/mlflow/webhooks?max_results=5", null),
        ("PATCH", "/api/2.0/mlflow/webhooks/0191e2c4-0000-7000-8000-000000000001", """{"status":"ACTIVE","events":[{"entity":"PROMPT","action":"CREATED"}]}"""),
        ("GET", "/api/v1/webhooks/0191e2c4-0000-7000-8000-000000000001/deliveries?limit=5", null),
        ("PUT", "/api/v1/models/fuzz/versions/1/stage", """{"stage":"production","archiveExisting":false}"""),
        ("POST", "/api/v1/experiments", """{"name":"native fuzz","tags":[{"key":"k","value":"v"}]}"""),
        ("POST", "/api/v1/runs", $$"""{"experimentId":"{{experiment}}","runName":"r","startTime":5}"""),
        ("PATCH", $"/api/v1/runs/{run}", """{"status":"finished","endTime":9}"""),
        ("POST", $"/api/v1/runs/{run}/batches", """{"metrics":[{"key":"m","value":0.5,"timestamp":1,"step":1}],"params":[],"tags":[],"producer":{"producerId":"w","sequence":1}}"""),
        ("POST", "/api/v1/runs/search", $$"""{"experimentIds":["{{experiment}}"],"filter":"tags.t LIKE '%x'","view":"all","maxResults":3}"""),
        ("GET", $"/api/v1/runs/{run}/metrics?key=m&limit=5", null),
        ("GET", "/api/v1/audit/events?after=0&limit=5", null),
        ("POST", "/api/2.0/mlflow/runs/search", $$"""{"experiment_ids":["{{experiment}}"],"filter":"(max(metrics.m) > 0.1 OR NOT params.q = '1') AND tags.t IN ('x','y')","order_by":["tags.t","attributes.start_time DESC"]}"""),
        ("POST", "/api/2.0/mlflow/runs/outputs", $$"""{"run_id":"{{run}}","models":[{"model_id":"m-0123456789abcdef0123456789abcdef","step":1}]}"""),
        ("POST", "/api/2.0/mlflow/runs/log-model", $$"""{"run_id":"{{run}}","model_json":"{\"artifact_path\":\"m\",\"flavors\":{},\"utc_time_created\":\"2026-01-01\",\"run_id\":\"{{run}}\"}"}"""),
        ("GET", $"/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id={run}&metric_key=m&max_results=10", null),
        ("GET", $"/api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={run}&metric_key=m&start_step=0&end_step=9&max_results=3", null),
        ("POST", "/api/2.0/mlflow/logged-models", $$"""{"experiment_id":"{{experiment}}","name":"fuzz","source_run_id":"{{run}}","params":[{"key":"a","value":"b"}],"tags":[{"key":"c","value":"d"}]}"""),
        ("POST", "/api/2.0/mlflow/logged-models/search", $$"""{"experiment_ids":["{{experiment}}"],"filter":"name = 'fuzz' AND params.a LIKE 'b%'","order_by":[{"field_name":"metrics.m","ascending":false}],"max_results":3}"""),
        ("POST", "/api/2.0/mlflow/registered-models/create", """{"name":"fuzz","description":"d","tags":[{"key":"k","value":"v"}]}"""),
        ("GET", "/api/2.0/mlflow/registered-models/search?filter=name%20LIKE%20%27f%25%27&max_results=3&order_by=name%20DESC", null),
        ("POST", "/api/2.0/mlflow/model-versions/create", $$"""{"name":"fuzz","source":"mlflow-artifacts:/{{experiment}}/{{run}}/artifacts/model","run_id":"{{run}}","tags":[{"key":"k","value":"v"}]}"""),
        ("GET", "/api/2.0/mlflow/model-versions/search?filter=name%3D%27fuzz%27&max_results=3", null),
        ("POST", "/api/2.0/mlflow/registered-models/alias", """{"name":"fuzz","alias":"champion","version":"1"}"""),
        ("POST", "/api/2.0/mlflow/model-versions/transition-stage", """{"name":"fuzz","version":"1","stage":"Staging","archive_existing_versions":true}"""),
        ("POST", "/api/2.0/mlflow/webhooks", """{"name":"fuzz","url":"https://198.51.100.1/hook","events":[{"entity":"REGISTERED_MODEL","action":"CREATED"}],"status":"DISABLED"}"""),
        ("POST", "/api/2.0/mlflow-artifacts/mpu/create/0/a/b.bin", """{"path":"b.bin","num_parts":2}"""),
        ("GET", $"/api/v1/runs/{run}/metrics/m/history?points=10", null),
    ];

    private static string Damage(string path, Random random, int times)
    {
        var text = new StringBuilder(path);
        for (; times > 0 && text.Length > 1; times--)
        {
            var at = random.Next(1, text.Length);
            switch (random.Next(4))
            {
                case 0:
                    text[at] = (char)random.Next('!', '~');
                    break;
                case 1:
                    text.Insert(at, PathInserts[random.Next(PathInserts.Length)]);
                    break;
                case 2:
                    text.Remove(at, Math.Min(random.Next(1, 8), text.Length - at));
                    break;
                default:
                    text.Append(random.Next());
                    break;
            }
        }

        // A second slash at the start would name another host.
        return "/" + text.ToString().TrimStart('/').Replace('\\', 'x');
    }

    private static byte[] Damage(byte[] body, Random random)
    {
        var bytes = body.ToList();
        for (var times = random.Next(1, 4); times > 0 && bytes.Count > 0; times--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 10), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(BodyInserts[random.Next(BodyInserts.Length)]));
                    break;
                case 3:
                    bytes[at] = "\"{}[]:,0'%"u8[random.Next(10)];
                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(30, bytes.Count - at)));
                    break;
            }
        }

        return [.. bytes];
    }
}
