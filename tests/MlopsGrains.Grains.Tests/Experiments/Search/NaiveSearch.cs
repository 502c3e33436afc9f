using System.Text.RegularExpressions;
using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

/// <summary>The rules of a run search once more, row by row and without an eye on time.</summary>
internal static class NaiveSearch
{
    public static List<CollectedRun> Find(IEnumerable<CollectedRun> rows, string filter, string[] orderBy, LifecycleView view)
    {
        var test = FilterSyntax.Parse(filter).Bind<CollectedRun>(c => row => Matches(c, row));
        var found = rows.Where(r => view == LifecycleView.All || (r.Run.Info.LifecycleStage == LifecycleStage.Deleted) == (view == LifecycleView.DeletedOnly)).Where(test).ToList();
        found.Sort((x, y) => Compare(orderBy, x, y));
        return found;
    }

    private static bool Matches(FilterComparison c, CollectedRun row)
    {
        var values = Values(c.Entity, c.Name, c.Function, row);
        return c.Operator switch
        {
            FilterOperator.IsNull => values.Count == 0,
            FilterOperator.IsNotNull => values.Count > 0,
            _ => values.Exists(v => v is double number ? Numbers(c, number) : Texts(c, (string)v)),
        };
    }

    private static List<object> Values(string? entity, string name, FilterFunction? function, CollectedRun row)
    {
        var (run, info) = (row.Run, row.Run.Info);
        if (entity == "metrics")
        {
            var at = run.Metrics.ToList().FindIndex(m => m.Key == name);
            if (at < 0 || (function is { Kind: not FilterFunctionKind.Last } && row.Histories[at].Count == 0))
            {
                return [];
            }

            return
            [
                function?.Kind switch
                {
                    FilterFunctionKind.Min => row.Histories[at].Min,
                    FilterFunctionKind.Max => row.Histories[at].Max,
                    FilterFunctionKind.Average => row.Histories[at].Sum / row.Histories[at].Count,
                    _ => run.Metrics[at].Value,
                },
            ];
        }

        IEnumerable<object?> values = (entity, name) switch
        {
            ("params", _) => run.Params.Where(p => p.Key == name).Select(p => p.Value),
            ("tags", _) => run.Tags.Where(p => p.Key == name).Select(p => p.Value),
            ("datasets", "name") => run.Inputs.Select(i => i.Name),
            ("datasets", "digest") => run.Inputs.Select(i => i.Digest),
            ("datasets", _) => run.Inputs.SelectMany(i => i.Tags.Where(t => t.Key == "mlflow.data.context").Select(t => t.Value)),
            (_, "start_time") => [(double)info.StartTime],
            (_, "end_time") => [(double?)info.EndTime],
            (_, "run_name") => [info.RunName],
            (_, "user_id") => [info.UserId],
            (_, "status") => [info.Status.ToString().ToUpperInvariant()],
            (_, "artifact_uri") => [info.ArtifactUri],
            _ => [info.RunId],
        };
        return [.. values.OfType<object>()];
    }

    private static bool Numbers(FilterComparison c, double value)
    {
        var number = c.Values[0].Number!.Value;
        return c.Operator switch
        {
            FilterOperator.Equal => value == number,
            FilterOperator.NotEqual => value != number,
            FilterOperator.Greater => value > number,
            FilterOperator.GreaterOrEqual => value >= number,
            FilterOperator.Less => value < number,
            _ => value <= number,
        };
    }

    private static bool Texts(FilterComparison c, string value)
    {
        var texts = c.Values.Select(v => v.Text).ToList();
        bool Like(RegexOptions options) => Regex.IsMatch(value, $"^{Regex.Escape(texts[0]).Replace("%", ".*", StringComparison.Ordinal)}$", options | RegexOptions.Singleline);
        return c.Operator switch
        {
            FilterOperator.Equal => value == texts[0],
            FilterOperator.NotEqual => value != texts[0],
            FilterOperator.Like => Like(RegexOptions.None),
            FilterOperator.ILike => Like(RegexOptions.IgnoreCase),
            FilterOperator.In => texts.Contains(value),
            _ => !texts.Contains(value),
        };
    }

    private static int Compare(string[] orderBy, CollectedRun x, CollectedRun y)
    {
        foreach (var key in orderBy.Append("start_time DESC"))
        {
            var (entity, name, function, ascending) = FilterSyntax.ParseOrder(key);
            var (a, b) = (Value(x), Value(y));
            var (rankA, rankB) = (Rank(a), Rank(b));
            var compared = rankA != rankB ? rankA - rankB : rankA > 0 ? 0 : (a is double n ? n.CompareTo((double)b!) : string.CompareOrdinal((string?)a, (string?)b)) * (ascending ? 1 : -1);
            if (compared != 0)
            {
                return compared;
            }

            object? Value(CollectedRun run) => Values(entity, name, function, run).FirstOrDefault();
        }

        return string.CompareOrdinal(x.Run.Info.RunId, y.Run.Info.RunId);

        static int Rank(object? value) => value is null ? 2 : value is double.NaN ? 1 : 0;
    }
}
