using System.Globalization;
using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Limits;

namespace MlopsGrains.Experiments;

/// <summary>The limits of the tracking protocol, and the rule for its keys. Lengths are in characters.</summary>
public static class TrackingLimits
{
    /// <summary>Longest key of a metric, param or tag.</summary>
    public const int KeyLengthMax = 250;

    /// <summary>Longest value of a param; longer ones are cut.</summary>
    public const int ParamValueLengthMax = 6000;

    /// <summary>Longest value of a run's tag; longer ones are cut.</summary>
    public const int RunTagValueLengthMax = 8000;

    /// <summary>Longest value of an experiment's tag.</summary>
    public const int ExperimentTagValueLengthMax = 5000;

    /// <summary>Longest name of an experiment.</summary>
    public const int ExperimentNameLengthMax = 500;

    /// <summary>Longest URI of the place where an experiment keeps its artifacts.</summary>
    public const int ArtifactLocationLengthMax = 2048;

    /// <summary>Longest name of a run.</summary>
    public const int RunNameLengthMax = 250;

    /// <summary>Longest name of the person or program that a run is for.</summary>
    public const int UserIdLengthMax = 256;

    /// <summary>Longest id of a batch's producer.</summary>
    public const int ProducerIdLengthMax = 64;

    /// <summary>Most logged models that one request names as inputs or outputs of a run.</summary>
    public const int ModelsPerRequestMax = 1000;

    /// <summary>Longest list of the models that old clients describe in a tag.</summary>
    public const int ModelHistoryLengthMax = 256 * 1024;

    /// <summary>Most datasets that one request names.</summary>
    public const int DatasetsPerRequestMax = 1000;

    /// <summary>Longest name of a dataset that a run read.</summary>
    public const int DatasetNameLengthMax = 500;

    /// <summary>Longest digest of a dataset that a run read.</summary>
    public const int DatasetDigestLengthMax = 36;

    /// <summary>Longest kind of source of a dataset that a run read.</summary>
    public const int DatasetSourceTypeLengthMax = 255;

    /// <summary>Longest source of a dataset that a run read.</summary>
    public const int DatasetSourceLengthMax = 65_535;

    /// <summary>Longest schema of a dataset that a run read.</summary>
    public const int DatasetSchemaLengthMax = 1_048_575;

    /// <summary>Longest profile of a dataset that a run read.</summary>
    public const int DatasetProfileLengthMax = 16_777_215;

    /// <summary>Longest key of an input's tag.</summary>
    public const int InputTagKeyLengthMax = 255;

    /// <summary>Longest value of an input's tag.</summary>
    public const int InputTagValueLengthMax = 500;

    /// <summary>Most points of a run. Points are put away in chunks of up to 8,192, and what a run remembers of them, about 80 bytes a chunk, has to stay small: 1 MB here.</summary>
    public const int PointsPerRunMax = 100_000_000;

    /// <summary>Most different metric keys of a run.</summary>
    public const int KeysPerRunMax = 10_000;

    /// <summary>Most characters of all params and tags of a run.</summary>
    public const long TextCharactersPerRunMax = 4_000_000;

    /// <summary>Most datasets that a run read.</summary>
    public const int InputsPerRunMax = 10_000;

    /// <summary>Most characters of all that is said about the datasets that a run read.</summary>
    public const long InputCharactersPerRunMax = 20_000_000;

    /// <summary>Most tags of an experiment.</summary>
    public const int TagsPerExperimentMax = 1000;

    /// <summary>Most buckets of a metric's history.</summary>
    public const int HistoryBucketsMax = 10_000;

    /// <summary>Most metrics whose curves one request asks for.</summary>
    public const int CurveKeysMax = 500;

    /// <summary>Most curves, runs times metrics, of one request.</summary>
    public const int CurvesMax = 1000;

    /// <summary>Most buckets of all curves of one request.</summary>
    public const int CurveBucketsMax = 1_000_000;

    /// <summary>Most points of a page of a metric's history.</summary>
    public const int HistoryPageMax = 25_000;

    /// <summary>Most runs whose histories one request asks for.</summary>
    public const int HistoryRunsMax = 100;

    /// <summary>Most steps at which one request asks for the points of several runs.</summary>
    public const int HistoryStepsMax = 2500;

    /// <summary>Most runs, or experiments, of a page of a search.</summary>
    public const int SearchResultsMax = 50_000;

    /// <summary>Most runs that a search leaves out before its page.</summary>
    public const int SearchSkipMax = 100_000_000;

    /// <summary>Most columns that a search asks for.</summary>
    public const int SearchColumnsMax = 1000;

    /// <summary>Most metrics, params and tags each of an answer about an experiment's keys.</summary>
    public const int KeysMax = 10_000;

    /// <summary>Most experiments that a search looks through.</summary>
    public const int SearchExperimentsMax = 1000;

    /// <summary>Most experiments of a page of their list.</summary>
    public const int ExperimentsPerListMax = 1000;

    /// <summary>Most keys that a search is ordered by.</summary>
    public const int OrderKeysMax = 20;

    /// <summary>Most groups of repeated runs of an answer.</summary>
    public const int RunGroupsMax = 1000;

    /// <summary>Most files of one artifact root.</summary>
    public const int FilesPerRootMax = 100_000;

    /// <summary>Most parts of an upload.</summary>
    public const int UploadPartsMax = 10_000;

    /// <summary>The longest time for which what was deleted is kept, in days.</summary>
    public const int DeletedForDaysMax = 3650;

    /// <summary>Throws <see cref="ErrorKind.InvalidInput"/> unless <paramref name="key"/> is a normalised relative path of word characters, <c>_ - . : /</c> and space, of 1 to <see cref="KeyLengthMax"/> characters.</summary>
    public static void CheckKey(string field, string? key)
    {
        key = Limit.Text(field, key, KeyLengthMax);
        foreach (var rune in key.EnumerateRunes())
        {
            if (!IsKeyRune(rune))
            {
                throw MlopsException.InvalidValue(
                    field, key, $"Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/). This one holds '{rune}'.");
            }
        }

        foreach (var segment in key.Split('/'))
        {
            if (segment is "" or "." or "..")
            {
                throw MlopsException.InvalidValue(
                    field, key, "Names may be treated as files in certain cases, and must not resolve to other names when treated as such: no '.', '..' or empty segments.");
            }
        }
    }

    private static bool IsKeyRune(Rune rune) =>
        rune.IsAscii
            ? char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '_' or '-' or '.' or ':' or '/' or ' '
            : Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.ConnectorPunctuation;
}
