using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using MlopsGrains.Gateway.Operation;
using MlopsGrains.Gateway.Tests.Http;

namespace MlopsGrains.Gateway.Tests.Operation;

public sealed partial class HomePageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Browser_GetsAPageThatLeadsOn_AndLoadsNothing()
    {
        await using var door = await Door.OpenAsync();

        using var answer = await GetAsync(door, "text/html,application/xhtml+xml");

        var page = await answer.Content.ReadAsStringAsync(Token);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(["/docs", "/openapi/v1.json", "/metrics", "/orleans/", "/health"], Link().Matches(page).Select(m => m.Groups[1].Value));
        Assert.Contains($"MLFLOW_TRACKING_URI={door.Address.ToString().TrimEnd('/')}", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("{{", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<your key>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_AllowsItsOwnStyleOnly()
    {
        await using var door = await Door.OpenAsync();

        using var answer = await GetAsync(door, "text/html");

        var style = Style().Match(await answer.Content.ReadAsStringAsync(Token)).Groups[1].Value;
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains($"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)))}'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task Page_SaysHowToSignIn_WhereThatIsAsked_AndTellsNothingElse()
    {
        await using var door = await Door.OpenAsync(null, ("Authentication:ApiKeys:0:Name", "ci"), ("Authentication:ApiKeys:0:KeySha256", new string('a', 64)));

        using var answer = await GetAsync(door, "text/html");

        Assert.True(answer.IsSuccessStatusCode);
        var page = await answer.Content.ReadAsStringAsync(Token);
        Assert.Contains("<body class=\"signed\">", page, StringComparison.Ordinal);
        Assert.Contains("MLFLOW_TRACKING_TOKEN", page, StringComparison.Ordinal);
        Assert.Equal(HomePage.Page(door.Address.ToString().TrimEnd('/'), signIn: true), page);
        using var docs = await door.Http.GetAsync("/docs", Token);
        Assert.Equal(401, (int)docs.StatusCode);
    }

    [Fact]
    public async Task Program_GetsTheLinksAsJson()
    {
        await using var door = await Door.OpenAsync();

        using var answer = await GetAsync(door, "*/*");

        Assert.Contains("\"docs\":\"http://127.0.0.1:", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public void Page_EscapesTheAddress() => Assert.DoesNotContain("<b>x", HomePage.Page("http://<b>x", signIn: false), StringComparison.Ordinal);

    private static async Task<HttpResponseMessage> GetAsync(Door door, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await door.Http.SendAsync(request, Token);
    }

    [GeneratedRegex("<a href=\"([^\"]+)\"")]
    private static partial Regex Link();

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();
}
