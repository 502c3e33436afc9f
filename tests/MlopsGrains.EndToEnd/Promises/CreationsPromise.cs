using System.Collections.Concurrent;
using System.Net;

namespace MlopsGrains.EndToEnd.Promises;

/// <summary>
/// A creation sent again with its <c>Idempotency-Key</c> is answered as the first time and makes nothing twice. Eight are always on their way, so some are stored and their
/// answers lost when the process dies.
/// </summary>
internal sealed class CreationsPromise : IPromise
{
    private readonly ConcurrentDictionary<int, string> answers = new();
    private string experiment = "";
    private int sent;
    private Task[] senders = [];

    public async Task GiveAsync(Caller caller)
    {
        experiment = await caller.NewExperimentAsync("created once");
        await caller.DoAsync("/api/v1/models", new { name = "parent" });
        senders = [.. Enumerable.Range(0, 8).Select(async _ =>
        {
            try
            {
                for (var number = Interlocked.Increment(ref sent); ; number = Interlocked.Increment(ref sent))
                {
                    answers[number] = await CreateAsync(caller, number);
                }
            }
            catch (HttpRequestException)
            {
                // The server is gone.
            }
        })];
        await Testing.Eventually.Async(() => answers.Count >= 60 || senders.Any(s => s.IsCompleted));
    }

    public async Task AssertKeptAsync(Caller caller)
    {
        await Task.WhenAll(senders);
        Assert.InRange(answers.Count, 60, sent - 1);
        for (var number = 1; number <= sent; number++)
        {
            var again = await CreateAsync(caller, number);
            Assert.Equal(answers.GetValueOrDefault(number, again), again);
        }

        Assert.Equal(Enumerable.Range(1, sent).Count(n => n % 4 == 0), (await caller.SearchAsync(experiment)).Count);
        var versions = await caller.DoAsync(Caller.Mlflow + "model-versions/search?max_results=1000&filter=" + Uri.EscapeDataString("name = 'parent'"));
        Assert.Equal(Enumerable.Range(1, sent).Count(n => n % 4 == 1), versions["model_versions"]!.AsArray().Count);
    }

    /// <summary>Of four kinds by turns. Names are taken, so a second creation of those would be refused; runs and versions are counted.</summary>
    private async Task<string> CreateAsync(Caller caller, int number)
    {
        var (path, message) = (number % 4) switch
        {
            0 => ("runs/create", (object)new { experiment_id = experiment, start_time = 1 }),
            1 => ("model-versions/create", new { name = "parent", source = "s3://bucket/model" }),
            2 => ("experiments/create", new { name = $"e{number}" }),
            _ => ("registered-models/create", new { name = $"m{number}" }),
        };
        var (status, body) = await caller.SendAsync(Caller.Mlflow + path, message, idempotencyKey: $"key {number}");
        Assert.True(status == HttpStatusCode.OK, $"{path} {number}: {status} {body}");
        return body;
    }
}
