using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// Long texts of big runs stay out of the memory of the index. Such a text is kept as its beginning and a digest: enough to compare it with another one and to tell that it
/// is not whole; the whole one is the run's.
/// </summary>
internal static class ResidentTexts
{
    /// <summary>Smaller runs are kept whole.</summary>
    public const long RunCharactersMax = 32 * 1024;

    /// <summary>What is left of a longer text.</summary>
    public const int KeptCharacters = 250;

    private const char Mark = '…';
    private const int DigestBytes = 16;
    private const int CutLength = KeptCharacters + 1 + (2 * DigestBytes);

    /// <summary>The run as the index keeps it.</summary>
    public static CollectedRun Of(CollectedRun collected) => RunSize.Of(collected.Run) <= RunCharactersMax ? collected : collected with
    {
        Run = collected.Run with
        {
            Params = [.. collected.Run.Params.Select(Cut)],
            Tags = [.. collected.Run.Tags.Select(Cut)],
            Inputs = [.. collected.Run.Inputs.Select(i => i with { Source = Cut(i.Source), Schema = i.Schema is null ? null : Cut(i.Schema), Profile = i.Profile is null ? null : Cut(i.Profile) })],
        },
    };

    /// <summary>A text as a big run has it in the index.</summary>
    public static string Cut(string text) => text.Length <= CutLength
        ? text
        : $"{text.AsSpan(0, KeptCharacters)}{Mark}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, DigestBytes))}";

    /// <summary>Whether a text looks as if something of it was left out; one that was written so only costs a question.</summary>
    public static bool IsCut(string? text) => text is { Length: CutLength } && text[KeptCharacters] == Mark;

    public static bool IsCut(Run run) =>
        run.Tags.Any(t => IsCut(t.Value)) || run.Params.Any(p => IsCut(p.Value)) || run.Inputs.Any(i => IsCut(i.Source) || IsCut(i.Schema) || IsCut(i.Profile));

    private static Tag Cut(Tag pair) => pair with { Value = Cut(pair.Value) };
}
