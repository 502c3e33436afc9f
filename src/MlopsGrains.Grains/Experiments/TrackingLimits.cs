using System.Globalization;
using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments;

/// <summary>The limits of the tracking protocol and the rules for its keys, values and ids.</summary>
internal static class TrackingLimits
{
    public const int KeyLengthMax = 250;
    public const int ParamValueLengthMax = 6000;
    public const int RunTagValueLengthMax = 8000;
    public const int ExperimentTagValueLengthMax = 5000;
    public const int ExperimentNameLengthMax = 500;
    public const int ArtifactLocationLengthMax = 2048;
    public const int RunNameLengthMax = 250;
    public const int UserIdLengthMax = 256;

    public const int ModelsPerRequestMax = 1000;
    public const int ModelHistoryLengthMax = 256 * 1024;
    public const int DatasetsPerRequestMax = 1000;
    public const int DatasetNameLengthMax = 500;
    public const int DatasetDigestLengthMax = 36;
    public const int DatasetSourceLengthMax = 65_535;
    public const int DatasetSchemaLengthMax = 1_048_575;
    public const int DatasetProfileLengthMax = 16_777_215;
    public const int InputTagKeyLengthMax = 255;
    public const int InputTagValueLengthMax = 500;

    /// <summary>Points are put away in chunks of up to 8,192, and what a run remembers of them, about 80 bytes a chunk, has to stay small: 1 MB here.</summary>
    public const int PointsPerRunMax = 100_000_000;
    public const int KeysPerRunMax = 10_000;
    public const long TextCharactersPerRunMax = 4_000_000;
    public const int InputsPerRunMax = 10_000;
    public const long InputCharactersPerRunMax = 20_000_000;
    public const int TagsPerExperimentMax = 1000;

    public const int HistoryBucketsMax = 10_000;
    public const int HistoryPageMax = 25_000;
    public const int SearchResultsMax = 50_000;
    public const int OrderKeysMax = 20;

    /// <summary>A normalised relative path of word characters, <c>_ - . : /</c> and space.</summary>
    public static void CheckKey(string field, string? key)
    {
        if (string.IsNullOrEmpty(key))
        {
            throw MlopsException.Missing(field);
        }

        CheckLength(field, key, KeyLengthMax);
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

    public static void CheckLength(string field, string? value, int lengthMax)
    {
        if (value is not null && value.IsLongerThan(lengthMax))
        {
            throw MlopsException.TooLong(field, value.CharacterCount(), lengthMax);
        }
    }

    public static void CheckPage(string field, int results, int resultsMax)
    {
        if (results < 1 || results > resultsMax)
        {
            throw MlopsException.InvalidValue(field, results, results < 1 ? "It must be a positive integer" : $"It must be at most {resultsMax}");
        }
    }

    private static bool IsKeyRune(Rune rune) =>
        rune.IsAscii
            ? char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value is '_' or '-' or '.' or ':' or '/' or ' '
            : Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber or UnicodeCategory.ConnectorPunctuation;
}
