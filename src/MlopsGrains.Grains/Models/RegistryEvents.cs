using System.Globalization;
using System.Text.Json;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Models;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Models;

/// <summary>The registry's changes as webhook events, in MLflow's words. Pure. A prompt has events of its own in place of a model's.</summary>
internal static class RegistryEvents
{
    private const string PromptText = "mlflow.prompt.text";

    public static WebhookEvent Created(RegisteredModelDocument model, string name) => Make(
        model, name, model.IsPrompt ? "PROMPT" : "REGISTERED_MODEL", "CREATED", new { name, tags = Shown(model.Tags), description = model.Description });

    /// <summary>Only of a prompt; nothing hears of a model's tags.</summary>
    public static IEnumerable<WebhookEvent> TagSet(RegisteredModelDocument model, string name, string key, string value) =>
        model.IsPrompt ? [Make(model, name, "PROMPT_TAG", "SET", new { name, key, value })] : [];

    /// <summary>Only of a prompt; nothing hears of a model's tags.</summary>
    public static IEnumerable<WebhookEvent> TagDeleted(RegisteredModelDocument model, string name, string key) =>
        model.IsPrompt ? [Make(model, name, "PROMPT_TAG", "DELETED", new { name, key })] : [];

    public static WebhookEvent VersionCreated(RegisteredModelDocument model, string name, ModelVersion version) => IsPrompt(model, version.Tags)
        ? Make(model, name, "PROMPT_VERSION", "CREATED", new
        {
            name,
            version = Text(version.Version),
            template = version.Tags.GetValueOrDefault(PromptText) ?? "",
            tags = Shown(version.Tags),
            description = version.Description,
        })
        : Make(model, name, "MODEL_VERSION", "CREATED", new
        {
            name,
            version = Text(version.Version),
            source = version.Source,
            run_id = version.Lineage.RunId,
            tags = version.Tags,
            description = version.Description,
        });

    public static WebhookEvent VersionTagSet(RegisteredModelDocument model, string name, StoredModelVersion version, string key, string value) => Make(
        model, name, IsPrompt(model, version.Tags) ? "PROMPT_VERSION_TAG" : "MODEL_VERSION_TAG", "SET", new { name, version = Text(version.Version), key, value });

    public static WebhookEvent VersionTagDeleted(RegisteredModelDocument model, string name, StoredModelVersion version, string key) => Make(
        model, name, IsPrompt(model, version.Tags) ? "PROMPT_VERSION_TAG" : "MODEL_VERSION_TAG", "DELETED", new { name, version = Text(version.Version), key });

    public static WebhookEvent AliasSet(RegisteredModelDocument model, string name, string alias, int version) => Make(
        model, name, model.IsPrompt ? "PROMPT_ALIAS" : "MODEL_VERSION_ALIAS", "CREATED", new { name, alias, version = Text(version) });

    public static WebhookEvent AliasDeleted(RegisteredModelDocument model, string name, string alias) => Make(
        model, name, model.IsPrompt ? "PROMPT_ALIAS" : "MODEL_VERSION_ALIAS", "DELETED", new { name, alias });

    private static bool IsPrompt(RegisteredModelDocument model, IReadOnlyDictionary<string, string> tags) => model.IsPrompt || ModelTags.IsPrompt(tags);

    /// <summary>Without what only says that it is a prompt, and without the text that stands beside.</summary>
    private static Dictionary<string, string> Shown(IReadOnlyDictionary<string, string> tags) =>
        tags.Where(t => t.Key is not (RegisteredModel.PromptTag or PromptText)).ToDictionary(t => t.Key, t => t.Value);

    /// <summary>A name's changes are counted for ever, so an event's id is its own.</summary>
    private static WebhookEvent Make(RegisteredModelDocument model, string name, string entity, string action, object data) =>
        new($"{name}/{Text(model.Change)}/{entity}", new WebhookEventKind(entity, action), model.UpdatedAt, JsonSerializer.Serialize(data));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
