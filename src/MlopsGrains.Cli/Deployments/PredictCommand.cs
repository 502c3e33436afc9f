using System.CommandLine;
using System.Globalization;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Deployments;

internal static class PredictCommand
{
    private const int BatchRows = 1000;

    public static Command Create(CommandSet set)
    {
        var deployment = new Argument<string>("deployment") { Description = "The deployment." };
        var file = new Argument<FileInfo?>("file") { Description = "Rows as JSON objects or as CSV with a header row; - or nothing: standard input.", Arity = ArgumentArity.ZeroOrOne };
        var version = new Option<string?>("--version") { Description = "A model version that is served; by the traffic split when left out.", HelpName = "version" };
        string[] examples =
        [
            "mlops predict churn rows.csv",
            "mlops predict churn --json < rows.json",
            "mlops predict churn rows.csv --version 3",
        ];
        return set.Leaf("predict", "Scores rows: one line of output for each.", examples, [deployment, file, version], async call =>
        {
            var rows = PredictRows.Read(await ReadAsync(call, call.Get(file)));
            var about = await call.Client.Inference.MetadataAsync(call.Get(deployment), call.Get(version), call.Cancel);
            var scored = new List<IReadOnlyDictionary<string, object>>();
            foreach (var batch in rows.Chunk(BatchRows))
            {
                call.WhenStopped = $"stopped; {scored.Count} of {rows.Count} rows were scored.";
                var answer = await call.Client.Inference.InferAsync(call.Get(deployment), new InferenceRequest(PredictRows.Columns(batch, about.Inputs)), call.Get(version), call.Cancel);
                scored.AddRange(Enumerable.Range(0, batch.Length).Select(row => (IReadOnlyDictionary<string, object>)answer.Outputs.ToDictionary(o => o.Name, o => Cell(o, row, batch.Length))));
            }

            return call.List(scored, "No rows.", [.. about.Outputs.Select(o => (o.Name, (Func<IReadOnlyDictionary<string, object>, string?>)(row => row.TryGetValue(o.Name, out var cell) ? Text(cell) : null)))]);
        });
    }

    private static async Task<string> ReadAsync(CommandCall call, FileInfo? file)
    {
        if (file is { Name: not "-" })
        {
            return file.Exists ? await File.ReadAllTextAsync(file.FullName, call.Cancel) : throw MlopsException.Invalid("file", $"there is no file {file}.");
        }

        if (call.Environment.InputTerminal)
        {
            throw MlopsException.Invalid("file", "give a file of rows, or pipe them in.");
        }

        return await Task.Run(call.Environment.In.ReadToEnd, CancellationToken.None).WaitAsync(call.Cancel);
    }

    /// <summary>One value of a row, or several where an output has one for each class.</summary>
    private static object Cell(Tensor output, int row, int rows)
    {
        var all = (Array)output.Data;
        var each = rows == 0 ? 0 : all.Length / rows;
        return each == 1 ? all.GetValue(row)! : Enumerable.Range(row * each, each).Select(i => all.GetValue(i)!).ToArray();
    }

    private static string Text(object cell) => cell is object[] many ? string.Join(' ', many.Select(Text)) : Convert.ToString(cell, CultureInfo.InvariantCulture)!;
}
