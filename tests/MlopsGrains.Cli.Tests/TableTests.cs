using System.Net;
using MlopsGrains.Client.Tests;

namespace MlopsGrains.Cli.Tests;

public sealed class TableTests
{
    private static readonly string Models = $$"""
        {"items":[{"name":"{{new string('n', 70)}}","latestVersion":2,"aliases":{"champion":1},"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-02T03:04:05Z"}],"nextPageToken":null}
        """;

    [Fact]
    public async Task OnATerminal_EveryLineFits_AndWhatIsMissingIsSaid()
    {
        var said = await RunAsync(terminal: true, 40);

        Assert.All(said.Out.Split('\n'), line => Assert.True(line.Length <= 40, line));
        Assert.Contains("nnn…", said.Out, StringComparison.Ordinal);
        Assert.Contains("Left out: UPDATED. --wide shows all.", said.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "--wide")]
    [InlineData(false, "--server=http://x")]
    public async Task Wide_OrInAPipe_EverythingIsThere(bool terminal, string option)
    {
        var said = await RunAsync(terminal, 40, option);

        Assert.Contains(new string('n', 70), said.Out, StringComparison.Ordinal);
        Assert.Contains("2026-01-02 03:04:05Z", said.Out, StringComparison.Ordinal);
        Assert.Equal("", said.Error);
    }

    [Theory]
    [InlineData(true, "", true)]
    [InlineData(true, "1", false)]
    [InlineData(false, "", false)]
    public async Task Colour_IsForTerminals_ThatWantIt(bool terminal, string noColour, bool coloured)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Models);

        var said = await Shell.RunAsync(_ => gateway.Connect(), new() { ["NO_COLOR"] = noColour }, terminal, "models", "list");

        Assert.Equal(coloured, said.Out.Contains('\u001b'));
    }

    private static Task<Said> RunAsync(bool terminal, int width, params string[] more)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Models);
        return Shell.RunAsync(_ => gateway.Connect(), new() { ["NO_COLOR"] = "1" }, terminal, e => e with { Width = width }, ["models", "list", .. more]);
    }
}
