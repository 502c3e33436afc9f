using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Limits;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Which metrics, params and tags of a run an answer holds, each list in ordinal order.</summary>
internal sealed class RunColumnSet
{
    private const string Expected = "expected metrics., params. or tags. and a key";

    private readonly SortedSet<string> metrics = new(StringComparer.Ordinal);
    private readonly SortedSet<string> parameters = new(StringComparer.Ordinal);
    private readonly SortedSet<string> tags = new(StringComparer.Ordinal);

    private RunColumnSet(IReadOnlyList<string> columns)
    {
        Limit.Count("columns", columns.Count, TrackingLimits.SearchColumnsMax);
        for (var c = 0; c < columns.Count; c++)
        {
            var field = $"columns[{c}]";
            var column = columns[c] ?? throw MlopsException.Missing(field);
            var dot = column.IndexOf('.', StringComparison.Ordinal);
            var keys = (dot < 0 ? "" : column[..dot]) switch
            {
                "metrics" => metrics,
                "params" => parameters,
                "tags" => tags,
                _ => throw MlopsException.InvalidValue(field, column, Expected),
            };
            Limit.Text(field, column[(dot + 1)..], TrackingLimits.KeyLengthMax);
            keys.Add(column[(dot + 1)..]);
        }

        (Metrics, Params, Tags) = ([.. metrics], [.. parameters], [.. tags]);
    }

    public IReadOnlyList<string> Metrics { get; }

    public IReadOnlyList<string> Params { get; }

    public IReadOnlyList<string> Tags { get; }

    /// <summary>The set of <c>metrics.loss</c>, <c>params.lr</c>, <c>tags.team</c>; <see langword="null"/> for everything.</summary>
    /// <exception cref="MlopsException">One of them is no column; it names which.</exception>
    public static RunColumnSet? Parse(IReadOnlyList<string>? columns) => columns is null ? null : new RunColumnSet(columns);

    public bool HasMetric(string key) => metrics.Contains(key);

    public bool HasParam(string key) => parameters.Contains(key);

    public bool HasTag(string key) => tags.Contains(key);

    public Run Trim(Run run) => run with
    {
        Metrics = [.. run.Metrics.Where(m => metrics.Contains(m.Key))],
        Params = [.. run.Params.Where(p => parameters.Contains(p.Key))],
        Tags = [.. run.Tags.Where(t => tags.Contains(t.Key))],
        Inputs = [],
        ModelInputs = [],
        ModelOutputs = [],
    };
}
