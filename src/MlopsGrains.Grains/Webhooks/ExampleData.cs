using System.Text.Json;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>What an event of each kind carries, made up, for tests of a webhook.</summary>
internal static class ExampleData
{
    public static string Of(WebhookEventKind kind) => JsonSerializer.Serialize<object>((kind.Entity, kind.Action) switch
    {
        ("REGISTERED_MODEL", _) => new { name = "example_model", tags = new { example_key = "example_value" }, description = "An example registered model" },
        ("MODEL_VERSION", _) => new { name = "example_model", version = "1", source = "models:/m-0123", run_id = "abcd1234", tags = new { example_key = "example_value" }, description = "An example version" },
        ("MODEL_VERSION_TAG" or "PROMPT_VERSION_TAG", "SET") => new { name = "example", version = "1", key = "example_key", value = "example_value" },
        ("MODEL_VERSION_TAG" or "PROMPT_VERSION_TAG", _) => new { name = "example", version = "1", key = "example_key" },
        ("MODEL_VERSION_ALIAS" or "PROMPT_ALIAS", "CREATED") => new { name = "example", alias = "example_alias", version = "1" },
        ("MODEL_VERSION_ALIAS" or "PROMPT_ALIAS", _) => new { name = "example", alias = "example_alias" },
        ("PROMPT", _) => new { name = "example_prompt", tags = new { example_key = "example_value" }, description = "An example prompt" },
        ("PROMPT_VERSION", _) => new { name = "example_prompt", version = "1", template = "Hello {{name}}!", tags = new { example_key = "example_value" }, description = "An example prompt version" },
        ("PROMPT_TAG", "SET") => new { name = "example_prompt", key = "example_key", value = "example_value" },
        ("PROMPT_TAG", _) => new { name = "example_prompt", key = "example_key" },
        _ => new { example_key = "example_value" },
    });
}
