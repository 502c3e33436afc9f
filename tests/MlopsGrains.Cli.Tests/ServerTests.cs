using System.Net.Http.Json;
using System.Text.Json;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests;

/// <summary>The command against the real platform.</summary>
public sealed class ServerTests(ServerFixture server)
{
    [Fact]
    public async Task Version_SaysTheServers()
    {
        var said = await RunAsync("version");

        Assert.Equal(0, said.Code);
        Assert.Equal("all", said.Json.GetProperty("server").GetProperty("role").GetString());
    }

    [Fact]
    public async Task Audit_Verifies_OnlineAndAsAnExport()
    {
        using var directory = new TempDirectory();
        var export = Path.Combine(directory.Path, "audit.json");

        await RunAsync("experiments", "create", $"audited-{Guid.NewGuid():N}");

        var online = await RunAsync("audit", "verify");
        var events = await RunAsync("audit", "events");
        await File.WriteAllTextAsync(export, events.Out, TestContext.Current.CancellationToken);
        var offline = await Shell.RunAsync("audit", "verify", "--file", export, "--json", "--server", "http://127.0.0.1:1");

        Assert.Equal((0, 0), (online.Code, offline.Code));
        Assert.NotEqual(0, events.Json.GetArrayLength());
        Assert.Equal(events.Json.GetArrayLength(), offline.Json.GetProperty("events").GetInt64());
    }

    [Fact]
    public async Task Model_IsTaggedDescribedRenamedAndDeleted()
    {
        using var http = new HttpClient { BaseAddress = server.BaseAddress };
        var name = "m" + Guid.NewGuid().ToString("N");
        (await http.PostAsJsonAsync("/api/v1/models", new { name }, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

        Assert.Equal(0, (await RunAsync("models", "tags", "set", name, "team", "growth")).Code);
        Assert.Equal(0, (await RunAsync("models", "describe", name, "what it is")).Code);
        Assert.Equal(0, (await RunAsync("models", "rename", name, name + "-2")).Code);
        var shown = (await RunAsync("models", "get", name + "-2")).Json;
        Assert.Equal(("what it is", "growth"), (shown.GetProperty("description").GetString(), shown.GetProperty("tags").GetProperty("team").GetString()));
        Assert.Equal(0, (await RunAsync("models", "tags", "delete", name + "-2", "team")).Code);
        Assert.NotEqual(0, (await RunAsync("models", "delete", name + "-2", "--yes", "--version", "1")).Code);
        Assert.Equal(0, (await RunAsync("models", "delete", name + "-2", "--yes")).Code);
        Assert.NotEqual(0, (await RunAsync("models", "get", name + "-2")).Code);
    }

    [Fact]
    public async Task RunAndExperiment_AreDeletedAndRestored()
    {
        var name = "e" + Guid.NewGuid().ToString("N");
        using var http = new HttpClient { BaseAddress = server.BaseAddress };
        var experiment = (await RunAsync("experiments", "create", name)).Json.GetProperty("experimentId").GetString();
        var created = await http.PostAsJsonAsync("/api/v1/runs", new { experimentId = experiment }, TestContext.Current.CancellationToken);
        var run = (await created.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("info").GetProperty("runId").GetString()!;
        async Task<int> ListedAsync() => (await RunAsync("runs", "list", "-e", name)).Json.GetArrayLength();

        Assert.Equal((0, 0), ((await RunAsync("runs", "delete", run)).Code, await ListedAsync()));
        Assert.Equal((0, 1), ((await RunAsync("runs", "restore", run)).Code, await ListedAsync()));
        Assert.Equal((0, 0), ((await RunAsync("experiments", "delete", name)).Code, await ListedAsync()));
        Assert.NotEqual(0, (await RunAsync("experiments", "delete", name)).Code);
        Assert.Equal((0, 1), ((await RunAsync("experiments", "restore", name)).Code, await ListedAsync()));
        Assert.NotEqual(0, (await RunAsync("runs", "delete", "none")).Code);
    }

    [Fact]
    public async Task Gc_SaysWhatWentAndRefusesABadAge()
    {
        var said = await RunAsync("gc", "--older-than", "90d", "--dry-run");

        Assert.Equal((0, 0), (said.Code, said.Json.GetProperty("runs").GetInt32()));
        Assert.Equal(0, (await RunAsync("gc", "--yes")).Code);
        Assert.NotEqual(0, (await RunAsync("gc", "--yes", "--older-than", "4000d")).Code);
    }

    private Task<Said> RunAsync(params string[] args) => Shell.RunAsync([.. args, "--json", "--server", server.BaseAddress.AbsoluteUri]);
}
