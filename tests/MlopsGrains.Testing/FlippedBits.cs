using System.Text;

namespace MlopsGrains.Testing;

/// <summary>Damage as a bad disk does it: bits of a file that change where they lie.</summary>
public static class FlippedBits
{
    /// <summary>Flips a bit of one byte in every place of the file where the text is. The seed says which; put it into the test's output.</summary>
    /// <returns>In how many places.</returns>
    public static int In(string file, string text, int seed)
    {
        var bytes = File.ReadAllBytes(file);
        var needle = Encoding.UTF8.GetBytes(text);
        var random = new Random(seed);
        var places = 0;
        for (var at = bytes.AsSpan().IndexOf(needle); at >= 0;)
        {
            bytes[at + random.Next(needle.Length)] ^= (byte)(1 << random.Next(3));
            places++;
            var next = bytes.AsSpan(at + needle.Length).IndexOf(needle);
            at = next < 0 ? -1 : at + needle.Length + next;
        }

        File.WriteAllBytes(file, bytes);
        return places;
    }
}
