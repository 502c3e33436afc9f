using System.Globalization;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Experiments;

/// <summary>How far retention has looked: experiments below the number are done, and the runs of that experiment before the page. After the last experiment come the blobs.</summary>
internal readonly record struct RetentionPlace(long Experiment, string? RunPage)
{
    public const string Blobs = "blobs";

    public static RetentionPlace Read(string? token)
    {
        if (string.IsNullOrEmpty(token))
        {
            return default;
        }

        var slash = token.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && long.TryParse(token.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new RetentionPlace(number, slash + 1 < token.Length ? token[(slash + 1)..] : null)
            : throw MlopsException.Invalid("pageToken", "The page token is not one that a step of retention gave out.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Experiment}/{RunPage}");
}
