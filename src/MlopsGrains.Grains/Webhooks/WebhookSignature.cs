using System.Security.Cryptography;
using System.Text;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>MLflow's signature: <c>v1,</c> and base64 of HMAC-SHA256 over delivery id, timestamp and body, joined by dots.</summary>
internal static class WebhookSignature
{
    public static string Sign(string secret, string deliveryId, string timestamp, string body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{deliveryId}.{timestamp}.{body}")));
}
