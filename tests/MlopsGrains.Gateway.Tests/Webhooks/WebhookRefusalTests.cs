using MlopsGrains.Gateway.Tests.Experiments;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Webhooks;

/// <summary>What a platform as it is by default refuses: above all, it calls nobody inside.</summary>
public sealed class WebhookRefusalTests(ServerFixture server)
{
    private readonly MlflowCaller mlflow = new(server.Http);

    [Theory]
    [InlineData("http://example.com")]
    [InlineData("https://localhost/x")]
    [InlineData("https://LOCALHOST./x")]
    [InlineData("https://a.localhost")]
    [InlineData("https://127.0.0.1")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://10.1.2.3")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    [InlineData("https://[fd00::1]/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://0/")]
    [InlineData("https://[::127.0.0.1]/")]
    [InlineData("https://[64:ff9b::7f00:1]/")]
    [InlineData("https://１２７.0.0.1/")]
    [InlineData("https://127。0。0。1/")]
    [InlineData("https://loopback/")]
    [InlineData("https://example.com/\r\nX-Injected: 1")]
    [InlineData("https://example.com/\nHost: 10.0.0.1")]
    [InlineData(" https://example.com/")]
    [InlineData("https://example.com/a b")]
    [InlineData("https://exam\tple.com/")]
    public async Task PrivateTarget_IsRefusedAtTheDoor(string url)
    {
        var message = await mlflow.RefusedAsync(
            "/mlflow/webhooks", new { name = "w" + Guid.NewGuid().ToString("N"), url, events = new[] { new { entity = "PROMPT", action = "CREATED" } } }, 400, "INVALID_PARAMETER_VALUE");

        Assert.Contains("url", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"url":"$","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "name")]
    [InlineData("""{"name":"-a","url":"$","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "name")]
    [InlineData("""{"name":"a b","url":"$","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "name")]
    [InlineData("""{"name":"a","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "url")]
    [InlineData("""{"name":"a","url":"ftp://example.com","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "url")]
    [InlineData("""{"name":"a","url":"/relative","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "url")]
    [InlineData("""{"name":"a","url":"https://user:pass@example.com","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "user")]
    [InlineData("""{"name":"a","url":"$"}""", "events")]
    [InlineData("""{"name":"a","url":"$","events":[]}""", "events")]
    [InlineData("""{"name":"a","url":"$","events":[{"entity":"PROMPT"}]}""", "events[0].action")]
    [InlineData("""{"name":"a","url":"$","events":[{"entity":"PROMPT","action":"SET"}]}""", "events[0]")]
    [InlineData("""{"name":"a","url":"$","events":[{"entity":"PROMPT","action":"CREATED"},{"entity":"REGISTERED_MODEL","action":"DELETED"}]}""", "events[1]")]
    [InlineData("""{"name":"a","url":"$","events":"PROMPT"}""", "events")]
    [InlineData("""{"name":"a","url":"$","status":"ASLEEP","events":[{"entity":"PROMPT","action":"CREATED"}]}""", "status")]
    public async Task Mistake_Is400_AndNamesItsPlace(string body, string named)
    {
        Assert.Contains(
            named, await mlflow.RefusedAsync("/mlflow/webhooks", body.Replace("$", "https://example.com/hook", StringComparison.Ordinal), 400, "INVALID_PARAMETER_VALUE"), StringComparison.Ordinal);
    }
}
