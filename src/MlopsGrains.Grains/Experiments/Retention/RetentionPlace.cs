using System.Globalization;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Experiments.Retention;

/// <summary>
/// How far retention has looked: experiments below the number are done, and the runs of that experiment before the page, or all of them and its logged models up to an id. After the last
/// experiment come the blobs.
/// </summary>
internal readonly record struct RetentionPlace(long Experiment, string? RunPage, string? ModelsAfter = null)
{
    public const string Blobs = "blobs";

    private const string Models = "models:";

    public static RetentionPlace Read(string? token)
    {
        if (string.IsNullOrEmpty(token))
        {
            return default;
        }

        var slash = token.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && long.TryParse(token.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            var rest = token[(slash + 1)..];
            return rest.StartsWith(Models, StringComparison.Ordinal)
                ? new RetentionPlace(number, null, rest[Models.Length..])
                : new RetentionPlace(number, rest.Length > 0 ? rest : null);
        }

        throw MlopsException.Invalid("pageToken", "The page token is not one that a step of retention gave out.");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Experiment}/{(ModelsAfter is null ? RunPage : Models + ModelsAfter)}");
}
