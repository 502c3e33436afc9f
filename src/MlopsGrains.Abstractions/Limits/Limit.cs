using MlopsGrains.Errors;
using MlopsGrains.Texts;

namespace MlopsGrains.Limits;

/// <summary>
/// How a limit is held at every door: lengths are counted in characters (<see cref="Characters"/>), and the refusal (<see cref="ErrorKind.InvalidInput"/>) names the field, what came and the limit. The
/// limits themselves are beside the messages of their domain, once: <c>TrackingLimits</c>, <c>RegistryLimits</c> and their like.
/// </summary>
public static class Limit
{
    /// <summary>A text of at most <paramref name="lengthMax"/> characters, or none.</summary>
    public static void Length(string field, string? text, int lengthMax)
    {
        if (text is not null && text.IsLongerThan(lengthMax))
        {
            throw MlopsException.TooLong(field, text.CharacterCount(), lengthMax);
        }
    }

    /// <summary>Returns a text of 1 to <paramref name="lengthMax"/> characters.</summary>
    public static string Text(string field, string? text, int lengthMax)
    {
        if (string.IsNullOrEmpty(text))
        {
            throw MlopsException.Missing(field);
        }

        Length(field, text, lengthMax);
        return text;
    }

    /// <summary>A list of at most <paramref name="countMax"/> entries.</summary>
    public static void Count(string field, int count, int countMax)
    {
        if (count > countMax)
        {
            throw MlopsException.Invalid(field, $"{field} has {count} entries; at most {countMax}.");
        }
    }

    /// <summary>Returns how many things a page may hold: 1 to <paramref name="sizeMax"/>. In the words of the tracking protocol, whose clients look for them.</summary>
    public static int Page(string field, long size, int sizeMax) =>
        size >= 1 && size <= sizeMax
            ? (int)size
            : throw MlopsException.InvalidValue(field, size, size < 1 ? $"It must be a positive integer, at most {sizeMax}" : $"It must be at most {sizeMax}");
}
