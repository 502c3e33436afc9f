using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Governance;

namespace MlopsGrains.Cli.Governance;

internal static class LineageCommand
{
    public static Command Create(CommandSet set)
    {
        var of = new Argument<string>("of") { Description = "datasets/NAME/VERSION, pipeline-runs/ID, runs/ID, models/NAME/VERSION, deployments/NAME or monitors/NAME." };
        var depth = new Option<int?>("--depth") { Description = "Steps each way, at most 5; 3 when left out.", HelpName = "steps" };
        string[] examples = ["mlops lineage models/churn/3", "mlops lineage datasets/customers/1 --depth 5 --json"];
        return set.Leaf("lineage", "Shows what something was made from, and what was made from it.", examples, [of, depth], async call =>
        {
            var graph = await call.Client.Lineage.GetAsync(call.Get(of), call.Get(depth), call.Cancel);
            return call.IsJson ? call.Show(graph) : call.List([.. graph.Nodes.OrderBy(n => n.Kind).ThenBy(n => n.Distance)], "Nothing.",
                ("KIND", n => n.Kind == LineageKind.PipelineRun ? "pipeline run" : ValueText.Enum(n.Kind)),
                ("ID", n => n.Id),
                ("NAME", n => n.Name),
                ("STANDS", n => n.About),
                ("FROM", n => string.Join(' ', graph.Edges.Where(e => e.To == n.Id).Select(e => e.From))));
        });
    }
}
