using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Experiments.LoggedModels;

/// <summary>Binds MLflow's filter grammar to logged models: attributes, metrics (on some datasets), params and tags. Pure.</summary>
internal static class LoggedModelFilter
{
    private const string Field = "filter";
    private const string Attributes = "name, model_id, model_type, status, source_run_id, creation_timestamp, last_updated_timestamp";

    public static Func<LoggedModel, bool> Parse(string? filter, IReadOnlyList<MetricDataset> datasets) =>
        FilterBinding.Bind<LoggedModel>(Field, filter, comparison => Bind(comparison, datasets));

    private static Func<LoggedModel, bool> Bind(FilterComparison comparison, IReadOnlyList<MetricDataset> datasets)
    {
        switch (comparison.Entity)
        {
            case "metrics":
                var value = FilterBinding.Numbers(Field, comparison);
                var key = comparison.Name;
                return model => model.Metrics.Any(m => m.Key == key && LoggedModelFields.IsOn(m, datasets) && value(m.Value));
            case "params":
                return Pair(comparison, m => m.Params);
            case "tags":
                return Pair(comparison, m => m.Tags);
            case null or "attribute" or "attributes" or "attr":
                return Attribute(comparison);
            default:
                throw FilterWords.UnknownEntity(Field, comparison.Entity, "attributes, metrics, params, tags");
        }
    }

    private static Func<LoggedModel, bool> Attribute(FilterComparison comparison)
    {
        if (LoggedModelFields.Number(comparison.Name) is { } number)
        {
            var compare = FilterBinding.Numbers(Field, comparison);
            return model => compare(number(model));
        }

        var text = LoggedModelFields.Text(comparison.Name)
            ?? throw FilterWords.UnknownAttribute(Field, comparison.Name, Attributes);
        if (comparison.Name == "status")
        {
            comparison = comparison with { Values = [.. comparison.Values.Select(v => v with { Text = LoggedModelFields.StatusName(v.Text) })] };
        }

        return Text(comparison, text);
    }

    private static Func<LoggedModel, bool> Pair(FilterComparison comparison, Func<LoggedModel, IReadOnlyList<Tag>> pairs)
    {
        var key = comparison.Name;
        return Text(comparison, model => pairs(model).FirstOrDefault(p => p.Key == key)?.Value);
    }

    private static Func<LoggedModel, bool> Text(FilterComparison comparison, Func<LoggedModel, string?> text)
    {
        switch (comparison.Operator)
        {
            case FilterOperator.IsNull:
                return model => text(model) is null;
            case FilterOperator.IsNotNull:
                return model => text(model) is not null;
            default:
                var compare = FilterBinding.Texts(Field, comparison);
                return model => text(model) is { } value && compare(value);
        }
    }
}
