using MlopsGrains.EndToEnd.Promises;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>One kill of a server that has promised everything, on each engine.</summary>
public sealed class KilledServerTests(PostgresServer postgres)
{
    private const string Password = "correct horse battery";

    private static readonly Dictionary<string, string> Settings = new(
        [.. WebhooksPromise.Settings, .. RetentionPromise.Settings, new("MLOPS_Authentication__Administrator__Name", "root"), new("MLOPS_Authentication__Administrator__Password", Password)]);

    [Theory]
    [InlineData(Installation.Sqlite)]
    [InlineData(Installation.Postgres)]
    public async Task Killed_KeepsItsPromises(string engine)
    {
        using var installation = await Installation.OfAsync(engine, postgres);
        using var caller = new Caller(installation.Address, "root", Password);
        using var uploads = new UploadsPromise(installation);
        await using var webhooks = new WebhooksPromise();
        var search = new SearchPromise(installation);

        // The last two are still at it when the process dies.
        IPromise[] promises = [search, new AccountsPromise(), uploads, webhooks, new LivePromise(), new CreationsPromise(), new RetentionPromise()];
        await using (var first = await installation.StartAsync(Settings))
        {
            foreach (var promise in promises)
            {
                await promise.GiveAsync(caller);
            }

            await first.KillAsync();
        }

        await search.AssertSettledAsync();
        await using var second = await installation.StartAsync(Settings);

        await Assert.MultipleAsync([.. promises.Select(promise => (Func<Task>)(() => promise.AssertKeptAsync(caller)))]);
        Assert.True((bool)(await caller.DoAsync("/api/v1/audit/verification"))["valid"]!);
        await AssertEverythingIsToldOnceAsync(caller);
    }

    /// <summary>Whatever is stored has one event of its creation in the audit chain, whether its creation was answered or not.</summary>
    private static async Task AssertEverythingIsToldOnceAsync(Caller caller)
    {
        await Eventually.Async(async () => (long)(await caller.DoAsync("/api/v1/audit/waiting"))["events"]! == 0, TimeSpan.FromSeconds(20));
        var told = (await caller.AuditAsync()).GroupBy(e => $"{e["action"]} {e["subject"]}").ToDictionary(same => same.Key, same => same.Count());
        var experiments = (await caller.DoAsync(Caller.Mlflow + "experiments/search", new { max_results = 1000, view_type = "ALL" }))["experiments"]!.AsArray()
            .Select(e => (string)e!["experiment_id"]!).Where(id => id != "0").ToList();
        var stored = experiments.ConvertAll(id => $"experiment.created experiment/{id}");
        foreach (var experiment in experiments)
        {
            stored.AddRange((await caller.SearchAsync(experiment)).Select(run => $"run.created run/{run["info"]!["run_id"]}"));
        }

        foreach (var model in (await caller.DoAsync(Caller.Mlflow + "registered-models/search?max_results=1000"))["registered_models"]!.AsArray().Select(m => (string)m!["name"]!))
        {
            stored.Add($"model.created model/{model}");
            stored.AddRange((await caller.DoAsync($"/api/v1/models/{model}/versions")).AsArray().Select(v => $"model-version.registered model/{model}/{v!["version"]}"));
        }

        Assert.True(stored.Count > 150, $"{stored.Count} things are stored.");
        Assert.All(stored, creation => Assert.True(told.GetValueOrDefault(creation) == 1, $"{creation}: {told.GetValueOrDefault(creation)} times"));
        Assert.DoesNotContain(told, one => one.Value > 1 && one.Key.Split(' ')[0].Split('.')[1] is "created" or "registered");
    }
}
