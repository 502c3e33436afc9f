using MlopsGrains.Errors;
using MlopsGrains.Limits;

namespace MlopsGrains.Experiments;

/// <summary>The only way from a path that a client sent to a root and a relative path. Refuses every form of traversal.</summary>
/// <param name="Root">Key of the <see cref="IArtifactDirectoryGrain"/>.</param>
/// <param name="Relative">Path below the root, <c>""</c> for the root itself, segments joined by <c>/</c>.</param>
public sealed record ArtifactPath(string Root, string Relative)
{
    /// <summary>Longest path, in characters.</summary>
    public const int LengthMax = 1024;

    /// <summary>The scheme of the platform's own artifact store.</summary>
    public const string Scheme = "mlflow-artifacts:";

    private const string RootEnd = "artifacts";

    /// <summary>The first segment of roots that hold the files of registered models, each under its digest: written by the platform, read-only at every door.</summary>
    public const string ModelFiles = "model-files";

    /// <summary>This path, or a refusal (<see cref="ErrorKind.InvalidInput"/>) when nothing may be written or deleted there.</summary>
    public ArtifactPath Writable() => IsModelFiles
        ? throw MlopsException.Invalid("path", $"Invalid path: '{ModelFiles}' holds the files of registered models and is read-only.")
        : this;

    /// <summary>Whether it lies among <see cref="ModelFiles"/>.</summary>
    public bool IsModelFiles => Root.Split('/')[0] == ModelFiles;

    /// <summary>The path from which both parts come.</summary>
    public string Full => Relative.Length == 0 ? Root : $"{Root}/{Relative}";

    /// <summary>Whether other roots may lie below: those of runs and models lie below their experiment's first segment.</summary>
    public bool MayHoldRoots => Root != RootEnd && !Root.Contains('/', StringComparison.Ordinal) && Root != ModelFiles;

    /// <summary>
    /// Splits a decoded path. The root ends with the first segment named <c>artifacts</c>; without one it is the first segment.
    /// </summary>
    /// <exception cref="MlopsException">
    /// <see cref="ErrorKind.InvalidInput"/> for empty, absolute or too long paths, control characters, and, also where they are still percent-encoded, <c>.</c>,
    /// <c>..</c> or empty segments, backslashes and drive letters. A <c>%</c> is a letter of a name like any other: images are named <c>dog%step%100</c>.
    /// </exception>
    public static ArtifactPath Parse(string field, string? path)
    {
        var segments = CheckRelative(field, path).Split('/');
        var end = Array.IndexOf(segments, RootEnd);
        var count = end < 0 ? 1 : end + 1;
        return new ArtifactPath(string.Join('/', segments[..count]), string.Join('/', segments[count..]));
    }

    /// <summary>The place in the platform's own store that a URI names; <see langword="null"/> for one of any other scheme. The one reader of such URIs, for who judges and for who opens.</summary>
    /// <param name="field">The request's field.</param>
    /// <param name="uri">Such as <c>mlflow-artifacts:/12/&lt;run id&gt;/artifacts</c>; slashes in a row are one, as everywhere in URIs of MLflow.</param>
    /// <exception cref="MlopsException">As of <see cref="Parse"/>.</exception>
    public static ArtifactPath? FindAt(string field, string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return uri.StartsWith(Scheme, StringComparison.Ordinal) ? Parse(field, string.Join('/', uri[Scheme.Length..].Split('/', StringSplitOptions.RemoveEmptyEntries))) : null;
    }

    /// <summary>Returns a path below a root unchanged when it is safe, else throws <see cref="ErrorKind.InvalidInput"/>.</summary>
    public static string CheckRelative(string field, string? path)
    {
        path = Limit.Text(field, path, LengthMax);
        var decoded = Uri.UnescapeDataString(path);
        if (path.Any(char.IsControl) || Climbs(path) || Climbs(decoded) || Climbs(Uri.UnescapeDataString(decoded)))
        {
            throw MlopsException.Invalid(field, $"Invalid path in {field}: it must be relative, without '.', '..' or empty segments, backslashes or drive letters.");
        }

        return path;
    }

    private static bool Climbs(string path) =>
        path.StartsWith('/')
        || path.Contains('\\', StringComparison.Ordinal)
        || (path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0]))
        || path.Split('/').Any(s => s is "" or "." or "..");
}
