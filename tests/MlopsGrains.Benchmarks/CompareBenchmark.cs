using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MlopsGrains.Client;
using MlopsGrains.Testing;

namespace MlopsGrains.Benchmarks;

/// <summary>
/// This server against another build of it (<c>--baseline PATH/MlopsGrains.Server.dll</c>) on SQLite, in one run: both are up, and short slices of the same
/// load go to one and the other in turn, so that the machine's moods hit both. The ratio is that of all that was answered, since a slice in which runs put points away is slower than the next;
/// the quartiles are those of the pairs. Above 1 this build is faster; of the server's processor time for an answer, which what else runs disturbs less, above 1 is slower. A third server is this build with users, where a user without any right but on her own
/// things asks. <c>--case</c> with a case's first words measures that one alone.
/// </summary>
internal sealed class CompareBenchmark(int slices, TimeSpan slice, string only)
{
    private const int Points = 100;
    private const int SearchedRuns = 20_000;
    private const string Model = "compared";
    private const string Administrator = "administrator";

    private readonly List<ServerUnderLoad> servers = [];

    public static async Task<int> RunAsync(string[] args)
    {
        if (Text(args, "--baseline", "") is not { Length: > 0 } baseline || !File.Exists(baseline))
        {
            Console.Error.WriteLine("compare needs --baseline PATH: the MlopsGrains.Server.dll of another build, in the same configuration as this one.");
            return 2;
        }

        var slices = int.Parse(Text(args, "--slices", "15"), CultureInfo.InvariantCulture);
        var milliseconds = int.Parse(Text(args, "--slice-ms", "1000"), CultureInfo.InvariantCulture);
        using var here = new TempDirectory();
        using var there = new TempDirectory();
        await using var before = await ServerUnderLoad.StartProgramAsync(baseline, "--data", there.Path);
        await using var now = await ServerUnderLoad.StartAsync("--data", here.Path);
        using var locked = new TempDirectory();
        await using var users = await ServerUnderLoad.StartProgramAsync(RepositoryRoot.ServerProgram, ["--data", locked.Path], new Dictionary<string, string>
        {
            ["MLOPS_Authentication__Administrator__Name"] = Administrator,
            ["MLOPS_Authentication__Administrator__Password"] = Administrator,
            ["MLOPS_Authentication__DefaultPermission"] = "None",
        });
        await AddUserAsync(users);
        var benchmark = new CompareBenchmark(slices, TimeSpan.FromMilliseconds(milliseconds), Text(args, "--case", ""));
        benchmark.servers.AddRange([before, now, users]);
        await benchmark.RunAsync();
        return 0;
    }

    private async Task RunAsync()
    {
        Console.WriteLine($"{slices} slices of {slice.TotalMilliseconds:0} ms each, in turn");
        Console.WriteLine($"{"case",-46}{"before/s",10}{"now/s",10}{"ratio",7}  {"quartiles",-9}{"processor",11}{"users/s",10}{"ratio",7}  {"quartiles",-9}{"processor",11}");
        await CaseAsync("log-batch of 100 points, 64 connections", 64, async (server, connections) =>
        {
            var requests = (await Tracking.CreateRunsAsync(connections, await Tracking.CreateExperimentAsync(connections[0], "logged"), connections.Count)).Select(run => new LogBatchRequest(run, Points)).ToArray();
            return (connection, number) => connection.SendAsync(requests[number].Next());
        });
        await CaseAsync("create-run, 64 connections", 64, async (server, connections) =>
        {
            var create = Tracking.CreateRun(await Tracking.CreateExperimentAsync(connections[0], "created"));
            return (connection, _) => connection.SendAsync(create);
        });
        await CaseAsync($"runs/search, {SearchedRuns:N0} runs, one by one", 1, async (server, _) =>
        {
            var search = Tracking.Search(await FillAsync(server));
            return (connection, _) => connection.SendAsync(search);
        });
        await CaseAsync("infer, one row, 16 connections", 16, async (server, _) =>
        {
            var infer = LoadConnection.Post($"/v2/models/{Model}/infer", await DeployAsync(server));
            return (connection, _) => connection.SendAsync(infer);
        });
    }

    private async Task CaseAsync(string name, int count, Func<ServerUnderLoad, IReadOnlyList<LoadConnection>, Task<Func<LoadConnection, int, Task<int>>>> prepare)
    {
        if (!name.StartsWith(only, StringComparison.Ordinal))
        {
            return;
        }

        var loads = new List<Compared>();
        foreach (var server in servers)
        {
            var connections = await LoadConnection.OpenAsync(server.Port, count);
            loads.Add(new Compared(server, connections, await prepare(server, connections)));
        }

        for (var i = -2; i < slices; i++) // The first two are warm-up.
        {
            // Who goes first changes, so that what one leaves behind for the other evens out.
            foreach (var load in i % 2 == 0 ? loads : Enumerable.Reverse(loads))
            {
                var processor = load.Server.Processor;
                var measured = await Load.RunAsync(load.Connections, slice, load.Send);
                if (measured.Errors > 0)
                {
                    throw new InvalidOperationException($"{name}: {measured.Errors} of {measured.Sent} were refused: {load.Connections[0].Body}");
                }

                if (i >= 0)
                {
                    load.PerSecond.Add(measured.PerSecond);
                    load.Processor += load.Server.Processor - processor;
                    load.Answered += measured.Sent;
                }
            }
        }

        Console.Write(string.Create(CultureInfo.InvariantCulture, $"{name,-46}{loads[0].PerSecond.Average(),12:N0}"));
        foreach (var load in loads.Skip(1))
        {
            var ratios = loads[0].PerSecond.Zip(load.PerSecond, (before, now) => now / before).ToList();
            Console.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{load.PerSecond.Average(),10:N0}{load.PerSecond.Average() / loads[0].PerSecond.Average(),7:0.000}  {$"{At(ratios, 0.25):0.00}–{At(ratios, 0.75):0.00}",-9}{load.Each / loads[0].Each,11:0.000}"));
        }

        Console.WriteLine();
        foreach (var connection in loads.SelectMany(l => l.Connections))
        {
            connection.Dispose();
        }
    }

    private sealed class Compared(ServerUnderLoad server, IReadOnlyList<LoadConnection> connections, Func<LoadConnection, int, Task<int>> send)
    {
        public ServerUnderLoad Server => server;

        public IReadOnlyList<LoadConnection> Connections => connections;

        public Func<LoadConnection, int, Task<int>> Send => send;

        public List<double> PerSecond { get; } = [];

        public TimeSpan Processor { get; set; }

        public int Answered { get; set; }

        public double Each => Processor / Answered / TimeSpan.FromMicroseconds(1);
    }

    private static async Task AddUserAsync(ServerUnderLoad server)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{server.Port}") };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Administrator}:{Administrator}")));
        using var answer = await http.PostAsJsonAsync(new Uri("/api/2.0/mlflow/users/create", UriKind.Relative), new { username = LoadConnection.User.Name, password = LoadConnection.User.Password });
        answer.EnsureSuccessStatusCode();
    }

    private static double At(List<double> values, double quantile) => values.Order().ElementAt((int)((values.Count - 1) * quantile));

    private static async Task<string> FillAsync(ServerUnderLoad server)
    {
        var connections = await LoadConnection.OpenAsync(server.Port, 64);
        var experiment = await Tracking.CreateExperimentAsync(connections[0], "full");
        await Tracking.CreateEndedRunsAsync(connections, experiment, SearchedRuns);
        await Tracking.RequireAsync(connections[0], Tracking.Search(experiment));
        foreach (var connection in connections)
        {
            connection.Dispose();
        }

        return experiment;
    }

    /// <summary>A logistic regression on the breast cancer table, deployed and watched. Answers a request of one row.</summary>
    private static async Task<string> DeployAsync(ServerUnderLoad server)
    {
        var address = new Uri($"http://127.0.0.1:{server.Port}");
        var (user, password) = LoadConnection.User;
        using var client = MlopsGrainsClient.Create(new MlopsGrainsClientOptions { BaseAddress = address, User = user, Password = password });
        await using (var table = File.OpenRead(Path.Combine(RepositoryRoot.Path, "src", "MlopsGrains.Server", "Demo", "breast_cancer.csv")))
        {
            await client.Datasets.UploadAsync(Model, table);
        }

        await client.Pipelines.RegisterAsync(Pipeline);
        var started = await client.Pipelines.StartAsync(Model);
        var run = await client.Pipelines.WaitAsync(started.PipelineRunId);
        if (run.Status != Pipelines.PipelineRunStatus.Succeeded)
        {
            throw new InvalidOperationException($"The pipeline ended as {run.Status}: {string.Join("; ", run.Steps.Select(s => s.Error))}");
        }

        var connection = (await LoadConnection.OpenAsync(server.Port, 1))[0];
        await Tracking.RequireAsync(connection, LoadConnection.Get($"/v2/models/{Model}"));
        using var metadata = JsonDocument.Parse(connection.Body[connection.Body.IndexOf('{')..(connection.Body.LastIndexOf('}') + 1)]);
        connection.Dispose();
        var inputs = metadata.RootElement.GetProperty("inputs").EnumerateArray().Select((input, number) => string.Create(
            CultureInfo.InvariantCulture, $$"""{"name":{{input.GetProperty("name").GetRawText()}},"datatype":"{{input.GetProperty("datatype").GetString()}}","shape":[1],"data":[{{number + 0.5}}]}"""));
        return new StringBuilder("{\"inputs\":[").AppendJoin(',', inputs).Append("]}").ToString();
    }

    private static string Text(string[] args, string name, string fallback) => Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? args[i + 1] : fallback;

    private const string Pipeline = $$"""
        name: {{Model}}
        steps:
          - name: load
            uses: dataset/load
            with: { dataset: {{Model}} }
          - name: split
            uses: data/split
            with: { data: "${steps.load.outputs.digest}", test: 0.25, seed: 1, stratify: diagnosis }
          - name: train
            uses: model/train
            with: { experiment: {{Model}}, trainer: logistic-regression, task: binary, label: diagnosis, positive: malignant, seed: 1, train: "${steps.split.outputs.train}" }
          - name: evaluate
            uses: model/evaluate
            with: { candidates: "${steps.train.outputs}", test: "${steps.split.outputs.test}", task: binary, label: diagnosis, positive: malignant, metric: auc }
          - name: register
            uses: model/register
            with: { name: {{Model}}, run_id: "${steps.evaluate.outputs.run_id}", model: "${steps.evaluate.outputs.model}", metrics: "${steps.evaluate.outputs.metrics}" }
          - name: deploy
            uses: model/deploy
            with: { deployment: {{Model}}, model: "${steps.register.outputs.name}", version: "${steps.register.outputs.version}" }
          - name: monitor
            uses: monitor/configure
            with: { deployment: "${steps.deploy.outputs.deployment}", reference: "${steps.split.outputs.train}", window_rows: 1000 }
        """;
}
