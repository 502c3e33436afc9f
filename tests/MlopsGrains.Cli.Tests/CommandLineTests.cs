using System.Net;
using System.Text.Json;
using MlopsGrains.Client.Tests;

namespace MlopsGrains.Cli.Tests;

public sealed class CommandLineTests
{
    private const string Info = """{"version":"9.9","role":"all","storage":"sqlite"}""";

    [Theory]
    [InlineData("bogus", "'bogus'")]
    [InlineData("experiments lst", "list")]
    [InlineData("runs search", "--filter")]
    [InlineData("runs list --limit 0", "--limit 0 must be from 1 to 50,000")]
    [InlineData("runs list --limit x", "'x'")]
    [InlineData("version --server ftp://x", "--server 'ftp://x' must be an absolute http or https address")]
    [InlineData("pipelines run p --timeout 3m", "need --wait")]
    [InlineData("pipelines run p --wait --timeout 3w", "'3w' is not a duration")]
    [InlineData("pipelines run p --param x", "'x' must be written key=value")]
    [InlineData("pipelines register nowhere.yaml", "nowhere.yaml")]
    [InlineData("deployments traffic d 1=x", "'1=x' must be written revision=percent")]
    public async Task UsageFault_IsCode2_SaidOnStandardError(string line, string message)
    {
        var said = await Shell.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(2, said.Code);
        Assert.Contains(message, said.Error, StringComparison.Ordinal);
        Assert.Contains("--help' for usage and examples", said.Error, StringComparison.Ordinal);
        Assert.Equal("", said.Out);
    }

    [Fact]
    public async Task ServerDown_IsCode3_WithTheAddress()
    {
        var said = await Shell.RunAsync("models", "list", "--server", "http://127.0.0.1:1", "--json");

        Assert.Equal(3, said.Code);
        var error = JsonDocument.Parse(said.Error).RootElement.GetProperty("error");
        Assert.Equal(("unavailable", 3), (error.GetProperty("code").GetString(), error.GetProperty("exitCode").GetInt32()));
        Assert.StartsWith("Cannot reach http://127.0.0.1:1/", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("", said.Out);
    }

    [Theory]
    [InlineData("runs list --limit 0 --json", "usage", null)]
    [InlineData("experiments create x --json", "invalidInput", "name")]
    public async Task Fault_WithJson_IsAnObjectOnStandardError(string line, string code, string? field)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.BadRequest, """{"detail":"name is too long","field":"name"}""");

        var said = await Shell.RunAsync(gateway, line.Split(' '));

        var error = JsonDocument.Parse(said.Error).RootElement.GetProperty("error");
        Assert.Equal((code, field, 2, ""), (error.GetProperty("code").GetString(), error.GetProperty("field").GetString(), error.GetProperty("exitCode").GetInt32(), said.Out));
    }

    [Theory]
    [InlineData("", "Exit codes:")]
    [InlineData("--json", "Exit codes:")]
    [InlineData("runs", "mlops runs list")]
    [InlineData("models aliases", "mlops models aliases set")]
    public async Task WithoutACommand_ShowsHelp(string line, string text)
    {
        var said = await Shell.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal((0, ""), (said.Code, said.Error));
        Assert.Contains(text, said.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pipeline list")]
    [InlineData("monitor status")]
    public async Task OldName_GoesOn_AndIsNotShown(string line)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """{"items":[],"nextPageToken":null}""");

        Assert.Equal(0, (await Shell.RunAsync(gateway, line.Split(' '))).Code);
        Assert.DoesNotContain($"  {line.Split(' ')[0]} ", (await Shell.RunAsync("--help")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatCannotBeUndone_NeedsYes_WhereNobodyCanBeAsked()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.NoContent);

        var refused = await Shell.RunAsync(gateway, "models", "delete", "churn");
        var done = await Shell.RunAsync(gateway, "models", "delete", "churn", "--yes");

        Assert.Equal((2, 0), (refused.Code, done.Code));
        Assert.Contains("--yes says that it is meant", refused.Error, StringComparison.Ordinal);
        Assert.Single(gateway.Requests);
    }

    [Fact]
    public async Task FaultOfItsOwn_HasItsCode_AndATraceOnlyWhenAsked()
    {
        Client.MlopsGrainsClient Broken(Client.MlopsGrainsClientOptions options) => throw new InvalidOperationException("broken inside");

        var said = await Shell.RunAsync(Broken, [], terminal: false, "version");
        var verbose = await Shell.RunAsync(Broken, [], terminal: false, "version", "--verbose");

        Assert.Equal((70, 70), (said.Code, verbose.Code));
        Assert.DoesNotContain("   at ", said.Error, StringComparison.Ordinal);
        Assert.Contains("   at ", verbose.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusal_IsCode2_WithItsField()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.BadRequest, """{"detail":"name is too long","field":"name"}""");

        var said = await Shell.RunAsync(gateway, "experiments", "create", "x");

        Assert.Equal((2, "mlops: name is too long (field: name)"), (said.Code, said.Error.Trim()));
    }

    [Fact]
    public async Task Version_SaysBoth()
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Info);

        var plain = await Shell.RunAsync(gateway, "version");
        var json = await Shell.RunAsync(gateway, "version", "--json");

        Assert.Contains("9.9 (all, sqlite)", plain.Out, StringComparison.Ordinal);
        Assert.Equal("9.9", json.Json.GetProperty("server").GetProperty("version").GetString());
        Assert.StartsWith("0.1.0", json.Json.GetProperty("client").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_ServerDown_SaysItsOwn_ButFails()
    {
        var said = await Shell.RunAsync("version", "--json", "--server", "http://127.0.0.1:1");

        Assert.Equal(3, said.Code);
        Assert.Equal(System.Text.Json.JsonValueKind.Null, said.Json.GetProperty("server").ValueKind);
    }

    [Theory]
    [InlineData(new[] { "version" }, "http://from-env:1/", "Bearer env-key")]
    [InlineData(new[] { "version", "--server", "http://given:2", "--api-key", "given-key" }, "http://given:2/", "Bearer given-key")]
    public async Task ServerAndKey_ComeFromTheCommandLineElseTheEnvironment(string[] args, string address, string authorization)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, Info);
        string? connected = null;

        await Shell.RunAsync(
            options =>
            {
                connected = options.BaseAddress.AbsoluteUri;
                return Client.MlopsGrainsClient.Create(options, gateway);
            },
            new() { ["MLOPS_SERVER"] = "http://from-env:1", ["MLOPS_API_KEY"] = "env-key" },
            terminal: false,
            args);

        Assert.Equal(address, connected);
        Assert.Equal(authorization, gateway.Requests[0].Authorization);
    }

    [Fact]
    public async Task Table_Redirected_HasNoColourAndCutsNothing()
    {
        var name = new string('n', 300);
        var gateway = new StubGateway().Then(HttpStatusCode.OK, $$"""{"items":[{"name":"{{name}}","latestVersion":2,"aliases":{"a":1},"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-02T03:04:05Z"}],"nextPageToken":null}""");

        var said = await Shell.RunAsync(gateway, "models", "list");

        Assert.DoesNotContain('\u001b', said.Out);
        Assert.Contains(name, said.Out, StringComparison.Ordinal);
        Assert.Contains("2026-01-02 03:04:05Z", said.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("models list")]
    [InlineData("datasets list")]
    [InlineData("experiments list")]
    [InlineData("deployments list")]
    [InlineData("pipelines list")]
    [InlineData("monitors status")]
    [InlineData("audit events")]
    public async Task EmptyList_IsAnEmptyArray_OrARemarkOnStandardError(string line)
    {
        var gateway = new StubGateway().Then(HttpStatusCode.OK, """{"items":[],"nextPageToken":null}""");

        var json = await Shell.RunAsync(gateway, [.. line.Split(' '), "--json"]);
        var plain = await Shell.RunAsync(gateway, line.Split(' '));

        Assert.Equal(0, json.Json.GetArrayLength());
        Assert.Equal("", plain.Out);
        Assert.StartsWith("No ", plain.Error, StringComparison.Ordinal);
    }
}
