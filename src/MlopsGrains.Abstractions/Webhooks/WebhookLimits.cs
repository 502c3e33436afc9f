namespace MlopsGrains.Webhooks;

/// <summary>The limits of webhooks. Lengths are in characters.</summary>
public static class WebhookLimits
{
    /// <summary>Longest address.</summary>
    public const int UrlLengthMax = 2_048;

    /// <summary>Longest description.</summary>
    public const int DescriptionLengthMax = 1_000;

    /// <summary>Longest secret.</summary>
    public const int SecretLengthMax = 1_000;

    /// <summary>Most webhooks, and most deliveries, of a page.</summary>
    public const int PageMax = 1_000;
}
