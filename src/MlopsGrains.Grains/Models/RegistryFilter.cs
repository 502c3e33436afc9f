using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>Filters over models and versions. A filter that does not mention the prompt tag does not see prompts.</summary>
internal static class RegistryFilter
{
    private const string Field = "filter";

    public static Func<RegisteredModel, bool> OfModels(string? filter) => Bind<RegisteredModel>(filter, m => m.Tags, comparison => comparison.Name switch
    {
        "name" when FilterBinding.Texts(Field, comparison) is var test => m => test(m.Name),
        _ => throw Unknown(comparison, "name, tags.<key>"),
    });

    public static Func<ModelVersion, bool> OfVersions(string? filter) => Bind<ModelVersion>(filter, v => v.Tags, comparison => comparison.Name switch
    {
        "name" when FilterBinding.Texts(Field, comparison) is var test => v => test(v.Model),
        "source_path" when FilterBinding.Texts(Field, comparison) is var test => v => test(v.Source),
        "run_id" when FilterBinding.Texts(Field, comparison) is var test => v => v.Lineage.RunId is { } run && test(run),
        "version_number" when FilterBinding.Numbers(Field, comparison) is var test => v => test(v.Version),
        _ => throw Unknown(comparison, "name, source_path, run_id, version_number, tags.<key>"),
    });

    private static Func<T, bool> Bind<T>(string? filter, Func<T, IReadOnlyDictionary<string, string>> tags, Func<FilterComparison, Func<T, bool>> attribute)
    {
        var test = FilterBinding.Bind<T>(Field, filter, c => c.Entity switch
        {
            "tags" or "tag" => BindTag(c, tags),
            null or "attribute" or "attributes" => attribute(c),
            _ => throw FilterWords.UnknownEntity(Field, c.Entity, "attribute, tags"),
        });
        return FilterBinding.Parse(Field, filter).Comparisons().Any(IsPromptTag) ? test : item => test(item) && !ModelTags.IsPrompt(tags(item));
    }

    private static Func<T, bool> BindTag<T>(FilterComparison comparison, Func<T, IReadOnlyDictionary<string, string>> tags)
    {
        var name = comparison.Name;
        switch (comparison.Operator)
        {
            case FilterOperator.IsNull:
                return item => !tags(item).ContainsKey(name);
            case FilterOperator.IsNotNull:
                return item => tags(item).ContainsKey(name);
            default:
                var test = FilterBinding.Texts(Field, comparison);

                // What is no prompt has no such tag, so asking for what is no prompt finds what lacks it.
                var ofMissing = IsPromptTag(comparison)
                    && comparison is { Operator: FilterOperator.NotEqual, Values: [{ Text: "true" }] } or { Operator: FilterOperator.Equal, Values: [{ Text: "false" }] };
                return item => tags(item).TryGetValue(name, out var value) ? test(value) : ofMissing;
        }
    }

    private static bool IsPromptTag(FilterComparison comparison) => comparison is { Entity: "tags" or "tag", Name: RegisteredModel.PromptTag };

    private static MlopsException Unknown(FilterComparison comparison, string valid) =>
        FilterWords.UnknownAttribute(Field, comparison.Name, valid);
}
