using System.Net;
using MlopsGrains.Client.Http;
using MlopsGrains.Errors;

namespace MlopsGrains.Client.Tests.Http;

public sealed class ProxyTests
{
    private static readonly Uri Platform = new("http://mlops.corp.test:5080/");

    [Theory]
    [InlineData("*", true)]
    [InlineData("elsewhere.test, *", true)]
    [InlineData("mlops.corp.test", true)]
    [InlineData("corp.test", true)]
    [InlineData(".corp.test", true)]
    [InlineData("*.corp.test", true)]
    [InlineData("localhost, .corp.test", true)]
    [InlineData("mlops.corp.test:5080", true)]
    [InlineData("mlops.corp.test:80", false)]
    [InlineData("orp.test", false)]
    [InlineData("elsewhere.test", false)]
    [InlineData("", false)]
    public void NoProxy_IsReadAsMostToolsDo(string value, bool direct)
    {
        var proxy = new EnvironmentProxy(new WebProxy("http://proxy.test:3128"), name => name == "NO_PROXY" ? value : null);

        Assert.Equal(direct, proxy.IsBypassed(Platform));
        Assert.Equal(direct ? null : "http://proxy.test:3128/", proxy.GetProxy(Platform)?.AbsoluteUri);
    }

    [Theory]
    [InlineData("http_proxy", "http://mlops.test", "the proxy http://proxy.test:3128 of http_proxy")]
    [InlineData("ALL_PROXY", "http://mlops.test", "the proxy http://proxy.test:3128 of ALL_PROXY")]
    [InlineData("HTTPS_PROXY", "https://mlops.test", "the proxy http://proxy.test:3128 of HTTPS_PROXY")]
    [InlineData("HTTPS_PROXY", "http://mlops.test", "the system's proxy http://proxy.test:3128")]
    public void Proxy_IsNamedWithItsVariable_AndWithoutItsPassword(string variable, string address, string expected)
    {
        var proxy = new EnvironmentProxy(new WebProxy("http://user:secret@proxy.test:3128"), name => name == variable ? "http://user:secret@proxy.test:3128" : null);

        Assert.Equal(expected, proxy.Describe(new Uri(address)));
    }

    [Fact]
    public async Task FaultOnTheWay_NamesTheProxy()
    {
        var client = Through(new StubGateway().ThenFails(HttpRequestError.ConnectionError));

        var e = await Assert.ThrowsAsync<MlopsException>(() => client.GetInfoAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith("Cannot reach http://gateway.test/ through the proxy http://proxy.test:3128 of http_proxy (an address that NO_PROXY holds goes direct): ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HttpStatusCode.BadGateway, "<html>no such host</html>", true)]
    [InlineData(HttpStatusCode.ServiceUnavailable, """{"detail":"starting","kind":"unavailable"}""", false)]
    public async Task AnswerThatMayBeTheProxys_NamesIt(HttpStatusCode status, string body, bool named)
    {
        var client = Through(new StubGateway().Then(status, body));

        var e = await Assert.ThrowsAsync<MlopsException>(() => client.GetInfoAsync(TestContext.Current.CancellationToken));

        Assert.Equal(named, e.Message.Contains("(it came through the proxy", StringComparison.Ordinal));
    }

    private static MlopsGrainsClient Through(StubGateway gateway) => new(
        () => new HttpClient(gateway, disposeHandler: false),
        new MlopsGrainsClientOptions { BaseAddress = new Uri("http://gateway.test"), RetryCountMax = 0 },
        TimeProvider.System,
        owned: null,
        proxyOf: _ => "the proxy http://proxy.test:3128 of http_proxy");
}
