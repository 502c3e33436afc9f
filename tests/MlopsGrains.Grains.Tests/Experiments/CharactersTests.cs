using CsCheck;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Tests.Experiments;

public sealed class CharactersTests
{
    /// <summary>Whole pairs, lone halves and plain letters, mixed.</summary>
    private static readonly Gen<string> Texts = Gen.OneOf(Gen.Const("a"), Gen.Const("\U0001D49C"), Gen.Const("\uD835"), Gen.Const("\uDC9C")).Array[0, 12].Select(string.Concat);

    [Fact]
    public void Length_IsThatOfTheCodePoints() => Gen.Select(Texts, Gen.Int[0, 14]).Sample((text, max) =>
    {
        Assert.Equal(text.EnumerateRunes().Count(), text.CharacterCount());
        Assert.Equal(text.CharacterCount() > max, text.IsLongerThan(max));
    });

    [Fact]
    public void Cut_KeepsTheFirstCodePoints_WholeOnly() => Gen.Select(Texts, Gen.Int[0, 14]).Sample((text, max) =>
    {
        var cut = text.CutTo(max);
        Assert.StartsWith(cut, text, StringComparison.Ordinal);
        Assert.Equal(text.EnumerateRunes().Take(max), cut.EnumerateRunes());
    });
}
