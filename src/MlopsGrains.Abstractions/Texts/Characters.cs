namespace MlopsGrains.Texts;

/// <summary>Lengths in characters as the protocol counts them, Unicode code points: one outside the basic plane is one, though it takes two <see cref="char"/>.</summary>
public static class Characters
{
    /// <summary>How many code points; half of a surrogate pair counts as one.</summary>
    public static int CharacterCount(this string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            count -= char.IsSurrogatePair(text[i - 1], text[i]) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Whether there are more than <paramref name="max"/> code points.</summary>
    public static bool IsLongerThan(this string text, int max) => text.Length > max && (text.Length > 2L * max || text.CharacterCount() > max);

    /// <summary>The first <paramref name="max"/> code points.</summary>
    public static string CutTo(this string text, int max)
    {
        if (text.Length <= max)
        {
            return text;
        }

        var at = 0;
        for (var taken = 0; taken < max && at < text.Length; taken++)
        {
            at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        }

        return text[..at];
    }

    /// <summary>The text for people to read: its first <paramref name="max"/> code points and <c>…</c> where it is longer.</summary>
    public static string Shorten(this string text, int max) => text.IsLongerThan(max) ? text.CutTo(max) + "…" : text;
}
