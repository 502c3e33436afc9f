using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments;

/// <summary>A number or a text of a run.</summary>
internal readonly record struct RunValue(double Number, string? Text)
{
    public static RunValue? Of(string? text) => text is null ? null : new RunValue(0, text);

    public static RunValue? Of(double? number) => number is { } value ? new RunValue(value, null) : null;
}

internal enum RunFieldKind
{
    Metric,
    Text,
    TextAttribute,
    NumberAttribute,
    Dataset,
}

/// <summary>Something of a run that filters and orders can name.</summary>
/// <param name="Kind">Which operators it takes.</param>
/// <param name="Name">Its full name, the same for every way of writing it.</param>
/// <param name="Value">Its value of a run.</param>
internal sealed record RunField(RunFieldKind Kind, string Name, Func<Run, RunValue?> Value)
{
    private const string Attributes = "run_id, run_name, user_id, status, artifact_uri, start_time, end_time, created";

    public bool Sortable => Kind != RunFieldKind.Dataset;

    /// <summary>For datasets: the texts of all inputs.</summary>
    public Func<Run, IEnumerable<string>>? Many { get; private init; }

    /// <exception cref="MlopsException">Unknown entity or attribute; the message lists the valid ones.</exception>
    public static RunField Find(string field, string? entity, string name) => entity switch
    {
        "metrics" or "metric" => new RunField(RunFieldKind.Metric, "metrics." + name, run => RunValue.Of(Metric(run.Metrics, name))),
        "params" or "param" or "parameters" or "parameter" => new RunField(RunFieldKind.Text, "params." + name, run => RunValue.Of(Text(run.Params, name))),
        "tags" or "tag" => new RunField(RunFieldKind.Text, "tags." + name, run => RunValue.Of(Text(run.Tags, name))),
        "datasets" or "dataset" => Dataset(field, name),
        "attributes" or "attribute" or "attr" or "run" or null => Attribute(field, name),
        _ => throw MlopsException.Invalid(field, $"Invalid entity type '{entity}'. Valid values are metrics, params, tags, attributes, datasets."),
    };

    private static RunField Attribute(string field, string name) => name switch
    {
        "run_id" => Texts(name, run => run.Info.RunId),
        "run_name" or "run name" or "Run name" or "Run Name" => Texts("run_name", run => run.Info.RunName),
        "user_id" => Texts(name, run => run.Info.UserId),
        "status" => Texts(name, run => StatusNames[(int)run.Info.Status]),
        "artifact_uri" => Texts(name, run => run.Info.ArtifactUri),
        "start_time" or "created" or "Created" => Numbers("start_time", run => run.Info.StartTime),
        "end_time" => Numbers(name, run => run.Info.EndTime),
        _ => throw MlopsException.Invalid(field, $"Invalid attribute key '{name}'. Valid values are {Attributes}."),
    };

    private static readonly string[] StatusNames = ["UNKNOWN", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

    private static RunField Texts(string name, Func<Run, string?> text) => new(RunFieldKind.TextAttribute, name, run => RunValue.Of(text(run)));

    private static RunField Numbers(string name, Func<Run, double?> number) => new(RunFieldKind.NumberAttribute, name, run => RunValue.Of(number(run)));

    private static RunField Dataset(string field, string name)
    {
        Func<DatasetInput, string?> text = name switch
        {
            "name" => input => input.Name,
            "digest" => input => input.Digest,
            "context" => input => input.Tags.FirstOrDefault(t => t.Key == "mlflow.data.context")?.Value,
            _ => throw MlopsException.Invalid(field, $"Invalid dataset key '{name}'. Valid values are name, digest, context."),
        };
        return new RunField(RunFieldKind.Dataset, "datasets." + name, run => null) { Many = run => run.Inputs.Select(text).OfType<string>() };
    }

    /// <summary>A run's lists are in ordinal order of their keys.</summary>
    private static double? Metric(IReadOnlyList<Metric> metrics, string key)
    {
        int low = 0, high = metrics.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var compared = string.CompareOrdinal(metrics[middle].Key, key);
            if (compared == 0)
            {
                return metrics[middle].Value;
            }

            (low, high) = compared < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    private static string? Text(IReadOnlyList<Tag> pairs, string key)
    {
        int low = 0, high = pairs.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var compared = string.CompareOrdinal(pairs[middle].Key, key);
            if (compared == 0)
            {
                return pairs[middle].Value;
            }

            (low, high) = compared < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }
}
