using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace MlopsGrains.Benchmarks;

/// <summary>What a load program says to the tracking door.</summary>
internal static partial class Tracking
{
    public const string Root = "/api/2.0/mlflow/";

    public static async Task<string> CreateExperimentAsync(LoadConnection connection, string name)
    {
        await RequireAsync(connection, LoadConnection.Post(Root + "experiments/create", $$"""{"name":"{{name}}"}"""));
        return ExperimentId().Match(connection.Body).Groups[1].Value;
    }

    public static byte[] CreateRun(string experiment) =>
        LoadConnection.Post(Root + "runs/create", $$"""{"experiment_id":"{{experiment}}","start_time":1700000000000,"user_id":"load"}""");

    /// <summary>Creates runs over all connections at once.</summary>
    public static async Task<IReadOnlyList<string>> CreateRunsAsync(IReadOnlyList<LoadConnection> connections, string experiment, int count)
    {
        var request = CreateRun(experiment);
        var runs = new ConcurrentBag<string>();
        await Load.RunAsync(connections, TimeSpan.FromMinutes(10), async (connection, _) =>
        {
            await RequireAsync(connection, request);
            runs.Add(RunId().Match(connection.Body).Groups[1].Value);
            return 200;
        }, count);
        return [.. runs];
    }

    /// <summary>Ten metrics and ten params, a different mix for each run: <c>acc</c> and nine others in 0–1, <c>lr</c> one of ten texts.</summary>
    public static byte[] FillRun(string run, int number)
    {
        var random = new Random(number);
        var json = new StringBuilder($$"""{"run_id":"{{run}}","metrics":[""");
        for (var i = 0; i < 10; i++)
        {
            json.Append(CultureInfo.InvariantCulture, $$"""{{(i == 0 ? "" : ",")}}{"key":"{{(i == 0 ? "acc" : $"m{i}")}}","value":{{random.NextDouble():R}},"timestamp":1700000000000,"step":1}""");
        }

        json.Append("""],"params":[""");
        for (var i = 0; i < 10; i++)
        {
            json.Append(CultureInfo.InvariantCulture, $$"""{{(i == 0 ? "" : ",")}}{"key":"{{(i == 0 ? "lr" : $"p{i}")}}","value":"0.{{random.Next(10)}}"}""");
        }

        return LoadConnection.Post(Root + "runs/log-batch", json.Append("]}").ToString());
    }

    /// <summary>Creates runs over all connections at once, fills each as <see cref="FillRun"/> does and ends it.</summary>
    public static async Task CreateEndedRunsAsync(IReadOnlyList<LoadConnection> connections, string experiment, int count)
    {
        var ids = await CreateRunsAsync(connections, experiment, count);
        var next = -1;
        await Load.RunAsync(connections, TimeSpan.FromMinutes(10), async (connection, _) =>
        {
            var i = Interlocked.Increment(ref next);
            await RequireAsync(connection, FillRun(ids[i], i));
            return await connection.SendAsync(EndRun(ids[i]));
        }, ids.Count);
    }

    public static byte[] EndRun(string run) =>
        LoadConnection.Post(Root + "runs/update", $$"""{"run_id":"{{run}}","status":"FINISHED","end_time":1700000005000}""");

    public static byte[] Search(string experiment, string order = "metrics.acc DESC") => LoadConnection.Post(
        Root + "runs/search", $$"""{"experiment_ids":["{{experiment}}"],"filter":"metrics.acc > 0.9 AND params.lr = '0.1'","order_by":["{{order}}"],"max_results":100}""");

    public static async Task RequireAsync(LoadConnection connection, ReadOnlyMemory<byte> request)
    {
        var status = await connection.SendAsync(request);
        if (status != 200)
        {
            throw new InvalidOperationException($"{status}: {connection.Body}");
        }
    }

    [GeneratedRegex("\"run_id\":\"([0-9a-f]{32})\"")]
    public static partial Regex RunId();

    [GeneratedRegex("\"experiment_id\":\"(\\d+)\"")]
    private static partial Regex ExperimentId();
}
