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
    }
}
