using System.Text.RegularExpressions;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Experiments;

namespace MlopsGrains.Grains.Models;

/// <summary>What the source of a version means. Pure.</summary>
internal abstract partial record ModelSource(string Text)
{
    public const int CharactersMax = 2_048;

    private const int DecodingsMax = 10;

    /// <summary>Reads a source or refuses it.</summary>
    public static ModelSource Read(string? source)
    {
        if (string.IsNullOrWhiteSpace(source))
        {
            throw MlopsException.Missing("source");
        }

        TrackingLimits.CheckLength("source", source, CharactersMax);
        if (source.Any(char.IsControl) || Climbs(source))
        {
            throw MlopsException.Invalid(
                "source",
                $"Invalid model version source: '{Short(source)}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided "
                + "without relative path references present. Please provide an absolute path. '..' segments and control characters are not allowed, in any encoding.");
        }

        if (LoggedModel().Match(source) is { Success: true } logged)
        {
            return new OfLoggedModel(source, logged.Groups["id"].Value);
        }

        if (Version().Match(source) is { Success: true } version)
        {
            return new OfVersion(source, version.Groups["name"].Value, version.Groups["reference"].Value);
        }

        if (Run().Match(source) is { Success: true } run)
        {
            return new OfRun(source, run.Groups["id"].Value, run.Groups["path"].Value.Trim('/'));
        }

        if (source.StartsWith("models:", StringComparison.OrdinalIgnoreCase) || source.StartsWith("runs:", StringComparison.OrdinalIgnoreCase))
        {
            throw MlopsException.Invalid("source", $"Invalid model version source: '{Short(source)}'; expected models:/m-<id>, models:/<name>/<version>, models:/<name>@<alias> or runs:/<id>/<path>.");
        }

        return LocalPath(source) is { } path ? new Local(source, path) : new Remote(source);
    }

    /// <summary>The path that a text names on this machine, without its <c>file:</c>; <see langword="null"/> for a URI of any other scheme.</summary>
    public static string? LocalPath(string text)
    {
        if (File().Match(text) is { Success: true } file)
        {
            return "/" + file.Groups["path"].Value.TrimStart('/');
        }

        return Scheme().IsMatch(text) ? null : text;
    }

    /// <summary>Whether it leads out of where it begins, or holds what no path of a store may hold, in any encoding.</summary>
    private static bool Climbs(string source)
    {
        var isOurs = source.StartsWith("mlflow-artifacts:", StringComparison.OrdinalIgnoreCase);
        for (var decodings = 0; decodings < DecodingsMax; decodings++)
        {
            if (source.Split('/', '\\', '?', '#', '&').Contains("..") || source.Contains('\0', StringComparison.Ordinal) || (isOurs && source.Any(char.IsControl)))
            {
                return true;
            }

            source = Uri.UnescapeDataString(source);
        }

        return false;
    }

    private static string Short(string text) => text.Length <= 200 ? text : text[..200] + "…";

    [GeneratedRegex(@"\Amodels:/{1,3}(?<id>m-[A-Za-z0-9_-]{1,128})\z")]
    private static partial Regex LoggedModel();

    [GeneratedRegex(@"\Amodels:/{1,3}(?<name>[^/]+?)(?:/(?<reference>[^/@]+)|(?<reference>@[^/@]+))\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"\Aruns:/{1,3}(?<id>[A-Za-z0-9][A-Za-z0-9_-]{0,255})(?<path>(/.*)?)\z", RegexOptions.Singleline)]
    private static partial Regex Run();

    [GeneratedRegex(@"\Afile:(?<path>.*)\z", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex File();

    /// <summary>At least two characters: one is a drive.</summary>
    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9+.-]+:")]
    private static partial Regex Scheme();

    /// <summary><c>models:/m-…</c></summary>
    public sealed record OfLoggedModel(string Text, string Id) : ModelSource(Text);

    /// <summary><c>models:/name/version</c>, also by alias.</summary>
    public sealed record OfVersion(string Text, string Model, string Reference) : ModelSource(Text);

    /// <summary><c>runs:/id/path</c></summary>
    public sealed record OfRun(string Text, string RunId, string Path) : ModelSource(Text);

    /// <summary>A path on a machine that may be this one.</summary>
    public sealed record Local(string Text, string Path) : ModelSource(Text)
    {
        public bool IsAbsolute => Path.StartsWith('/') || Path.StartsWith('\\') || (Path.Length > 1 && Path[1] == ':') || Text.StartsWith("file:", StringComparison.OrdinalIgnoreCase);

        public bool IsInside(string? artifactUri) =>
            artifactUri is not null && LocalPath(artifactUri) is { Length: > 1 } root && (Path + "/").StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal);
    }

    /// <summary>Any other store.</summary>
    public sealed record Remote(string Text) : ModelSource(Text);
}
