using System.Net;
using System.Text.RegularExpressions;
using MlopsGrains.Errors;
using MlopsGrains.Limits;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>What a webhook must be like. Pure.</summary>
internal static partial class WebhookRules
{
    public static void Check(StoredWebhook webhook, WebhookOptions options)
    {
        if (string.IsNullOrEmpty(webhook.Name) || !Name().IsMatch(webhook.Name))
        {
            throw MlopsException.Invalid(
                "name", $"Webhook name '{webhook.Name}' is invalid. It must start and end with a letter or digit, have at most 63 characters, and contain only letters, digits, dots (.), underscores (_), and hyphens (-).");
        }

        Limit.Length("description", webhook.Description, WebhookLimits.DescriptionLengthMax);
        Limit.Length("secret", webhook.Secret, WebhookLimits.SecretLengthMax);
        if (webhook.Secret?.Length == 0)
        {
            throw MlopsException.Invalid("secret", "secret must not be empty; leave it out to send without a signature.");
        }

        CheckEvents(webhook.Events);
        CheckUrl(webhook.Url, options);
        if (!Enum.IsDefined(webhook.Status))
        {
            throw MlopsException.Invalid("status", "status must be ACTIVE or DISABLED.");
        }
    }

    public static void CheckEvents(IReadOnlyList<WebhookEventKind> events)
    {
        if (events.Count is 0 || events.Count > WebhookEventKind.All.Count)
        {
            throw MlopsException.Invalid("events", $"Webhook events must be a non-empty list of at most {WebhookEventKind.All.Count}: events has {events.Count}.");
        }

        for (var i = 0; i < events.Count; i++)
        {
            CheckEvent($"events[{i}]", events[i]);
        }
    }

    public static void CheckEvent(string field, WebhookEventKind kind)
    {
        if (!WebhookEventKind.All.Contains(kind))
        {
            throw MlopsException.Invalid(field, $"{field} is not an event. Valid are {string.Join(", ", WebhookEventKind.All)}.");
        }
    }

    private static void CheckUrl(string? url, WebhookOptions options)
    {
        Limit.Length("url", url, WebhookLimits.UrlLengthMax);
        if (string.IsNullOrWhiteSpace(url))
        {
            throw MlopsException.Invalid("url", "Webhook URL cannot be empty or just whitespace: url must be an absolute https address.");
        }

        if (url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            throw MlopsException.Invalid("url", "Invalid webhook URL: url must not hold line ends, other control characters or spaces.");
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0)
        {
            throw MlopsException.Invalid("url", $"Invalid webhook URL '{url}': url must be an absolute https address.");
        }

        if (uri.Scheme != Uri.UriSchemeHttps && (uri.Scheme != Uri.UriSchemeHttp || !options.AllowHttp))
        {
            throw MlopsException.Invalid("url", $"Invalid webhook URL scheme: '{uri.Scheme}'. Allowed schemes of url are: {(options.AllowHttp ? "https, http" : "https; a server whose setting Webhooks:AllowHttp is true takes http too")}.");
        }

        if (uri.UserInfo.Length > 0)
        {
            throw MlopsException.Invalid("url", "url must not hold a user name or password; sign with a secret.");
        }

        // Some resolvers take digits of other alphabets for ours.
        if (uri.Host.Any(c => char.IsDigit(c) && !char.IsAsciiDigit(c)))
        {
            throw MlopsException.Invalid("url", $"Invalid webhook URL '{url}': digits of url's host are written as 0 to 9.");
        }

        var host = uri.IdnHost.TrimEnd('.');
        var isPrivate = IPAddress.TryParse(host.Trim('[', ']'), out var address)
            ? !PublicAddress.IsPublic(address)
            : host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
        if (isPrivate && !options.AllowPrivateTargets)
        {
            throw MlopsException.Invalid("url", $"url names a private, loopback or link-local host; this server does not deliver to those (Webhooks:AllowPrivateTargets).");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?\z")]
    private static partial Regex Name();
}
