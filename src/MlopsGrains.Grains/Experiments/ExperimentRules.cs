using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Artifacts;
using MlopsGrains.Limits;

namespace MlopsGrains.Grains.Experiments;

/// <summary>What an experiment may be called, where its artifacts may lie, and which tags it may have. Pure.</summary>
internal static class ExperimentRules
{
    public const string DefaultId = "0";
    public const string DefaultName = "Default";

    /// <summary>As long as what runs and logged models keep below an experiment's place.</summary>
    private static readonly string LongestBelow = $"models/m-{new string('0', 32)}/artifacts";

    public static bool IsId(string? id) => id is { Length: > 0 and <= 18 } && id.All(char.IsAsciiDigit) && (id.Length == 1 || id[0] != '0');

    /// <summary>Whether it has been deleted long enough to be removed. A deleted experiment takes no other change, so its last one was that.</summary>
    public static bool IsDue(Experiment experiment, long deletedBefore) =>
        experiment.LifecycleStage == LifecycleStage.Deleted && experiment.LastUpdateTime <= deletedBefore && experiment.ExperimentId != DefaultId;

    public static Experiment Make(long number, NewExperiment experiment, DateTimeOffset now)
    {
        var id = number.ToString(CultureInfo.InvariantCulture);
        CheckName(experiment.Name);
        var location = experiment.ArtifactLocation;
        CheckLocation(location);
        var tags = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < (experiment.Tags?.Count ?? 0); i++)
        {
            var tag = experiment.Tags![i];
            CheckTag($"tags[{i}].", tag.Key, tag.Value);
            tags[tag.Key] = tag.Value ?? "";
        }

        CheckTagCount(tags.Count);
        var time = now.ToUnixTimeMilliseconds();
        return new Experiment(
            id,
            experiment.Name,
            string.IsNullOrEmpty(location) ? $"mlflow-artifacts:/{id}" : location.TrimEnd('/'),
            LifecycleStage.Active,
            time,
            time,
            [.. tags.Select(t => new Tag(t.Key, t.Value))]);
    }

    /// <summary>A place below an experiment's location. What follows a URI's path, such as <c>?driver=d</c>, stays behind it.</summary>
    public static string Below(string location, string path)
    {
        var query = location.Contains(':', StringComparison.Ordinal) ? location.IndexOf('?', StringComparison.Ordinal) : -1;
        return query < 0 ? $"{location.TrimEnd('/')}/{path}" : $"{location[..query].TrimEnd('/')}/{path}{location[query..]}";
    }

    public static void CheckName(string? name)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw MlopsException.Missing("name");
        }

        Limit.Length("name", name, TrackingLimits.ExperimentNameLengthMax);
    }

    public static void CheckTag(string prefix, string? key, string? value)
    {
        TrackingLimits.CheckKey(prefix + "key", key);
        Limit.Length(prefix + "value", value, TrackingLimits.ExperimentTagValueLengthMax);
    }

    public static Experiment SetTag(Experiment experiment, string key, string? value)
    {
        CheckTag("", key, value);
        var tags = experiment.Tags.Where(t => t.Key != key).Append(new Tag(key, value ?? "")).OrderBy(t => t.Key, StringComparer.Ordinal).ToList();
        CheckTagCount(tags.Count);
        return experiment with { Tags = tags };
    }

    public static Experiment DeleteTag(Experiment experiment, string key)
    {
        var tags = experiment.Tags.Where(t => t.Key != key).ToList();
        return tags.Count < experiment.Tags.Count ? experiment with { Tags = tags } : throw TrackingErrors.NoExperimentTag(key, experiment.ExperimentId);
    }

    private static void CheckTagCount(int count)
    {
        if (count > TrackingLimits.TagsPerExperimentMax)
        {
            throw MlopsException.Invalid("tags", $"The experiment has {count} tags; at most {TrackingLimits.TagsPerExperimentMax}.");
        }
    }

    private static void CheckLocation(string? location)
    {
        const string Field = "artifactLocation";
        if (string.IsNullOrEmpty(location))
        {
            return;
        }

        Limit.Length(Field, location, TrackingLimits.ArtifactLocationLengthMax);
        var colon = location.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon > 0 ? location[..colon].ToLowerInvariant() : "";
        if (scheme == "runs")
        {
            throw MlopsException.Invalid(Field, $"Artifact location cannot be a runs:/ URI. Given: '{location}'");
        }

        if (location.Any(c => c is '#' or ';' || char.IsControl(c)))
        {
            throw MlopsException.Invalid(Field, $"'artifact_location' URL can't include fragments or params. Given: '{location}'");
        }

        if (location.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query && Uri.UnescapeDataString(location[query..]).Contains("..", StringComparison.Ordinal))
        {
            throw MlopsException.Invalid(Field, $"Invalid query string: '..' is not allowed in one. Given: '{location}'");
        }

        // What is stored below a place has an address that is parsed again by whoever reads or removes it, so what they would refuse is refused here.
        if (location.StartsWith(RetainedArtifacts.OwnStore, StringComparison.OrdinalIgnoreCase))
        {
            ArtifactPath.CheckRelative(Field, Below(location[RetainedArtifacts.OwnStore.Length..].TrimStart('/'), LongestBelow).TrimStart('/'));
        }
        else if (Climbs(location) || Climbs(Uri.UnescapeDataString(location)) || Climbs(Uri.UnescapeDataString(Uri.UnescapeDataString(location))))
        {
            throw MlopsException.Invalid(Field, $"Invalid path in {Field}: '..' segments are not allowed, in any encoding. Given: '{location}'");
        }
    }

    private static bool Climbs(string location) => location.Split('/', '\\', ':').Contains("..");
}
