using System.Text.RegularExpressions;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Limits;
using MlopsGrains.Texts;

namespace MlopsGrains.Models;

/// <summary>What a reference to a model's files means: the source of a version, a location. The one reader of them, for who judges and for who opens.</summary>
/// <param name="Text">As it came.</param>
public abstract partial record ModelSource(string Text)
{
    /// <summary>Longest source, in characters.</summary>
    public const int CharactersMax = 2_048;

    private const int DecodingsMax = 10;

    /// <summary>Reads a source or refuses it (<see cref="ErrorKind.InvalidInput"/>).</summary>
    public static ModelSource Read(string? source)
    {
        if (string.IsNullOrWhiteSpace(source))
        {
            throw MlopsException.Missing("source");
        }

        Limit.Length("source", source, CharactersMax);
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

        return ArtifactPath.FindAt("source", source) is { } artifacts ? new Artifacts(source, artifacts)
            : LocalPath(source) is { } path ? new Local(source, path)
            : new Remote(source);
    }

    /// <summary>The path that a text names on this machine, without its <c>file:</c>; <see langword="null"/> for a URI of any other scheme.</summary>
    public static string? LocalPath(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (File().Match(text) is { Success: true } file)
        {
            return "/" + file.Groups["path"].Value.TrimStart('/');
        }

        return Scheme().IsMatch(text) ? null : text;
    }

    /// <summary>Whether it leads out of where it begins, or holds what no path of a store may hold, in any encoding.</summary>
    private static bool Climbs(string source)
    {
        var isOurs = source.StartsWith(ArtifactPath.Scheme, StringComparison.OrdinalIgnoreCase);
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

    private static string Short(string text) => text.Shorten(200);

    [GeneratedRegex(@"\Amodels:/{1,3}(?<id>m-[A-Za-z0-9_-]{1,128})\z")]
    private static partial Regex LoggedModel();

    [GeneratedRegex(@"\Amodels:/{1,3}(?<name>[^/]+?)(?:/(?<reference>[^/@]+)|(?<reference>@[^/@]+))\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"\Aruns:/{1,3}(?<id>" + TrackingIds.RunPattern + @")(?<path>(/.*)?)\z", RegexOptions.Singleline)]
    private static partial Regex Run();

    [GeneratedRegex(@"\Afile:(?<path>.*)\z", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex File();

    /// <summary>At least two characters: one is a drive.</summary>
    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9+.-]+:")]
    private static partial Regex Scheme();

    /// <summary><c>models:/m-…</c></summary>
    /// <param name="Text">As it came.</param>
    /// <param name="Id">The logged model's id.</param>
    public sealed record OfLoggedModel(string Text, string Id) : ModelSource(Text);

    /// <summary><c>models:/name/version</c>, also by alias.</summary>
    /// <param name="Text">As it came.</param>
    /// <param name="Model">The registered model's name.</param>
    /// <param name="Reference">A number, a stage, <c>latest</c> or <c>@alias</c>.</param>
    public sealed record OfVersion(string Text, string Model, string Reference) : ModelSource(Text);

    /// <summary><c>runs:/id/path</c></summary>
    /// <param name="Text">As it came.</param>
    /// <param name="RunId">The run.</param>
    /// <param name="Path">Below its artifacts; may be empty.</param>
    public sealed record OfRun(string Text, string RunId, string Path) : ModelSource(Text);

    /// <summary><c>mlflow-artifacts:/…</c>, the platform's own store.</summary>
    /// <param name="Text">As it came.</param>
    /// <param name="Path">Where in it.</param>
    public sealed record Artifacts(string Text, ArtifactPath Path) : ModelSource(Text);

    /// <summary>A path on a machine that may be this one.</summary>
    /// <param name="Text">As it came.</param>
    /// <param name="Path">Without its <c>file:</c>.</param>
    public sealed record Local(string Text, string Path) : ModelSource(Text)
    {
        /// <summary>Whether it begins at a root or a drive.</summary>
        public bool IsAbsolute => Path.StartsWith('/') || Path.StartsWith('\\') || (Path.Length > 1 && Path[1] == ':') || Text.StartsWith("file:", StringComparison.OrdinalIgnoreCase);

        /// <summary>Whether it lies below a place on the same machine.</summary>
        public bool IsInside(string? artifactUri) =>
            artifactUri is not null && LocalPath(artifactUri) is { Length: > 1 } root && (Path + "/").StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal);
    }

    /// <summary>Any other store.</summary>
    /// <param name="Text">As it came.</param>
    public sealed record Remote(string Text) : ModelSource(Text);
}
