using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>All through one door, whose failing routes throw what the test at hand gave them.</summary>
public sealed class RefusalTests(RefusalTests.FailingDoor door) : IClassFixture<RefusalTests.FailingDoor>
{
    [Theory]
    [InlineData(ErrorKind.InvalidInput, 400, 400, "INVALID_PARAMETER_VALUE")]
    [InlineData(ErrorKind.NotFound, 404, 404, "RESOURCE_DOES_NOT_EXIST")]
    [InlineData(ErrorKind.AlreadyExists, 409, 400, "RESOURCE_ALREADY_EXISTS")]
    [InlineData(ErrorKind.Conflict, 409, 400, "INVALID_PARAMETER_VALUE")]
    [InlineData(ErrorKind.TooLarge, 413, 413, "INVALID_PARAMETER_VALUE")]
    [InlineData(ErrorKind.Overloaded, 429, 429, "REQUEST_LIMIT_EXCEEDED")]
    [InlineData(ErrorKind.Unavailable, 503, 503, "TEMPORARILY_UNAVAILABLE")]
    [InlineData(ErrorKind.NotSupported, 501, 501, "NOT_IMPLEMENTED")]
    [InlineData(ErrorKind.Unprocessable, 422, 400, "INVALID_PARAMETER_VALUE")]
    [InlineData(ErrorKind.PermissionDenied, 403, 403, "PERMISSION_DENIED")]
    [InlineData(ErrorKind.DataLoss, 500, 500, "DATA_LOSS")]
    public async Task Kind_HasItsAnswer_InEachDialect(ErrorKind kind, int status, int mlflowStatus, string code)
    {
        door.Throws = new MlopsException(kind, "because", "a.b");
        var waits = kind is ErrorKind.Overloaded or ErrorKind.Unavailable;

        var (native, problem) = await GetAsync("/api/v1/fail");
        Assert.Equal(status, (int)native.StatusCode);
        Assert.Equal("application/problem+json", native.Content.Headers.ContentType!.MediaType);
        Assert.Equal("because", problem.GetProperty("detail").GetString());
        Assert.Equal("a.b", problem.GetProperty("field").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Equal(waits, native.Headers.RetryAfter is not null);

        var (mlflow, error) = await GetAsync("/api/2.0/mlflow/fail");
        Assert.Equal(mlflowStatus, (int)mlflow.StatusCode);
        Assert.Equal(code, error.GetProperty("error_code").GetString());
        Assert.Equal("because", error.GetProperty("message").GetString());
        Assert.Equal(waits, mlflow.Headers.RetryAfter is not null);

        var (inference, text) = await GetAsync("/v2/fail");
        Assert.Equal(status, (int)inference.StatusCode);
        Assert.Equal("because", text.GetProperty("error").GetString());
    }

    [Fact]
    public async Task Bug_TellsNothingOfTheInside()
    {
        door.Throws = new InvalidOperationException("secret inside");

        foreach (var path in new[] { "/api/v1/fail", "/api/2.0/mlflow/fail", "/v2/fail" })
        {
            var answer = await door.Http.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
            Assert.DoesNotContain("secret", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    public static TheoryData<Exception> Unreachable =>
        [new TimeoutException("30 s"), new SiloUnavailableException("gone"), new AggregateException(new TimeoutException())];

    [Theory]
    [MemberData(nameof(Unreachable))]
    public async Task SiloThatDoesNotAnswer_Is503_WithRetryAfter(Exception exception)
    {
        door.Throws = exception;

        var (answer, error) = await GetAsync("/api/2.0/mlflow/fail");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal("TEMPORARILY_UNAVAILABLE", error.GetProperty("error_code").GetString());
    }

    [Theory]
    [InlineData("""{"name":"a"}""", 200, null)]
    [InlineData("""{"name":"a","size":1.5,"color":"darkRed"}""", 200, null)]
    [InlineData("""{}""", 400, "name")]
    [InlineData("""{"name":null}""", 400, "name")]
    [InlineData("""{"name":5}""", 400, "name")]
    [InlineData("""{"name":"a","nope":1}""", 400, "nope")]
    [InlineData("""{"name":"a","inner":{"nope":1}}""", 400, "inner.nope")]
    [InlineData("""{"name":"a","inner":{}}""", 400, "inner.count")]
    [InlineData("""{"name":"a","size":"1.5"}""", 400, "size")]
    [InlineData("""{"name":"a","size":"NaN"}""", 400, "size")]
    [InlineData("""{"name":"a","size":NaN}""", 400, "size")]
    [InlineData("""{"name":"a","size":1e999}""", 400, "size")]
    [InlineData("""{"name":"a","color":1}""", 400, "color")]
    [InlineData("""{"name":"a","color":"blue"}""", 400, "color")]
    [InlineData("""{"name":"a","name":"b"}""", 400, "name")]
    [InlineData("""{"name":"a\ud800"}""", 400, "name")]
    [InlineData("""{"name":"a" """, 400, null)]
    [InlineData("""not json""", 400, null)]
    [InlineData("", 400, null)]
    [InlineData("null", 400, null)]
    [InlineData("[]", 400, null)]
    public async Task NativeBody_IsTakenStrictly_AndAFaultIsNamed(string body, int status, string? field)
    {
                using var content = new StringContent(body, Encoding.UTF8, "application/json");

        var answer = await door.Http.PostAsync("/api/v1/thing", content, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)answer.StatusCode);
        if (status != 200)
        {
            using var problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.DoesNotContain("MlopsGrains", problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
            if (field is not null)
            {
                Assert.Equal(field, problem.RootElement.GetProperty("field").GetString());
            }
        }
    }

    [Fact]
    public async Task NativeBody_TooDeep_Is400()
    {
                using var content = new StringContent(string.Concat(Enumerable.Repeat("{\"next\":", 40)) + "1" + new string('}', 40), Encoding.UTF8, "application/json");

        var answer = await door.Http.PostAsync("/api/v1/thing", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Parameter_ThatDoesNotParse_IsNamed()
    {
        
        var (answer, problem) = await GetAsync("/api/v1/audit/events?limit=many");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("limit", problem.GetProperty("field").GetString());

        (answer, problem) = await GetAsync("/api/v1/audit/events?limit=1001");
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("1000", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("application/xml")]
    [InlineData(null)]
    public async Task NativeBody_OfAnotherType_Is415(string? type)
    {
                using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.ContentType = type is null ? null : new(type);

        var answer = await door.Http.PostAsync("/api/v1/thing", content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("/api/v1/nothing", "detail")]
    [InlineData("/nothing", "detail")]
    [InlineData("/api/2.0/mlflow/nothing", "message")]
    [InlineData("/ajax-api/2.0/mlflow/nothing", "message")]
    [InlineData("/v2/nothing", "error")]
    public async Task UnknownPath_Is404_InTheDialect(string path, string member)
    {
        var (answer, body) = await GetAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains(path, body.GetProperty(member).GetString(), StringComparison.Ordinal);
        if (member == "message")
        {
            Assert.Equal("ENDPOINT_NOT_FOUND", body.GetProperty("error_code").GetString());
        }
    }

    [Theory]
    [InlineData("/api/v1/audit/events", "detail")]
    [InlineData("/api/2.0/mlflow/runs/get", "message")]
    public async Task WrongMethod_Is405_InTheDialect(string path, string member)
    {
        var answer = await door.Http.DeleteAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Contains("DELETE", body.RootElement.GetProperty(member).GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryAnswer_HasTheSecurityHeaders()
    {
        
        foreach (var path in new[] { "/version", "/api/v1/fail", "/api/v1/nothing", "/health" })
        {
            var answer = await door.Http.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("SAMEORIGIN", answer.Headers.GetValues("X-Frame-Options").Single());
        }
    }

    [Fact]
    public async Task Health_WithoutASilo_Is503Text()
    {
        var answer = await door.Http.GetAsync("/health", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BodyBeyondTheLimit_Is413_AndNamesIt(bool chunked)
    {
        await using var narrow = await Door.OpenAsync(null, ("Gateway:JsonBodyBytesMax", "2000"));

        // The frames of a chunked body count as its bytes.
        var (atLimit, _) = await PostAsync(chunked ? 1980 : 2000);
        Assert.Equal(HttpStatusCode.BadRequest, atLimit.StatusCode);

        var (beyond, message) = await PostAsync(2001);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, beyond.StatusCode);
        Assert.Contains("2000", message, StringComparison.Ordinal);
        Assert.Contains("Gateway:JsonBodyBytesMax", message, StringComparison.Ordinal);

        async Task<(HttpResponseMessage, string)> PostAsync(int bytes)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/2.0/mlflow/runs/log-batch")
            {
                Content = new StringContent("{\"x\":\"" + new string('x', bytes - 8) + "\"}", Encoding.UTF8, "application/json"),
            };
            request.Headers.TransferEncodingChunked = chunked;
            var answer = await narrow.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return (answer, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    private async Task<(HttpResponseMessage Answer, JsonElement Body)> GetAsync(string path)
    {
        var answer = await door.Http.GetAsync(path, TestContext.Current.CancellationToken);
        return (answer, JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement);
    }

    /// <summary>The class's door; its tests run one after the other.</summary>
    public sealed class FailingDoor : IAsyncLifetime
    {
        private Door? door;

        public Exception Throws { get; set; } = new InvalidOperationException();

        public HttpClient Http => this.door!.Http;

        public async ValueTask InitializeAsync() => this.door = await Door.OpenAsync(endpoints =>
        {
            foreach (var path in new[] { "/api/v1/fail", "/api/2.0/mlflow/fail", "/v2/fail" })
            {
                endpoints.MapGet(path, IResult () => throw Throws).RequiresSignIn();
            }

            endpoints.MapPost("/api/v1/thing", (Thing thing) => TypedResults.Ok(thing)).RequiresSignIn();
        });

        public ValueTask DisposeAsync() => this.door!.DisposeAsync();
    }

    internal enum Color
    {
        DarkRed,
    }

    internal sealed record Inner(int Count);

    internal sealed record Thing(string Name, double? Size = null, Color? Color = null, Inner? Inner = null);
}
