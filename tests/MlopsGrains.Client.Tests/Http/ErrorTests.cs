using System.Net;
using MlopsGrains.Errors;

namespace MlopsGrains.Client.Tests.Http;

public sealed class ErrorTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(400, ErrorKind.InvalidInput)]
    [InlineData(404, ErrorKind.NotFound)]
    [InlineData(409, ErrorKind.Conflict)]
    [InlineData(413, ErrorKind.TooLarge)]
    [InlineData(422, ErrorKind.Unprocessable)]
    [InlineData(429, ErrorKind.Overloaded)]
    [InlineData(500, ErrorKind.Unavailable)]
    [InlineData(501, ErrorKind.NotSupported)]
    [InlineData(503, ErrorKind.Unavailable)]
    public async Task ProblemDetails_BecomeTheException(int status, ErrorKind kind)
    {
        var e = await RefusedAsync(status, """{"title":"T","detail":"metrics[0].key has 251 characters; at most 250.","field":"metrics[0].key"}""");

        Assert.Equal((kind, "metrics[0].key", "metrics[0].key has 251 characters; at most 250."), (e.Kind, e.Field, e.Message));
    }

    [Fact]
    public async Task Kind_WinsOverStatus() =>
        Assert.Equal(ErrorKind.AlreadyExists, (await RefusedAsync(409, """{"detail":"d","kind":"alreadyExists"}""")).Kind);

    [Fact]
    public async Task OpenInferenceError_IsTheMessage() => Assert.Equal("no such model", (await RefusedAsync(404, """{"error":"no such model"}""")).Message);

    [Theory]
    [InlineData("<html>Bad Gateway</html>", "<html>Bad Gateway</html>")]
    [InlineData("", "HTTP 400: the answer says no more")]
    [InlineData("[1]", "[1]")]
    [InlineData("{\"detail\":7}", "HTTP 400: the answer says no more")]
    public async Task AnyBody_GivesAMessage(string body, string message) => Assert.Equal(message, (await RefusedAsync(400, body)).Message);

    [Fact]
    public async Task LongBody_IsCut() => Assert.True((await RefusedAsync(400, new string('x', 100_000))).Message.Length < 3000);

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task NotLetIn_NamesTheSetting(int status)
    {
        var e = await RefusedAsync(status, "");

        Assert.Equal("ApiKey", e.Field);
        Assert.Contains($"HTTP {status}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_ThatIsNoJson_IsSaid()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, "<html>");

        var e = await Assert.ThrowsAsync<MlopsException>(() => gateway.Connect().GetInfoAsync(Cancel));

        Assert.Equal(ErrorKind.NotSupported, e.Kind);
        Assert.Contains("GET api/v1/info", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unreachable_NamesTheAddress()
    {
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = new Uri("http://127.0.0.1:1"), RetryCountMax = 0 });

        var e = await Assert.ThrowsAsync<MlopsException>(() => client.GetInfoAsync(Cancel));

        Assert.Equal(ErrorKind.Unavailable, e.Kind);
        Assert.Contains("http://127.0.0.1:1/", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public async Task Name_ThatAUriWouldFold_IsRefused(string name)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK);

        await Assert.ThrowsAsync<MlopsException>(async () => await gateway.Connect().Models.GetAsync(name, Cancel));

        Assert.Empty(gateway.Requests);
    }

    [Fact]
    public async Task Names_AreEscaped()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.NotFound);

        await Assert.ThrowsAsync<MlopsException>(() => gateway.Connect(configure: o => (o.ApiKey, o.BaseAddress) = ("secret", new Uri("http://gateway.test/mlops"))).Models.GetVersionAsync("a/b ?c", "ü", Cancel));

        Assert.Equal("/mlops/api/v1/models/a%2Fb%20%3Fc/versions/%C3%BC", gateway.Requests[0].Path);
        Assert.Equal("Bearer secret", gateway.Requests[0].Authorization);
    }

    private static Task<MlopsException> RefusedAsync(int status, string body)
    {
        var gateway = new StubGateway().Then((HttpStatusCode)status, body);
        return Assert.ThrowsAsync<MlopsException>(() => gateway.Connect(configure: o => o.RetryCountMax = 0).Models.GetAsync("m", Cancel));
    }
}
