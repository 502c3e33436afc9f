using System.Diagnostics;
using System.Net;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>What the server's program does about its stored bytes: real processes, real flips.</summary>
public sealed class StorageTests(ITestOutputHelper output)
{
    [Fact]
    public async Task SecondServerOnAFolder_IsRefusedNamingTheFirst_AlsoAfterAKill()
    {
        using var directory = new TempDirectory();
        await using (var first = await ServerProcess.StartAsync(["--data", directory.Path]))
        {
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => ServerProcess.StartAsync(["--data", directory.Path]));

            Assert.Contains("ended with 2", refused.Message, StringComparison.Ordinal);
            Assert.Contains($"is in use by process {first.Id} on {Environment.MachineName}, which serves {first.Address.ToString().TrimEnd('/')}", refused.Message, StringComparison.Ordinal);
            await first.KillAsync();
        }

        await using var second = await ServerProcess.StartAsync(["--data", directory.Path]);
        Assert.Contains($"in use by process {second.Id}", (await Assert.ThrowsAsync<InvalidOperationException>(() => ServerProcess.StartAsync(["--data", directory.Path]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DamagedRun_IsNamedAtEveryDoor_AndABackupBringsItBack()
    {
        using var directory = new TempDirectory();
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var (data, copy) = (directory.File("data"), directory.File("copy"));
        string hurt;
        await using (var server = await ServerProcess.StartAsync(["--data", data]))
        {
            using var caller = new Caller(server.Address);
            await caller.NewRunAsync("0", "whole");
            hurt = await caller.NewRunAsync("0", "hurt");
            await caller.DoAsync(Caller.Mlflow + "runs/log-parameter", new { run_id = hurt, key = "note", value = "marked-for-damage" });
            Assert.Contains("Everything is as it was written", (await CommandAsync(0, "check", "--data", data)).Out, StringComparison.Ordinal);
            await CommandAsync(0, "backup", "--data", data, "--to", copy);
            Assert.Equal(0, await server.StopAsync());
        }

        Assert.InRange(FlippedBits.In(Path.Combine(data, "mlops.db"), "marked-for-damage", seed), 1, 10);
        await using (var server = await ServerProcess.StartAsync(["--data", data]))
        {
            using var caller = new Caller(server.Address);
            var (status, body) = await caller.SendAsync(Caller.Mlflow + $"runs/get?run_id={hurt}");
            Assert.Equal(HttpStatusCode.InternalServerError, status);
            Assert.Contains("DATA_LOSS", body, StringComparison.Ordinal);
            Assert.Contains($"run/{hurt}", body, StringComparison.Ordinal);
            await caller.NewRunAsync("0", "later");
            Assert.Equal(["later", "whole"], (await caller.SearchAsync("0")).Select(run => (string)run["info"]!["run_name"]!).Where(name => name != "hurt").Order());
            Assert.True((bool)(await caller.DoAsync("/api/v1/audit/verification"))["valid"]!);
            Assert.Equal("OK; storage: 1 stored thing is damaged", (await caller.SendAsync("/health")).Body);
            Assert.Equal($"run/{hurt}", (string)(await caller.DoAsync("/api/v1/storage/damage"))[0]!["name"]!);
            Assert.Matches("mlops_storage_damaged[^\n]* 1", (await caller.SendAsync("/metrics")).Body);
            var check = await CommandAsync(1, "check", "--data", data);
            Assert.Contains($"stream 'run/{hurt}' is damaged at version 2", check.Out, StringComparison.Ordinal);
            var inUse = await CommandAsync(2, "restore", "--from", copy, "--data", data, "--replace");
            Assert.Contains($"in use by process {server.Id}", inUse.Error, StringComparison.Ordinal);
            Assert.Equal(0, await server.StopAsync());
        }

        Assert.Contains("--replace", (await CommandAsync(2, "restore", "--from", copy, "--data", data)).Error, StringComparison.Ordinal);
        await CommandAsync(0, "restore", "--from", copy, "--data", data, "--replace");
        await using var restored = await ServerProcess.StartAsync(["--data", data]);
        using var again = new Caller(restored.Address);
        Assert.Contains("marked-for-damage", (await again.SendAsync(Caller.Mlflow + $"runs/get?run_id={hurt}")).Body, StringComparison.Ordinal);
    }

    private static async Task<(string Out, string Error)> CommandAsync(int exitCode, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [RepositoryRoot.ServerProgram, "storage", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var (read, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var (said, error) = (await read, await errors);
        Assert.True(process.ExitCode == exitCode, $"storage {string.Join(' ', arguments)} ended with {process.ExitCode}: {said} {error}");
        return (said, error);
    }
}
