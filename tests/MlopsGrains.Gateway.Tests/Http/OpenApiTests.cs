using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace MlopsGrains.Gateway.Tests.Http;

public sealed partial class OpenApiTests
{
    [Fact]
    public async Task Document_HoldsEveryNativeRoute_WithNameSummaryTagAndErrors()
    {
        EndpointDataSource[] sources = [];
        await using var door = await Door.OpenAsync(e => sources = [.. e.DataSources]);
        using var document = JsonDocument.Parse(await door.Http.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken));
        var paths = document.RootElement.GetProperty("paths");
        var routes = sources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api/v1", StringComparison.Ordinal))
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => (Path: PathOf(e.RoutePattern), Method: m.ToLowerInvariant())))
            .ToList();
        var names = new HashSet<string>();

        Assert.NotEmpty(routes);
        foreach (var (path, method) in routes)
        {
            JsonElement operation = default;
            Assert.True(paths.TryGetProperty(path, out var item) && item.TryGetProperty(method, out operation), $"{method} {path} is not in the document");
            Assert.True(names.Add(operation.GetProperty("operationId").GetString()!), $"{method} {path} has a name that is taken");
            Assert.False(string.IsNullOrWhiteSpace(operation.GetProperty("summary").GetString()), $"{method} {path} has no summary");
            Assert.Single(operation.GetProperty("tags").EnumerateArray());
            Assert.True(operation.GetProperty("responses").TryGetProperty("429", out _), $"{method} {path} does not tell its errors");
        }
    }

    [Fact]
    public async Task Page_LoadsNothingFromElsewhere()
    {
        await using var door = await Door.OpenAsync();

        var page = await door.Http.GetStringAsync("/docs", TestContext.Current.CancellationToken);

        Assert.Contains("<script", page, StringComparison.Ordinal);
        Assert.DoesNotMatch(ForeignAddress(), page);
        foreach (Match script in ScriptSource().Matches(page))
        {
            var source = new Uri(new Uri(door.Address, "/docs/"), script.Groups[1].Value);
            var answer = await door.Http.GetAsync(source, TestContext.Current.CancellationToken);
            Assert.True(answer.IsSuccessStatusCode, source.ToString());
        }
    }

    private static string PathOf(RoutePattern pattern) => CatchAllOrConstraint().Replace(pattern.RawText!, "{$1}");

    [GeneratedRegex(@"\{\**([^}:?]+)[^}]*\}")]
    private static partial Regex CatchAllOrConstraint();

    [GeneratedRegex("(src|href)=\"https?://")]
    private static partial Regex ForeignAddress();

    [GeneratedRegex("<script[^>]* src=\"([^\"]+)\"")]
    private static partial Regex ScriptSource();
}
