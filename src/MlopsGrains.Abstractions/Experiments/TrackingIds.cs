using System.Text.RegularExpressions;
using MlopsGrains.Errors;
using MlopsGrains.Identity;

namespace MlopsGrains.Experiments;

/// <summary>The ids of experiments, runs and logged models: what can be one is checked before it becomes a grain's key.</summary>
public static partial class TrackingIds
{
    /// <summary>What a logged model's id begins with; 32 lower-case hex digits follow.</summary>
    public const string LoggedModelPrefix = "m-";

    /// <summary>What a run's id looks like, for patterns that hold one; other programs may have chosen it.</summary>
    public const string RunPattern = "[a-zA-Z0-9][a-zA-Z0-9_-]{0,255}";

    private const int ExperimentDigitsMax = 18;

    /// <summary>Whether it can be an experiment's id: 1 to 18 decimal digits.</summary>
    public static bool IsExperiment(string? id) => id is { Length: >= 1 and <= ExperimentDigitsMax } && id.All(char.IsAsciiDigit);

    /// <summary>Whether it can be a run's id: a letter or digit, then letters, digits, <c>_</c> and <c>-</c>, at most 256.</summary>
    public static bool IsRun(string? id) => id is not null && Run().IsMatch(id);

    /// <summary>Whether it can be a logged model's id: <c>m-</c> and 32 lower-case hex digits.</summary>
    public static bool IsLoggedModel(string? id) => id is not null && id.StartsWith(LoggedModelPrefix, StringComparison.Ordinal) && IdFormat.Matches(id[LoggedModelPrefix.Length..]);

    /// <summary>Returns an id that can be an experiment's; no experiment has another one (<see cref="ErrorKind.NotFound"/>).</summary>
    public static string OfExperiment(string id) => IsExperiment(id) ? id : throw TrackingErrors.NoExperiment(id);

    /// <summary>Returns an id that can be a logged model's; no logged model has another one (<see cref="ErrorKind.NotFound"/>).</summary>
    public static string OfLoggedModel(string id) => IsLoggedModel(id) ? id : throw TrackingErrors.NoLoggedModel(id);

    /// <summary>Returns an id that can be a run's, or throws <see cref="ErrorKind.InvalidInput"/> naming <paramref name="field"/> and the rule.</summary>
    public static string CheckRun(string field, string? id) =>
        IsRun(id) ? id! : throw MlopsException.InvalidValue(field, id, "it must begin with a letter or digit and hold at most 256 letters, digits, '_' and '-'.");

    /// <summary>Throws <see cref="ErrorKind.InvalidInput"/> naming <paramref name="field"/> when one of <paramref name="ids"/> cannot be an experiment's.</summary>
    public static void CheckExperiments(string field, IReadOnlyList<string> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        for (var i = 0; i < ids.Count; i++)
        {
            if (!IsExperiment(ids[i]))
            {
                throw MlopsException.InvalidValue(field, ids[i], "experiment ids are decimal numbers.");
            }
        }
    }

    [GeneratedRegex(@"\A" + RunPattern + @"\z")]
    private static partial Regex Run();
}
