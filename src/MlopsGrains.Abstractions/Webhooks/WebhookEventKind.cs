namespace MlopsGrains.Webhooks;

/// <summary>What a webhook may hear of, in MLflow's words: <c>MODEL_VERSION</c> and <c>CREATED</c>.</summary>
[GenerateSerializer, Immutable, Alias("mlops.WebhookEventKind")]
public sealed record WebhookEventKind([property: Id(0)] string Entity, [property: Id(1)] string Action)
{
    /// <summary>The pairs that there are.</summary>
    public static IReadOnlyList<WebhookEventKind> All { get; } =
    [
        new("REGISTERED_MODEL", "CREATED"),
        new("MODEL_VERSION", "CREATED"),
        new("MODEL_VERSION_TAG", "SET"),
        new("MODEL_VERSION_TAG", "DELETED"),
        new("MODEL_VERSION_ALIAS", "CREATED"),
        new("MODEL_VERSION_ALIAS", "DELETED"),
        new("PROMPT", "CREATED"),
        new("PROMPT_VERSION", "CREATED"),
        new("PROMPT_TAG", "SET"),
        new("PROMPT_TAG", "DELETED"),
        new("PROMPT_VERSION_TAG", "SET"),
        new("PROMPT_VERSION_TAG", "DELETED"),
        new("PROMPT_ALIAS", "CREATED"),
        new("PROMPT_ALIAS", "DELETED"),
        new("BUDGET_POLICY", "EXCEEDED"),
    ];

    /// <inheritdoc />
    public override string ToString() => $"{Entity}.{Action}";
}
