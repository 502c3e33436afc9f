using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Tests.Http;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Tests.Access;

/// <summary>Through two doors that the cases share: one with keys, one without.</summary>
public sealed class AccessTests(AccessTests.Doors doors) : IClassFixture<AccessTests.Doors>
{
    private const string Key = "correct horse battery staple";

    private static readonly (string, string)[] Keys =
    [
        ("Authentication:ApiKeys:0:Name", "ci"),
        ("Authentication:ApiKeys:0:KeySha256", Convert.ToHexString(SHA256.HashData("another key"u8))),
        ("Authentication:ApiKeys:1:Name", "ada"),
        ("Authentication:ApiKeys:1:KeySha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))),
    ];

    public static TheoryData<string?, HttpStatusCode, string?> Authorizations => new()
    {
        { "Bearer " + Key, HttpStatusCode.OK, "ada" },
        { "bearer " + Key, HttpStatusCode.OK, "ada" },
        { "Basic " + Base64("anybody:" + Key), HttpStatusCode.OK, "ada" },
        { "Basic " + Base64(":another key"), HttpStatusCode.OK, "ci" },
        { null, HttpStatusCode.Unauthorized, null },
        { "Bearer ", HttpStatusCode.Unauthorized, null },
        { "Bearer wrong", HttpStatusCode.Unauthorized, null },
        { "Bearer " + Key + "x", HttpStatusCode.Unauthorized, null },
        { "Basic " + Base64(Key), HttpStatusCode.Unauthorized, null },
        { "Basic !!!", HttpStatusCode.Unauthorized, null },
        { "Digest " + Key, HttpStatusCode.Unauthorized, null },
        { "Bearer " + new string('x', 5000), HttpStatusCode.Unauthorized, null },
    };

    [Theory]
    [MemberData(nameof(Authorizations))]
    public async Task Key_OpensTheDoor_AndNamesTheActor(string? authorization, HttpStatusCode status, string? actor)
    {
        var door = doors.Keyed;
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/who");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        var answer = await door.Http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, answer.StatusCode);
        if (actor is null)
        {
            Assert.Equal("Basic realm=\"mlflow\"", answer.Headers.WwwAuthenticate.ToString());
        }
        else
        {
            Assert.Equal(actor, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [InlineData("/version")]
    [InlineData("/docs")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/api/2.0/mlflow/experiments/get?experiment_id=0")]
    [InlineData("/nothing")]
    public async Task WithKeys_EveryPathButHealthNeedsOne(string path)
    {
        var door = doors.Keyed;

        Assert.Equal(HttpStatusCode.Unauthorized, (await door.Http.GetAsync(path, TestContext.Current.CancellationToken)).StatusCode);
        Assert.NotEqual(HttpStatusCode.Unauthorized, (await door.Http.GetAsync("/health", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task WithoutKeys_TheActorIsLocal()
    {
        var door = doors.Open;

        Assert.Equal("local", await door.Http.GetStringAsync("/api/v1/who", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("short", "KeySha256")]
    [InlineData("zz", "KeySha256")]
    public async Task BadKeySetting_StopsTheStart(string digest, string named)
    {
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => OpenAsync([("Authentication:ApiKeys:0:Name", ""), ("Authentication:ApiKeys:0:KeySha256", digest)]));

        Assert.Contains(named, fault.Message, StringComparison.Ordinal);
        Assert.Contains("Name", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("localhost:1234", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]:80", 200)]
    [InlineData("ml.internal", 200)]
    [InlineData("evil.example", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    [InlineData("10.0.0.1", 403)]
    [InlineData("localhost.", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("evil.example:5080", 403)]
    [InlineData("ml.internal.evil.example", 403)]
    [InlineData("0.0.0.0", 403)]
    [InlineData("[::ffff:10.0.0.1]", 403)]
    [InlineData("169.254.169.254", 403)]
    public async Task ForeignHostName_IsRefused_WithoutKeys(string host, int status)
    {
        var door = doors.Open;

        Assert.Equal(status, (await RawHttp.SendAsync(door.Address, "GET", "/api/v1/who", host: host)).Status);
        Assert.Equal(200, (await RawHttp.SendAsync(door.Address, "GET", "/version", host: host)).Status);
    }

    [Theory]
    [InlineData("localhost:1234", 401)]
    [InlineData("10.0.0.1:5080", 401)]
    [InlineData("[fe80::1]", 401)]
    [InlineData("ml.example.org", 401)]
    [InlineData("gateway", 401)]
    [InlineData("evil.example", 403)]
    [InlineData("gateway.evil.example", 403)]
    [InlineData("10.0.0.1.evil.example", 403)]
    public async Task ForeignHostName_IsRefused_WithKeysToo(string host, int status)
    {
        Assert.Equal(status, (await RawHttp.SendAsync(doors.Keyed.Address, "GET", "/api/v1/who", host: host)).Status);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/json")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task ForeignPage_CannotChangeState_WhateverItSends(string contentType)
    {
        foreach (var path in (string[])["/api/v1/experiments", "/api/2.0/mlflow/runs/create", "/ajax-api/2.0/mlflow/runs/create", "/v2/models/iris/infer", "/graphql", "/api/v1/blobs", "/api/2.0/mlflow-artifacts/artifacts/0/f"])
        {
            foreach (var header in (string[])["Origin: http://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"])
            {
                var method = path.EndsWith("/f", StringComparison.Ordinal) ? "PUT" : "POST";
                Assert.Equal(403, (await RawHttp.SendAsync(doors.Open.Address, method, path, $"{header}\r\nContent-Type: {contentType}\r\n", "{}")).Status);
            }
        }
    }

    [Theory]
    [InlineData("https://ml.example.org", 401)]
    [InlineData("https://ml.example.org:8443", 403)]
    [InlineData("https://other.example.org", 403)]
    public async Task PageOfThePublicAddress_IsItsOwn_WhateverAProxyMakesOfTheHost(string origin, int status)
    {
        Assert.Equal(status, (await RawHttp.SendAsync(doors.Keyed.Address, "POST", "/api/v1/who", $"Origin: {origin}\r\n", host: "gateway:5080")).Status);
    }

    [Theory]
    [InlineData("POST", "Origin: http://evil.example", 403)]
    [InlineData("POST", "Origin: null", 403)]
    [InlineData("POST", "Origin: http://127.0.0.1:1", 403)]
    [InlineData("POST", "Sec-Fetch-Site: cross-site", 403)]
    [InlineData("POST", "Sec-Fetch-Site: same-origin", 200)]
    [InlineData("POST", "Origin: http://{authority}", 200)]
    [InlineData("POST", "Origin: https://{authority}", 200)]
    [InlineData("POST", "X-Nothing: 1", 200)]
    [InlineData("GET", "Origin: http://evil.example", 200)]
    public async Task ForeignPage_CannotChangeState(string method, string header, int status)
    {
        var door = doors.Open;
        header = header.Replace("{authority}", door.Address.Authority, StringComparison.Ordinal);

        Assert.Equal(status, (await RawHttp.SendAsync(door.Address, method, "/api/v1/who", header + "\r\n")).Status);
    }

    /// <summary>Ways to climb, to begin at the root, or to hide what a name is.</summary>
    private static readonly string[] Climbs =
    [
        "../../etc/passwd", "1/../../etc", "1/%2e%2e/%2e%2e/etc", "1/%2E%2E/etc", "1/.%2e/etc", "1/%2e./etc", "1/..%2f..%2fetc", "1/..%2Fetc", "1/%2e%2e%2fetc", "1/%252e%252e%252fetc",
        "1/%252e%252e/etc", "1/..%252fetc", "1/.%252e/etc", "1/%252e./etc", "1/%25%32%65%25%32%65/etc", "1\\..\\etc", "1/..\\etc", "1%5c..%5cetc", "1/..%5cetc", "1/..%255cetc", "1/%255c/etc", "1/%2e%2e%5cetc",
        "/etc/passwd", "%2fetc/passwd", "%252fetc/passwd", "C:/windows", "C%3a/windows", "C:%5cwindows", "a/./b", "a/%2e/b", "a//b", "a/b%00", "a%0ab", "a%0d%0ab", "a/..", "a/%2e%2e",
    ];

    [Fact]
    public async Task ClimbingPath_IsRefusedBeforeAnythingIsAsked()
    {
        var door = doors.Open;
        foreach (var climb in Climbs)
        {
            foreach (var method in new[] { "GET", "PUT", "DELETE" })
            {
                var (status, _, body) = await RawHttp.SendAsync(door.Address, method, "/api/2.0/mlflow-artifacts/artifacts/" + climb, body: "x");
                Assert.True(status == 400, $"{method} {climb}: {status}");
                if (body.Length > 0)
                {
                    Assert.Contains("INVALID_PARAMETER_VALUE", body, StringComparison.Ordinal);
                }
            }
        }
    }

    private static Task<Door> OpenAsync((string, string)[] settings) =>
        Door.OpenAsync(e => e.MapMethods("/api/v1/who", ["GET", "POST"], () => Actor.Current).RequiresSignIn(), settings);

    public sealed class Doors : IAsyncLifetime
    {
        internal Door Keyed { get; private set; } = null!;

        internal Door Open { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Keyed = await OpenAsync([.. Keys, ("Gateway:PublicUrl", "https://ml.example.org"), ("Gateway:AllowedHosts:0", "gateway")]);
            Open = await OpenAsync([("Gateway:AllowedHosts:0", "ml.internal")]);
        }

        public async ValueTask DisposeAsync()
        {
            await Keyed.DisposeAsync();
            await Open.DisposeAsync();
        }
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
