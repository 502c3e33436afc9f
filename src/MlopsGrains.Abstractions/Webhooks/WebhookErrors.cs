using MlopsGrains.Errors;

namespace MlopsGrains.Webhooks;

/// <summary>What is not there among webhooks. In the words of MLflow, whose clients look for them.</summary>
public static class WebhookErrors
{
    /// <summary>No webhook has this id.</summary>
    public static MlopsException NoWebhook(string id) => new(ErrorKind.NotFound, $"Webhook with ID {id} not found.");
}
