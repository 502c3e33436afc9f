using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;

namespace MlopsGrains.Web.Tests.Browsing;

/// <summary>Somebody with a browser. What no page may do (an error in the console, a request to another origin) is kept and told when the reader leaves.</summary>
public sealed class Reader : IAsyncDisposable
{
    private const float PatienceMs = 20_000;

    private static readonly Lazy<string> Axe = new(() => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "axe.min.js")));

    private readonly IBrowserContext context;
    private readonly ConcurrentQueue<string> faults = new();

    private Reader(IBrowserContext context, IPage page) => (this.context, Page) = (context, page);

    public IPage Page { get; }

    /// <summary>Answers that are expected to fail, by a part of their address.</summary>
    public ICollection<string> MayFail { get; } = [];

    internal static async Task<Reader> OpenAsync(IBrowserContext context, Uri server)
    {
        context.SetDefaultTimeout(PatienceMs);
        var reader = new Reader(context, await context.NewPageAsync());
        reader.Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning" && !reader.MayFail.Any(part => message.Location.Contains(part, StringComparison.Ordinal)))
            {
                reader.faults.Enqueue($"{message.Type}: {message.Text} ({message.Location})");
            }
        };
        reader.Page.PageError += (_, error) => reader.faults.Enqueue("error: " + error);
        reader.Page.Request += (_, request) =>
        {
            if (new Uri(request.Url) is { Scheme: "http" or "https" } address && address.Authority != server.Authority)
            {
                reader.faults.Enqueue("other origin: " + request.Url);
            }
        };
        return reader;
    }

    public async Task<int> GoAsync(string path)
    {
        var answer = await Page.GotoAsync(path);
        return answer?.Status ?? 0;
    }

    /// <summary>What the accessibility rules WCAG 2.0–2.2 A and AA find wrong with the page as it stands.</summary>
    public Task<IReadOnlyList<string>> AxeAsync() => AxeAsync("['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']");

    /// <summary>What the rules find wrong that look at colours: all that another theme changes.</summary>
    public Task<IReadOnlyList<string>> AxeOfColoursAsync() => AxeAsync("{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }");

    private async Task<IReadOnlyList<string>> AxeAsync(string rules)
    {
        await Page.EvaluateAsync($"() => {{ if (!window.axe) {{ {Axe.Value} }} }}");
        var found = await Page.EvaluateAsync<JsonElement>($"axe.run({{ runOnly: {rules} }}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).slice(0, 4).join(' | ')))");
        return [.. found.EnumerateArray().Select(v => v.GetString()!)];
    }

    /// <summary>Whether the page, not a table in it, scrolls sideways.</summary>
    public Task<bool> ScrollsSidewaysAsync() => Page.EvaluateAsync<bool>("document.documentElement.scrollWidth > document.documentElement.clientWidth");

    public async ValueTask DisposeAsync()
    {
        await context.DisposeAsync();
        Assert.True(faults.IsEmpty, string.Join('\n', faults));
    }
}
