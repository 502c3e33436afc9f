using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;
using static MlopsGrains.Grains.Pipelines.Definitions.PipelineYaml;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>A step as read, before its references are checked against the other steps.</summary>
internal sealed partial record StepDraft(
    string Field,
    YamlNode Node,
    string Name,
    YamlNode NameNode,
    string Uses,
    YamlNode UsesNode,
    IReadOnlyList<(string Name, YamlNode Node, string Field)> Needs,
    IReadOnlyList<KeyValuePair<string, IReadOnlyList<JsonElement>>> Matrix,
    YamlNode? WithNode,
    int Attempts,
    TimeSpan Timeout)
{
    public int Variants => Matrix.Aggregate(1, (n, m) => n > PipelineLimits.StepsMax ? n : n * m.Value.Count);

    public static StepDraft Read(YamlNode node, int index, IReadOnlyList<string> keys)
    {
        var field = Place(node, index);
        var map = Map(node, field, keys);
        var nameNode = Required(map, field + ".", "name");
        var usesNode = Required(map, field + ".", "uses");
        var needs = Find(map, "needs") switch
        {
            null => [],
            YamlScalar one => [(PipelineYaml.Name(one, field + ".needs"), one, field + ".needs")],
            var n => List(n, field + ".needs").Items.Select((item, i) => (PipelineYaml.Name(item, $"{field}.needs[{i}]"), item, $"{field}.needs[{i}]")).ToList(),
        };
        var with = Find(map, "with");
        if (with is not null)
        {
            _ = Map(with, field + ".with", null);
        }

        return new StepDraft(
            field, node, PipelineYaml.Name(nameNode, field + ".name"), nameNode, Text(usesNode, field + ".uses"), usesNode,
            needs, ReadMatrix(Find(map, "matrix"), field + ".matrix"), with, ReadAttempts(Find(map, "retry"), field + ".retry"), ReadTimeout(Find(map, "timeout"), field + ".timeout"));
    }

    /// <summary>A step is called by its name, or by its number as long as it has none.</summary>
    private static string Place(YamlNode node, int index) =>
        node is YamlMap map && Find(map, "name") is YamlScalar { Value: var name } && Names.IsValid(name)
            ? "steps." + name
            : string.Create(CultureInfo.InvariantCulture, $"steps[{index}]");

    private static List<KeyValuePair<string, IReadOnlyList<JsonElement>>> ReadMatrix(YamlNode? node, string field)
    {
        if (node is null)
        {
            return [];
        }

        var map = Map(node, field, null);
        if (map.Entries.Count is 0 or > 4)
        {
            throw Invalid(map, field, $"has {map.Entries.Count} keys; expected 1–4");
        }

        return [.. map.Entries.Select(e =>
        {
            var path = $"{field}.{PipelineYaml.Name(e.Key, field)}";
            var list = List(e.Value, path);
            if (list.Items.Count is 0 or > PipelineLimits.StepsMax)
            {
                throw Invalid(list, path, $"has {list.Items.Count} values; expected 1–{PipelineLimits.StepsMax}");
            }

            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var item in list.Items)
            {
                // A value becomes part of the step's name.
                if (!seen.Add(PipelineYaml.Name(item, path)))
                {
                    throw Invalid(item, path, $"has the value '{((YamlScalar)item).Value}' twice");
                }
            }

            IReadOnlyList<JsonElement> values = [.. list.Items.Select(i => JsonSerializer.SerializeToElement(((YamlScalar)i).ToJson()))];
            return KeyValuePair.Create(e.Key.Value, values);
        })];
    }

    private static int ReadAttempts(YamlNode? node, string field)
    {
        if (node is null)
        {
            return 1;
        }

        var value = Required(Map(node, field, ["attempts"]), field + ".", "attempts");
        return value is YamlScalar s && int.TryParse(s.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n is >= 1 and <= PipelineLimits.AttemptsMax
            ? n
            : throw Invalid(value, field + ".attempts", $"must be a whole number, 1–{PipelineLimits.AttemptsMax}");
    }

    private static TimeSpan ReadTimeout(YamlNode? node, string field)
    {
        if (node is null)
        {
            return TimeoutDefault;
        }

        if (node is YamlScalar scalar && Duration().Match(scalar.Value) is { Success: true } match)
        {
            var n = int.Parse(match.Groups["n"].ValueSpan, CultureInfo.InvariantCulture);
            var timeout = match.Groups["unit"].Value switch
            {
                "m" => TimeSpan.FromMinutes(n),
                "h" => TimeSpan.FromHours(n),
                _ => TimeSpan.FromSeconds(n),
            };
            if (timeout > TimeSpan.Zero && timeout <= TimeoutMax)
            {
                return timeout;
            }
        }

        throw Invalid(node, field, "must be a time such as 90s, 10m or 2h; at most 24h");
    }

    [GeneratedRegex(@"\A(?<n>[0-9]{1,6})(?<unit>[smh])?\z")]
    private static partial Regex Duration();
}
