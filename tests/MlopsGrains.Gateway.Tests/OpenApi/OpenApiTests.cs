using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Tests.Http;

namespace MlopsGrains.Gateway.Tests.OpenApi;

public sealed partial class OpenApiTests
{
    private const string Key = "a-long-random-key";

    private static readonly (string Key, string Value)[] WithUsers =
    [
        ("Authentication:Administrator:Name", "ada"),
        ("Authentication:Administrator:Password", "correct horse battery"),
        ("Authentication:ApiKeys:0:Name", "ci"),
        ("Authentication:ApiKeys:0:KeySha256", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Key)))),
    ];

    [Fact]
    public async Task Document_HoldsEveryRoute_WithNameSummaryTagErrorsAndExample()
    {
        EndpointDataSource[] sources = [];
        await using var door = await Door.OpenAsync(e => sources = [.. e.DataSources], WithUsers);
        using var document = await DocumentAsync(door);
        var paths = document.RootElement.GetProperty("paths");
        var routes = sources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>().Where(e => !IsPage(e.RoutePattern.RawText!)).ToList();
        var names = new HashSet<string>();

        Assert.True(routes.Count > 150, $"{routes.Count} routes");
        foreach (var endpoint in routes)
        {
            var path = Parameter().Replace(endpoint.RoutePattern.RawText!, "{$1}");
            if (endpoint.Metadata.GetMetadata<SecondAddress>() is { } second)
            {
                Assert.True(paths.TryGetProperty(Parameter().Replace(second.First, "{$1}"), out _), $"{path} stands for {second.First}, which is not in the document");
                continue;
            }

            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods)
            {
                JsonElement operation = default;
                Assert.True(paths.TryGetProperty(path, out var item) && item.TryGetProperty(method.ToLowerInvariant(), out operation), $"{method} {path} is not in the document");
                Assert.True(names.Add(operation.GetProperty("operationId").GetString()!), $"{method} {path} has a name that is taken");
                Assert.False(string.IsNullOrWhiteSpace(operation.GetProperty("summary").GetString()), $"{method} {path} has no summary");
                Assert.Single(operation.GetProperty("tags").EnumerateArray());
                Assert.True(operation.GetProperty("responses").TryGetProperty("429", out _), $"{method} {path} does not tell its errors");
                Assert.True(Bodies(operation).All(b => b.TryGetProperty("example", out _)), $"{method} {path} has no example of its body");
                Assert.True(Undescribed(path, operation).Count == 0, $"{method} {path} does not describe {string.Join(", ", Undescribed(path, operation))}");
            }
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Document_TellsHowToSignIn(bool required)
    {
        await using var door = await Door.OpenAsync(null, required ? WithUsers : []);
        using var document = await DocumentAsync(door);

        var schemes = document.RootElement.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Select(s => s.Value.GetProperty("scheme").GetString());
        Assert.Equal(["bearer", "basic"], schemes);
        Assert.Equal(required ? 2 : 3, document.RootElement.GetProperty("security").GetArrayLength());
    }

    [Fact]
    public async Task Page_LoadsNothingFromElsewhere_AndAdvertisesNothing()
    {
        await using var door = await Door.OpenAsync();

        var page = await door.Http.GetStringAsync("/docs", TestContext.Current.CancellationToken);

        Assert.Contains("<title>MlopsGrains API</title>", page, StringComparison.Ordinal);
        Assert.Contains("<script", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(ForeignAddress(), page);
        Assert.Contains("\"hideClientButton\": true", page.Replace("\":true", "\": true", StringComparison.Ordinal), StringComparison.Ordinal);
        foreach (Match script in ScriptSource().Matches(page))
        {
            var source = new Uri(new Uri(door.Address, "/docs/"), script.Groups[1].Value);
            var answer = await door.Http.GetAsync(source, TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, source.ToString());
        }
    }

    /// <summary>Pages for people, and the document itself.</summary>
    private static bool IsPage(string route) => route == "/" || route.StartsWith("/docs", StringComparison.Ordinal) || route.StartsWith("/openapi", StringComparison.Ordinal);

    private static async Task<JsonDocument> DocumentAsync(Door door)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json");
        request.Headers.Authorization = new("Bearer", Key);
        using var answer = await door.Http.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        return JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static IEnumerable<JsonElement> Bodies(JsonElement operation) =>
        operation.TryGetProperty("requestBody", out var body) ? body.GetProperty("content").EnumerateObject().Select(c => c.Value) : [];

    /// <summary>Parts of the address that no parameter describes.</summary>
    private static List<string> Undescribed(string path, JsonElement operation)
    {
        var described = operation.TryGetProperty("parameters", out var parameters)
            ? parameters.EnumerateArray().Where(p => p.GetProperty("in").GetString() == "path").Select(p => p.GetProperty("name").GetString()).ToHashSet()
            : [];
        return [.. Parameter().Matches(path).Select(m => m.Groups[1].Value).Where(p => !described.Contains(p))];
    }

    [GeneratedRegex(@"\{\**([^}:?]+)[^}]*\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("(src|href)=\"https?://")]
    private static partial Regex ForeignAddress();

    [GeneratedRegex("<script[^>]* src=\"([^\"]+)\"")]
    private static partial Regex ScriptSource();
}
