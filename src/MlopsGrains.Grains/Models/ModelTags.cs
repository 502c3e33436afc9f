using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Limits;
using MlopsGrains.Models;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Models;

/// <summary>Tags of models and versions: values that are replaced, never changed, so that views share them. In the order of their keys.</summary>
internal static class ModelTags
{
    private const string PromptTextTag = "mlflow.prompt.text";

    public static IReadOnlyDictionary<string, string> None { get; } = new Dictionary<string, string>();

    public static void Check(string key, string? value) => Check("", key, value);

    public static void Check(IReadOnlyDictionary<string, string>? tags)
    {
        Limit.Count("tags", tags?.Count ?? 0, RegistryLimits.TagsMax);
        foreach (var (key, value) in tags ?? None)
        {
            Check("tags.", key, value);
        }
    }

    public static bool IsPrompt(IReadOnlyDictionary<string, string> tags) =>
        tags.TryGetValue(RegisteredModel.PromptTag, out var value) && string.Equals(value, "true", StringComparison.OrdinalIgnoreCase);

    public static IReadOnlyDictionary<string, string> Of(IEnumerable<KeyValuePair<string, string>>? tags) =>
        tags is null ? None : new Dictionary<string, string>(tags.OrderBy(t => t.Key, StringComparer.Ordinal), StringComparer.Ordinal);

    public static IReadOnlyDictionary<string, string> With(IReadOnlyDictionary<string, string> tags, string key, string value) =>
        tags.Count < RegistryLimits.TagsMax || tags.ContainsKey(key)
            ? Of(tags.Where(t => t.Key != key).Append(new(key, value)))
            : throw MlopsException.Invalid("key", $"There are {RegistryLimits.TagsMax} tags, the most there can be.");

    public static IReadOnlyDictionary<string, string> Without(IReadOnlyDictionary<string, string> tags, string key) => Of(tags.Where(t => t.Key != key));

    private static void Check(string prefix, string key, string? value)
    {
        TrackingLimits.CheckKey(prefix + "key", key);
        if (key == PromptTextTag && value is not null && value.IsLongerThan(RegistryLimits.TagValueLengthMax))
        {
            throw MlopsException.Invalid(prefix + "value", $"Prompt text exceeds max length of {RegistryLimits.TagValueLengthMax} characters.");
        }

        Limit.Length(prefix + "value", value ?? throw MlopsException.Missing(prefix + "value"), RegistryLimits.TagValueLengthMax);
    }
}
