using System.CommandLine;
using System.Globalization;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments;

/// <summary>What a chart of several metrics and runs shows.</summary>
internal static class RunCurvesCommand
{
    public static Command Create(CommandSet set)
    {
        var runs = new Argument<string[]>("run-id") { Description = "The runs; a unique beginning of each id is enough.", Arity = ArgumentArity.OneOrMore };
        var metrics = new Option<string[]>("--metric", "-m") { Description = "A metric; may be repeated.", HelpName = "key", Required = true };
        var by = new Option<CurveAxis>("--by") { Description = "What x is: step, time (Unix milliseconds) or relative (milliseconds since the run's start).", HelpName = "axis", DefaultValueFactory = _ => CurveAxis.Step };
        var buckets = new Option<int>("--buckets") { Description = $"Of each curve, 2–{TrackingLimits.HistoryBucketsMax:N0}; lowest and highest point of each are told.", DefaultValueFactory = _ => 100 };
        var start = new Option<long?>("--start") { Description = "First x.", HelpName = "x" };
        var end = new Option<long?>("--end") { Description = "Last x.", HelpName = "x" };
        string[] examples = ["mlops runs curves 0197f1c2 0197f1c3 -m loss -m accuracy", "mlops runs curves 0197f1c2 -m loss --by relative --buckets 20 --json"];
        return set.Leaf("curves", "Shows metrics of several runs as charts do: lowest and highest points, without losing a spike.", examples, [runs, metrics, by, buckets, start, end], async call =>
        {
            var ids = new List<string>();
            foreach (var id in call.Get(runs) ?? [])
            {
                ids.Add(await Ids.RunAsync(call, id));
            }

            var curves = await call.Client.Runs.GetCurvesAsync(new CurveQuery(ids, call.Get(metrics) ?? [], call.Get(by), call.Get(buckets), call.Get(start), call.Get(end)), call.Cancel);
            return call.List([.. curves.SelectMany(c => c.X.Zip(c.Y, (x, y) => new CurvePoint(c.RunId, c.Key, x, y)))], "No points of these metrics.",
                ("RUN", p => ValueText.Short(p.RunId)),
                ("METRIC", p => p.Key),
                ("X", p => ValueText.Whole(p.X)),
                ("VALUE", p => p.Value.ToString("R", CultureInfo.InvariantCulture)));
        });
    }

    private sealed record CurvePoint(string RunId, string Key, long X, double Value);
}
