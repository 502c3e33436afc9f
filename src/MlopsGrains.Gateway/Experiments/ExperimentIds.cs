using System.Text.RegularExpressions;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>Ids that come from outside, checked before they become a grain's key.</summary>
internal static partial class ExperimentIds
{
    private const int DigitsMax = 18;

    /// <summary>An experiment id is a decimal string, so anything else names no experiment.</summary>
    public static string CheckExisting(string id) =>
        IsId(id) ? id : throw TrackingErrors.NoExperiment(id);

    /// <summary>Refuses a list of ids with one that is not a decimal string.</summary>
    public static void Check(string field, IReadOnlyList<string> ids)
    {
        if (ids.FirstOrDefault(id => !IsId(id)) is { } wrong)
        {
            throw MlopsException.InvalidValue(field, wrong, "experiment ids are decimal numbers.");
        }
    }

    public static bool IsId(string id) => id.Length is >= 1 and <= DigitsMax && id.All(char.IsAsciiDigit);

    /// <summary>Returns a run id that can exist, or refuses it.</summary>
    public static string CheckRun(string field, string id) =>
        RunId().IsMatch(id) ? id : throw MlopsException.InvalidValue(field, id, "it must begin with a letter or digit and hold at most 256 letters, digits, '_' and '-'.");

    /// <summary>Returns an id that a caller chose for a new run, or refuses it: it must look like those made here.</summary>
    public static string CheckNewRun(string field, string id) =>
        NewRunId().IsMatch(id) ? id : throw MlopsException.Invalid(field, $"{field} must be 32 lower-case hex digits.");

    /// <summary>Whether it looks like the run ids made here.</summary>
    public static bool IsNewRun(string id) => NewRunId().IsMatch(id);

    public static bool IsRun(string id) => RunId().IsMatch(id);

    public static bool IsModel(string id) => ModelId().IsMatch(id);

    /// <summary>A logged model's id is <c>m-</c> and 32 hex digits, so anything else names none.</summary>
    public static string CheckModel(string id) =>
        ModelId().IsMatch(id) ? id : throw TrackingErrors.NoLoggedModel(id);

    [GeneratedRegex(@"\Am-[0-9a-f]{32}\z")]
    private static partial Regex ModelId();

    [GeneratedRegex(@"\A[0-9a-f]{32}\z")]
    private static partial Regex NewRunId();

    [GeneratedRegex(@"\A[a-zA-Z0-9][a-zA-Z0-9_\-]{0,255}\z")]
    private static partial Regex RunId();
}
