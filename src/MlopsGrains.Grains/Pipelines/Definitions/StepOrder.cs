namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>Orders steps so that each comes after its needs; as written where the needs leave a choice.</summary>
internal static class StepOrder
{
    public static IReadOnlyList<StepSpec> Sort(IReadOnlyList<(StepSpec Step, YamlNode Node, string Field)> steps)
    {
        var sorted = new List<StepSpec>(steps.Count);
        var done = new HashSet<string>(StringComparer.Ordinal);
        while (sorted.Count < steps.Count)
        {
            var next = steps.FirstOrDefault(s => !done.Contains(s.Step.Name) && s.Step.Needs.All(done.Contains));
            if (next.Step is null)
            {
                throw CycleIn([.. steps.Where(s => !done.Contains(s.Step.Name))]);
            }

            done.Add(next.Step.Name);
            sorted.Add(next.Step);
        }

        return sorted;
    }

    private static DefinitionException CycleIn(List<(StepSpec Step, YamlNode Node, string Field)> rest)
    {
        // Every step left waits for another one that is left, so walking the needs must come back to where it was.
        var path = new List<string> { rest[0].Step.Name };
        while (true)
        {
            var step = rest.First(s => s.Step.Name == path[^1]);
            var need = step.Step.Needs.First(n => rest.Any(r => r.Step.Name == n));
            var at = path.IndexOf(need);
            path.Add(need);
            if (at >= 0)
            {
                var first = rest.First(s => s.Step.Name == need);
                return PipelineYaml.Invalid(first.Node, first.Field + ".needs", $"form a cycle: {string.Join(" → ", path[at..])}");
            }
        }
    }
}
