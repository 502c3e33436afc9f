using System.Text;
using MlopsGrains.Testing;
using MlopsGrains.Web.Tests.Browsing;

namespace MlopsGrains.Web.Tests.Safety;

/// <summary>No file of a run acts as a page of the product.</summary>
public sealed class ArtifactTests(ServerFixture server, Browser browser)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task File_ComesSandboxedAtEveryDoor_AndRunsNothing()
    {
        using var client = Client.MlopsGrainsClient.Create(new() { BaseAddress = server.BaseAddress });
        var run = await client.Runs.CreateAsync(new("0"), Token);
        using var page = new MemoryStream(Encoding.UTF8.GetBytes("<!doctype html><title>before</title><script>document.title = 'after'; fetch('/api/v1/experiments')</script>"));
        await client.Runs.UploadArtifactAsync(run.Info.RunId, "page.html", page, Token);
        var id = run.Info.RunId;

        foreach (var path in (string[])[$"/api/v1/runs/{id}/artifacts/page.html", $"/get-artifact?run_id={id}&path=page.html", $"/api/2.0/mlflow-artifacts/artifacts/0/{id}/artifacts/page.html"])
        {
            using var answer = await server.Http.GetAsync(path, Token);
            Assert.True(answer.IsSuccessStatusCode, path);
            Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
            Assert.StartsWith("sandbox;", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
            Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
        }

        // Framed or not, it would be an opaque origin without scripts; here it is not even shown.
        await using var reader = await browser.OpenAsync(server.BaseAddress);
        await reader.GoAsync("/");
        var shown = await reader.Page.EvaluateAsync<string>(
            "path => new Promise(done => { const f = document.createElement('iframe'); f.onload = () => { try { done('title: ' + f.contentDocument.title); } catch (e) { done('refused'); } }; f.src = path; document.body.append(f); setTimeout(() => done('not shown'), 1000); })",
            $"/api/v1/runs/{id}/artifacts/page.html");
        Assert.DoesNotContain("after", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_CarriesAPolicyThatAllowsNothingInline_AndIsFramedByNobody()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/experiments") { Headers = { { "Accept", "text/html" } } };
        using var answer = await server.Http.SendAsync(request, Token);
        var policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));

        Assert.StartsWith("default-src 'self';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        var html = await answer.Content.ReadAsStringAsync(Token);
        Assert.DoesNotContain(" style=", html, StringComparison.Ordinal);
        Assert.DoesNotMatch("<script(?![^>]*src=)", html);
        Assert.DoesNotMatch(" on[a-z]+=", html);
    }
}
