using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Identity;

/// <summary>Browsers that sign in, and what becomes of their cookies.</summary>
public sealed class SessionTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private readonly TempDirectory directory = new();
    private readonly ShiftedTime time = new();
    private WebApplication app = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Uri Address => new(app.Urls.First());

    public async ValueTask InitializeAsync() => app = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task SignedIn_IsKnownByTheCookie_WhichNoScriptReads()
    {
        using var browser = Open();

        var (answer, cookies) = await SignInAsync(browser);

        Assert.Contains("\"name\":\"ana\"", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        var session = Assert.Single(cookies, c => c.StartsWith(Sessions.Cookie + "=", StringComparison.Ordinal));
        Assert.Contains("httponly", session, StringComparison.OrdinalIgnoreCase);
        Assert.All(cookies, c => Assert.Contains("samesite=lax", c, StringComparison.OrdinalIgnoreCase));
        Assert.All(cookies, c => Assert.DoesNotContain("secure", c, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("ana", await browser.GetStringAsync("/api/v1/whoami", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task BehindHttps_CookiesAreSecure()
    {
        await app.StopAsync(Token);
        await app.DisposeAsync();
        app = await StartAsync(("Gateway:PublicUrl", "https://ml.example.org"));
        using var browser = Open();

        var (_, cookies) = await SignInAsync(browser);

        Assert.All(cookies, c => Assert.Contains("; secure", c, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Change_NeedsTheToken_AtEveryDoor()
    {
        using var browser = Open();
        var (_, cookies) = await SignInAsync(browser);
        using var other = Open();
        var (_, foreign) = await SignInAsync(other);
        foreach (var path in (string[])["/api/v1/experiments", "/api/2.0/mlflow/experiments/create"])
        {
            var name = Guid.NewGuid().ToString();
            Assert.Equal(HttpStatusCode.Forbidden, await PostAsync(browser, path, name, null));
            Assert.Equal(HttpStatusCode.Forbidden, await PostAsync(browser, path, name, "wrong"));
            Assert.Equal(HttpStatusCode.Forbidden, await PostAsync(browser, path, name, ValueOf(foreign, Sessions.TokenCookie)));
            Assert.True((int)await PostAsync(browser, path, name, ValueOf(cookies, Sessions.TokenCookie)) is 200 or 201, path);
        }
    }

    [Fact]
    public async Task SignedOut_IsOverForACopyOfTheCookieToo()
    {
        using var browser = Open();
        var (_, cookies) = await SignInAsync(browser);
        using var thief = Open();
        thief.DefaultRequestHeaders.Add("Cookie", $"{Sessions.Cookie}={ValueOf(cookies, Sessions.Cookie)}");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(thief));

        Assert.Equal(HttpStatusCode.NoContent, await SignOutAsync(browser, "/api/v1/session", cookies));

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(thief));
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(browser));
    }

    [Theory]
    [InlineData("everywhere")]
    [InlineData("password")]
    [InlineData("deleted")]
    public async Task EveryBrowserIsSignedOut_When(string what)
    {
        using var admin = new HttpClient { BaseAddress = Address, DefaultRequestHeaders = { Authorization = new("Bearer", "the key") } };
        (await admin.PostAsJsonAsync("/api/2.0/mlflow/users/create", new { username = "ben", password = Password }, Token)).EnsureSuccessStatusCode();
        using var desk = Open();
        var (_, cookies) = await SignInAsync(desk, "ben");
        using var phone = Open();
        await SignInAsync(phone, "ben");
        using var somebody = Open();
        await SignInAsync(somebody);

        var done = what switch
        {
            "everywhere" => await SignOutAsync(desk, "/api/v1/sessions", cookies),
            "password" => (await admin.PatchAsJsonAsync("/api/2.0/mlflow/users/update-password", new { username = "ben", password = "another horse battery" }, Token)).StatusCode,
            _ => (await admin.SendAsync(new(HttpMethod.Delete, "/api/2.0/mlflow/users/delete") { Content = JsonContent.Create(new { username = "ben" }) }, Token)).StatusCode,
        };

        Assert.True((int)done is 200 or 204, $"{done}");
        await Eventually.Async(async () => await GetAsync(phone) == HttpStatusCode.Unauthorized, cancellationToken: Token);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(desk));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(somebody));
    }

    [Fact]
    public async Task Session_EndsForWantOfUse_AndAtLastWhateverHappens()
    {
        using var idle = Open();
        await SignInAsync(idle);
        using var busy = Open();
        await SignInAsync(busy);

        for (var day = 0.0; day < 6.5; day += 0.4)
        {
            time.Ahead += TimeSpan.FromDays(0.4);
            Assert.Equal(HttpStatusCode.OK, await GetAsync(busy));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(idle));
        time.Ahead += TimeSpan.FromDays(0.4);
        Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(busy));
    }

    [Fact]
    public async Task Key_SignsIn_AndAnythingElseDoesNot()
    {
        using var browser = Open();
        Assert.Equal(HttpStatusCode.OK, (await browser.PostAsJsonAsync("/api/v1/session", new { key = "the key" }, Token)).StatusCode);
        Assert.Contains("apiKey", await browser.GetStringAsync("/api/v1/whoami", Token), StringComparison.Ordinal);

        foreach (var wrong in (object[])[new { key = "no key" }, new { name = "ana", password = "wrong" }, new { name = "nobody", password = Password }, new { }])
        {
            var answer = await browser.PostAsJsonAsync("/api/v1/session", wrong, Token);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("The name, password or key is not right.", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Guessing_IsSlowedDown()
    {
        using var browser = Open();
        var statuses = new List<int>();

        // Guesses are counted by the minute, and a new one may begin among them.
        while (statuses.Count < 22 && !statuses.Contains(429))
        {
            statuses.Add((int)(await browser.PostAsJsonAsync("/api/v1/session", new { name = "ana", password = $"guess number {statuses.Count}" }, Token)).StatusCode);
        }

        Assert.Equal(429, statuses[^1]);
    }

    [Fact]
    public async Task DamagedCookie_IsNobodys()
    {
        using var browser = Open();
        var (_, cookies) = await SignInAsync(browser);
        var value = ValueOf(cookies, Sessions.Cookie);
        foreach (var wrong in (string[])[value[..^2] + (value[^2] == 'A' ? "B" : "A") + value[^1], value[4..], "x", new string('A', 3000), "%00"])
        {
            using var other = Open();
            other.DefaultRequestHeaders.TryAddWithoutValidation("Cookie", $"{Sessions.Cookie}={wrong}");
            Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(other));
        }
    }

    [Theory]
    [InlineData("navigate", 302, false)]
    [InlineData("cors", 401, false)]
    [InlineData(null, 401, true)]
    public async Task WhoIsNotSignedIn_IsLedThere_OrTold_ButABrowserIsNotMadeToAsk(string? mode, int status, bool challenges)
    {
        using var browser = Open();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/docs?x=1");
        if (mode is not null)
        {
            request.Headers.Add("Sec-Fetch-Mode", mode);
        }

        using var answer = await browser.SendAsync(request, Token);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(challenges, answer.Headers.WwwAuthenticate.Count > 0);
        Assert.Equal(status == 302 ? "/sign-in?return=%2Fdocs%3Fx%3D1" : null, answer.Headers.Location?.OriginalString);
    }

    private static string ValueOf(IEnumerable<string> cookies, string name) => cookies.Last(c => c.StartsWith(name + "=", StringComparison.Ordinal)).Split(';')[0][(name.Length + 1)..];

    private static async Task<HttpStatusCode> GetAsync(HttpClient browser) => (await browser.GetAsync("/api/v1/whoami", Token)).StatusCode;

    private static async Task<HttpStatusCode> PostAsync(HttpClient browser, string path, string name, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(new { name }) };
        if (token is not null)
        {
            request.Headers.Add(Sessions.TokenHeader, token);
        }

        return (await browser.SendAsync(request, Token)).StatusCode;
    }

    private static async Task<HttpStatusCode> SignOutAsync(HttpClient browser, string path, IEnumerable<string> cookies)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, path) { Headers = { { Sessions.TokenHeader, ValueOf(cookies, Sessions.TokenCookie) } } };
        return (await browser.SendAsync(request, Token)).StatusCode;
    }

    private static async Task<(HttpResponseMessage Answer, IReadOnlyList<string> Cookies)> SignInAsync(HttpClient browser, string name = "ana")
    {
        var answer = (await browser.PostAsJsonAsync("/api/v1/session", new { name, password = Password }, Token)).EnsureSuccessStatusCode();
        return (answer, [.. answer.Headers.GetValues("Set-Cookie")]);
    }

    private HttpClient Open() => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new() }) { BaseAddress = Address };

    private Task<WebApplication> StartAsync(params (string Key, string Value)[] settings) => ServerFixture.StartAsync(directory.Path, builder =>
    {
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Configuration["Authentication:Administrator:Name"] = "ana";
        builder.Configuration["Authentication:Administrator:Password"] = Password;
        builder.Configuration["Authentication:ApiKeys:0:Name"] = "ci";
        builder.Configuration["Authentication:ApiKeys:0:KeySha256"] = Convert.ToHexString(SHA256.HashData("the key"u8));
        foreach (var (key, value) in settings)
        {
            builder.Configuration[key] = value;
        }
    });

    /// <summary>The time of day, set ahead.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
