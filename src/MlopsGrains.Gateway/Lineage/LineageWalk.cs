using Microsoft.AspNetCore.Http;
using MlopsGrains.Errors;
using MlopsGrains.Governance;

namespace MlopsGrains.Gateway.Lineage;

/// <summary>Goes from a thing to what it was made from, and to what was made from it. Nothing that the caller may not read is shown, nor gone through.</summary>
internal sealed class LineageWalk(HttpContext context, IGrainFactory grains, CancellationToken cancellationToken)
{
    private readonly LineageThings things = new(context, grains, cancellationToken);
    private readonly Dictionary<string, LineageNode> nodes = new(StringComparer.Ordinal);
    private readonly HashSet<LineageEdge> edges = [];
    private bool more;

    public async Task<LineageGraph> FromAsync(string of, int depth)
    {
        if (!LineageThings.IsId(of))
        {
            throw MlopsException.Invalid("of", $"of is '{of}'; expected datasets/name/version, pipeline-runs/id, runs/id, models/name/version, deployments/name or monitors/name.");
        }

        var start = await things.FindAsync(of, 0) ?? throw MlopsException.NotFound("Thing", of);
        nodes.Add(start.Id, start);
        await WalkAsync(start, depth, -1);
        await WalkAsync(start, depth, 1);
        return new LineageGraph(start.Id, [.. nodes.Values.OrderBy(n => Math.Abs(n.Distance)).ThenBy(n => n.Id, StringComparer.Ordinal)], [.. edges.OrderBy(e => e.From, StringComparer.Ordinal).ThenBy(e => e.To, StringComparer.Ordinal)], more);
    }

    private async Task WalkAsync(LineageNode start, int depth, int direction)
    {
        var (edge, seen) = (new List<LineageNode> { start }, new HashSet<string>(StringComparer.Ordinal) { start.Id });
        for (var distance = 1; distance <= depth && edge.Count > 0; distance++)
        {
            var next = new List<LineageNode>();
            foreach (var node in edge)
            {
                foreach (var id in direction < 0 ? await things.MadeFromAsync(node) : await things.MadeIntoAsync(node))
                {
                    if (!nodes.TryGetValue(id, out var found))
                    {
                        if (nodes.Count == LineageGraph.NodesMax)
                        {
                            more = true;
                            continue;
                        }

                        if (await things.FindAsync(id, distance * direction) is not { } there)
                        {
                            continue;
                        }

                        nodes.Add(id, found = there);
                    }

                    edges.Add(direction < 0 ? new LineageEdge(id, node.Id) : new LineageEdge(node.Id, id));
                    if (seen.Add(id))
                    {
                        next.Add(found);
                    }
                }
            }

            edge = next;
        }
    }
}
