using System.Globalization;
using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Http;

internal static class GatewayPath
{
    /// <summary>One path segment. A dot segment would be folded away by every URI and name something else.</summary>
    public static string Segment(string field, string? value) => value switch
    {
        null or "" => throw MlopsException.Invalid(field, $"{field} is required."),
        "." or ".." => throw MlopsException.Invalid(field, $"{field} must not be '{value}'."),
        _ => Uri.EscapeDataString(value),
    };

    /// <summary>A path below a run's artifacts.</summary>
    public static string Artifact(string field, string? path) =>
        string.Join('/', ArtifactPath.CheckRelative(field, path).Split('/').Select(Uri.EscapeDataString));

    /// <summary>A query string from the pairs that have a value.</summary>
    public static string Query(params ReadOnlySpan<(string Key, object? Value)> pairs)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in pairs)
        {
            if (Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } shown)
            {
                text.Append(text.Length == 0 ? '?' : '&').Append(key).Append('=').Append(Uri.EscapeDataString(shown));
            }
        }

        return text.ToString();
    }
}
