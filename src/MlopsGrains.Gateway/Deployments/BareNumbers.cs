using System.Buffers;

namespace MlopsGrains.Gateway.Deployments;

/// <summary>Python writes NaN and Infinity into JSON, which has neither. NaN becomes <c>null</c>, which is a missing value; Infinity a text, which is refused by its place.</summary>
internal static class BareNumbers
{
    private static readonly (byte[] Word, byte[] Json)[] Words =
    [
        ("NaN"u8.ToArray(), "null"u8.ToArray()),
        ("-Infinity"u8.ToArray(), "\"-Infinity\""u8.ToArray()),
        ("Infinity"u8.ToArray(), "\"Infinity\""u8.ToArray()),
    ];

    /// <summary>The same body when it holds none, which costs two searches.</summary>
    public static ReadOnlySequence<byte> Quote(in ReadOnlySequence<byte> body) => Mentions(body, "NaN"u8) || Mentions(body, "Infinity"u8) ? new ReadOnlySequence<byte>(Rewrite(body.ToArray())) : body;

    private static bool Mentions(in ReadOnlySequence<byte> body, ReadOnlySpan<byte> word)
    {
        if (body.IsSingleSegment)
        {
            return body.FirstSpan.IndexOf(word) >= 0;
        }

        var reader = new SequenceReader<byte>(body);
        return reader.TryReadTo(out ReadOnlySequence<byte> _, word);
    }

    private static ReadOnlyMemory<byte> Rewrite(ReadOnlySpan<byte> body)
    {
        var output = new ArrayBufferWriter<byte>(body.Length + 64);
        var (start, inText) = (0, false);
        for (var i = 0; i < body.Length; i++)
        {
            if (inText)
            {
                inText = body[i] != '"';
                i += body[i] == '\\' ? 1 : 0;
                continue;
            }

            inText = body[i] == '"';
            foreach (var (word, json) in Words)
            {
                if (body[i..].StartsWith(word))
                {
                    output.Write(body[start..i]);
                    output.Write(json);
                    start = i + word.Length;
                    i = start - 1;
                    break;
                }
            }
        }

        output.Write(body[start..]);
        return output.WrittenMemory;
    }
}
