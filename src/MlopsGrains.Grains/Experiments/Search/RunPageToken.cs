using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Journaling;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// A place in the order of one query, after a checksum over both: a token that was changed, cut or given out by another query is refused. Nothing secret is in
/// it: whoever makes one with a right checksum only names a place to go on from.
/// </summary>
internal static class RunPageToken
{
    private const int SealLength = 16;

    public static string Write(RunQuery query, RunPlace place)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        var output = new BinaryOutput(buffer);
        foreach (var part in place.Parts)
        {
            output.Byte((byte)part.Rank);
            output.Double(part.Number);
            output.Maybe(part.Text);
        }

        output.Text(place.RunId);
        return Base64Url.EncodeToString([.. Seal(query, buffer.WrittenSpan), .. buffer.WrittenSpan]);
    }

    /// <exception cref="MlopsException">The token is none that this query gave out; the field is <c>pageToken</c>.</exception>
    public static RunPlace? Read(RunQuery query, RunOrder order)
    {
        if (string.IsNullOrEmpty(query.PageToken))
        {
            return null;
        }

        try
        {
            ReadOnlySpan<byte> bytes = Base64Url.DecodeFromChars(query.PageToken);
            if (bytes.Length > SealLength && Seal(query, bytes[SealLength..]).AsSpan().SequenceEqual(bytes[..SealLength]))
            {
                return Place(bytes[SealLength..], order.Parts);
            }
        }
        catch (Exception e) when (e is FormatException or InvalidDataException)
        {
        }

        throw MlopsException.Invalid("pageToken", "The page token is not one that this search, with this filter, order, view and these experiments, gave out.");
    }

    private static RunPlace Place(ReadOnlySpan<byte> bytes, int count)
    {
        var input = new BinaryInput(bytes);
        var parts = new PlacePart[count];
        for (var p = 0; p < count; p++)
        {
            parts[p] = new PlacePart(input.Byte(), input.Double(), input.MaybeText());
        }

        return new RunPlace(parts, input.Text());
    }

    private static byte[] Seal(RunQuery query, ReadOnlySpan<byte> place)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        var output = new BinaryOutput(buffer);
        output.Text("mlops run search 1");
        output.Text(query.Filter ?? "");
        output.Byte((byte)query.View);
        foreach (var list in (IReadOnlyList<string>[])[query.OrderBy ?? [], [.. (query.ExperimentIds ?? []).Distinct().Order(StringComparer.Ordinal)]])
        {
            output.Count(list.Count);
            foreach (var text in list)
            {
                output.Text(text);
            }
        }

        buffer.Write(place);
        return SHA256.HashData(buffer.WrittenSpan)[..SealLength];
    }
}
