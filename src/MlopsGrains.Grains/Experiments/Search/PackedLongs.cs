using System.Runtime.InteropServices;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Whole numbers in 0, 1, 2, 4 or 8 bytes each: as many as the widest so far needs.</summary>
internal struct PackedLongs(int length, int width = 0)
{
    private byte[] cells = width == 0 ? [] : new byte[length * width];

    public readonly long Bytes => cells.Length;

    public readonly long this[int at] => width switch
    {
        0 => 0,
        1 => (sbyte)cells[at],
        2 => Cells<short>()[at],
        4 => Cells<int>()[at],
        _ => Cells<long>()[at],
    };

    public void Set(int at, long value)
    {
        if (WidthOf(value) is var needed && needed > width)
        {
            var wide = new PackedLongs(length, needed);
            for (var i = 0; i < length; i++)
            {
                wide.Write(i, this[i]);
            }

            this = wide;
        }

        Write(at, value);
    }

    /// <summary>The first numbers, each of which must fit an <see cref="int"/>.</summary>
    public readonly void CopyTo(Span<int> numbers)
    {
        switch (width)
        {
            case 0:
                numbers.Clear();
                break;
            case 1:
                Widen(Cells<sbyte>(), numbers);
                break;
            case 2:
                Widen(Cells<short>(), numbers);
                break;
            case 4:
                Cells<int>()[..numbers.Length].CopyTo(numbers);
                break;
            default:
                throw new InvalidOperationException("The numbers are wider than an int.");
        }
    }

    public void Resize(int to)
    {
        length = to;
        Array.Resize(ref cells, to * width);
    }

    private static int WidthOf(long value) => value switch
    {
        0 => 0,
        >= sbyte.MinValue and <= sbyte.MaxValue => 1,
        >= short.MinValue and <= short.MaxValue => 2,
        >= int.MinValue and <= int.MaxValue => 4,
        _ => 8,
    };

    private static void Widen(ReadOnlySpan<sbyte> from, Span<int> to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i];
        }
    }

    private static void Widen(ReadOnlySpan<short> from, Span<int> to)
    {
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i];
        }
    }

    private readonly void Write(int at, long value)
    {
        switch (width)
        {
            case 0:
                break;
            case 1:
                cells[at] = (byte)value;
                break;
            case 2:
                Cells<short>()[at] = (short)value;
                break;
            case 4:
                Cells<int>()[at] = (int)value;
                break;
            default:
                Cells<long>()[at] = value;
                break;
        }
    }

    private readonly Span<T> Cells<T>()
        where T : struct => MemoryMarshal.Cast<byte, T>(cells.AsSpan());
}
