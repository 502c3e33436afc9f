using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CsCheck;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Deployments;

/// <summary>The inference door of the real server, asked as a foreign client would.</summary>
public sealed class OpenInferenceDoorTests(ServerFixture server)
{
    private static readonly string Row = Body("1", "[5.1]", "[3.5]", "[1.4]", "[0.2]");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Server_TellsWhatItIs()
    {
        Assert.True((await Get("/v2/health/live")).GetProperty("live").GetBoolean());
        Assert.True((await Get("/v2/health/ready")).GetProperty("ready").GetBoolean());
        var metadata = await Get("/v2");
        Assert.Equal("mlopsgrains", metadata.GetProperty("name").GetString());
        Assert.Equal(0, metadata.GetProperty("extensions").GetArrayLength());
        Assert.Equal("mlopsgrains", (await Get("/v2/")).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Model_TellsItsTensorsAndIsReady()
    {
        var name = await Deployed.Iris(server);

        foreach (var path in new[] { $"/v2/models/{name}", $"/v2/models/{name}/versions/1", $"/v2/models/{name.Replace("i", "%69", StringComparison.Ordinal)}" })
        {
            var metadata = await Get(path);
            Assert.Equal(("mlopsgrains_mlnet", "1"), (metadata.GetProperty("platform").GetString(), metadata.GetProperty("versions")[0].GetString()));
            Assert.Equal(["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"], metadata.GetProperty("inputs").EnumerateArray().Select(i => i.GetProperty("name").GetString()));
            Assert.Equal("""["setosa","versicolor","virginica"]""", metadata.GetProperty("properties").GetProperty("classes").GetString());
            Assert.Equal([-1, 3], metadata.GetProperty("outputs")[1].GetProperty("shape").EnumerateArray().Select(s => s.GetInt32()));
            var ready = await Get(path + "/ready");
            Assert.Equal((name, true), (ready.GetProperty("name").GetString(), ready.GetProperty("ready").GetBoolean()));
        }

        Assert.Contains(name, (await Get("/v2/models")).GetProperty("models").EnumerateArray().Select(m => m.GetString()));
    }

    [Fact]
    public async Task Infer_EveryForm_GivesTheSameScores()
    {
        var name = await Deployed.Iris(server);

        var flat = await Infer($"/v2/models/{name}/infer", Body("2,1", "[5.1,6.3]", "[3.5,3.3]", "[1.4,6]", "[0.2,2.5]"));
        var nested = await Infer($"/v2/models/{name}/versions/1/infer", Body("2,1", "[[5.1],[6.3]]", "[[3.5],[3.3]]", "[[1.4],[6]]", "[[0.2],[2.5]]", ",\"id\":\"a\\u00e9\""));

        Assert.Equal(["model_name", "model_version", "outputs"], flat.EnumerateObject().Select(m => m.Name));
        Assert.Equal((name, "1", "aé"), (nested.GetProperty("model_name").GetString(), nested.GetProperty("model_version").GetString(), nested.GetProperty("id").GetString()));
        Assert.Equal(["setosa", "virginica"], flat.GetProperty("outputs")[0].GetProperty("data").EnumerateArray().Select(l => l.GetString()));
        Assert.Equal("[2,3]", flat.GetProperty("outputs")[1].GetProperty("shape").GetRawText());
        Assert.Equal(flat.GetProperty("outputs").GetRawText(), nested.GetProperty("outputs").GetRawText());
    }

    [Fact]
    public async Task Infer_NamedOutputs_GivesThoseOnly()
    {
        var name = await Deployed.Iris(server);

        var answer = await Infer($"/v2/models/{name}/infer", Body("1", "[5.1]", "[3.5]", "[1.4]", "[0.2]", ",\"outputs\":[{\"name\":\"scores\"}]"));

        Assert.Equal(["scores"], answer.GetProperty("outputs").EnumerateArray().Select(o => o.GetProperty("name").GetString()));
    }

    /// <summary>Every way that callers have of saying that a value is not there gives the same finite score.</summary>
    [Fact]
    public async Task Infer_MissingValues_AreScored()
    {
        var name = await Deployed.New(server, "gaps-" + Guid.NewGuid().ToString("N"), TinyModels.Binary());
        const string Place = """{"name":"place","datatype":"BYTES","shape":[1],"data":["north"]}""";
        string X(string data) => $$"""{"name":"x","datatype":"FP32","shape":[1],"data":[{{data}}]}""";

        var scores = new List<float>();
        foreach (var inputs in new[] { X("null") + "," + Place, X("NaN") + "," + Place, X("\"NaN\"") + "," + Place, X("\"\"") + "," + Place, Place })
        {
            var answer = await Infer($"/v2/models/{name}/infer", $$"""{"inputs":[{{inputs}}]}""");
            scores.Add(answer.GetProperty("outputs")[1].GetProperty("data")[0].GetSingle());
        }

        Assert.Single(scores.Distinct());
        Assert.InRange(scores[0], 0, 1);
        foreach (var text in new[] { "null", "\"\"" })
        {
            await Infer($"/v2/models/{name}/infer", $$"""{"inputs":[{{X("0.7")}},{{Place.Replace("\"north\"", text, StringComparison.Ordinal)}}]}""");
        }
    }

    /// <summary>A score that is not finite is refused, and its monitor counts nothing.</summary>
    [Fact]
    public async Task Infer_ScoreThatIsNotFinite_Is422AndNotCounted()
    {
        var name = await Deployed.New(server, "refused-" + Guid.NewGuid().ToString("N"));
        using var csv = new StringContent("sepal_length_cm\n5\n6\n7\n");
        var reference = (await Deployed.Send(server, HttpMethod.Post, "/api/v1/blobs", csv)).GetProperty("digest").GetString();
        await Deployed.Send(server, HttpMethod.Put, $"/api/v1/monitors/{name}", JsonContent.Create(new { referenceDigest = reference, features = new[] { "sepal_length_cm" } }));

        for (var i = 0; i < 3; i++)
        {
            using var content = new StringContent(Row.Replace("[5.1]", "[null]", StringComparison.Ordinal), Encoding.UTF8, "application/json");
            using var refused = await server.Http.PostAsync(new Uri($"/v2/models/{name}/infer", UriKind.Relative), content, Ct);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
            Assert.Contains("holds NaN", await refused.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        }

        await Infer($"/v2/models/{name}/infer", Row);
        var counted = 0;
        await Eventually.Async(
            async () => (counted = (await server.Http.GetFromJsonAsync<JsonElement>($"/api/v1/monitors/{name}", Ct)).GetProperty("totalRows").GetInt32()) > 0, cancellationToken: Ct);
        Assert.Equal(1, counted);
    }

    public static TheoryData<string, string, string, int, string> Mistakes => new()
    {
        { "POST", "{m}/infer", "{", 400, "JSON" },
        { "POST", "{m}/infer", "", 400, "" },
        { "POST", "{m}/infer", "{}", 400, "parameter 'inputs'" },
        { "POST", "{m}/infer", """{"inputs":[]}""", 400, "inputs is required" },
        { "POST", "{m}/infer", Row.Replace("sepal_length_cm", "colour", StringComparison.Ordinal), 400, "'colour' is unknown" },
        { "POST", "{m}/infer", Row.Replace("FP32", "FP64", StringComparison.Ordinal), 400, "has datatype FP64; expected FP32" },
        { "POST", "{m}/infer", Row.Replace("[1]", "[1,2]", StringComparison.Ordinal), 400, "elements; found 1" },
        { "POST", "{m}/infer", Row.Replace("[1]", "[1,1,1]", StringComparison.Ordinal), 400, "has shape [1,1,1]; expected [rows,1] or [rows]" },
        { "POST", "{m}/infer", Row.Replace("[5.1]", "[true]", StringComparison.Ordinal), 400, "is not FP32" },
        { "POST", "{m}/infer", Row.Replace("]}]", "]}],\"outputs\":[{\"name\":\"y\"}]", StringComparison.Ordinal), 400, "output 'y' is unknown" },
        { "POST", "{m}/infer", Row.Replace("]}]", "]}],\"parameters\":{\"binary_data_output\":true}", StringComparison.Ordinal), 501, "binary_tensor_data" },
        { "POST", "/v2/models/nobody/infer", Row, 404, "'nobody' not found" },
        { "POST", "/v2/models/no%20body/infer", Row, 404, "not found" },
        { "POST", "{m}/versions/99/infer", Row, 404, "not found" },
        { "POST", "{m}/versions/latest/infer", Row, 404, "not found" },
        { "GET", "/v2/models/nobody", "", 404, "not found" },
        { "GET", "/v2/models/nobody/ready", "", 404, "not found" },
        { "GET", "{m}/versions/99/ready", "", 404, "not found" },
        { "GET", "{m}/infer", "", 405, "not allowed" },
        { "POST", "/v2/models", "", 405, "not allowed" },
        { "GET", "/v2/nothing", "", 404, "" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Mistake_HasItsStatusAndExactlyAnError(string method, string path, string body, int status, string message)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path.Replace("{m}", "/v2/models/" + await Deployed.Iris(server), StringComparison.Ordinal));
        request.Content = method == "POST" ? new StringContent(body, Encoding.UTF8, "application/json") : null;

        using var answer = await server.Http.SendAsync(request, Ct);

        var error = await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("error", Assert.Single(error.EnumerateObject()).Name);
        Assert.Contains(message, error.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Infer_BinaryBody_IsNotSupported()
    {
        using var content = new ByteArrayContent([.. Encoding.UTF8.GetBytes(Row), 1, 2, 3]);
        content.Headers.Add("Inference-Header-Content-Length", "10");

        using var answer = await server.Http.PostAsync(new Uri($"/v2/models/{await Deployed.Iris(server)}/infer", UriKind.Relative), content, Ct);

        Assert.Equal(HttpStatusCode.NotImplemented, answer.StatusCode);
    }

    /// <summary>Damaged requests are the caller's mistakes: never a 5xx, and the server goes on.</summary>
    [Fact]
    public async Task Infer_ThousandsOfDamagedBodies_NeverFails()
    {
        var path = new Uri($"/v2/models/{await Deployed.Iris(server)}/infer", UriKind.Relative);
        var good = Encoding.UTF8.GetBytes(Row);
        var random = new Random(4711);
        await Parallel.ForEachAsync(Enumerable.Range(0, 3000).Select(_ => Damage(good, random)), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Ct }, async (body, ct) =>
        {
            using var content = new ByteArrayContent(body);
            using var answer = await server.Http.PostAsync(path, content, ct);
            Assert.True((int)answer.StatusCode < 500, $"{(int)answer.StatusCode}: {Encoding.UTF8.GetString(body)}");
        });

        await Infer(path.ToString(), Row);
    }

    private static byte[] Damage(byte[] good, Random random)
    {
        var body = (byte[])good.Clone();
        for (var i = random.Next(1, 5); i > 0; i--)
        {
            body[random.Next(body.Length)] = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)"[]{}\",:0-9eE."[random.Next(14 - 1)];
        }

        return random.Next(5) == 0 ? body[..random.Next(body.Length)] : body;
    }

    private static string Body(string shape, string a, string b, string c, string d, string more = "") =>
        $$"""{"inputs":[{"name":"sepal_length_cm","datatype":"FP32","shape":[{{shape}}],"data":{{a}}},{"name":"sepal_width_cm","datatype":"FP32","shape":[{{shape}}],"data":{{b}}},{"name":"petal_length_cm","datatype":"FP32","shape":[{{shape}}],"data":{{c}}},{"name":"petal_width_cm","datatype":"FP32","shape":[{{shape}}],"data":{{d}}}]{{more}}}""";

    private async Task<JsonElement> Get(string path)
    {
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), Ct);
        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }

    private async Task<JsonElement> Infer(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await server.Http.PostAsync(new Uri(path, UriKind.Relative), content, Ct);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync(Ct));
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Ct);
    }
}
