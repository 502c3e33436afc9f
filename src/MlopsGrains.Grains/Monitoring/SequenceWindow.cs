namespace MlopsGrains.Grains.Monitoring;

/// <summary>
/// Which sequences of one aggregator were counted: all up to 64 below the highest are remembered one by one, older ones count as seen.
/// An aggregator has one delta on its way at a time, so 64 is far more than a resend that overtakes can need.
/// </summary>
internal readonly record struct SequenceWindow(long Highest, ulong Seen)
{
    private const int Width = 64;

    public bool Contains(long sequence) =>
        sequence <= Highest && (Highest - sequence >= Width || (Seen >> (int)(Highest - sequence) & 1) == 1);

    public SequenceWindow Add(long sequence)
    {
        if (sequence <= Highest)
        {
            return Contains(sequence) ? this : this with { Seen = Seen | 1UL << (int)(Highest - sequence) };
        }

        var shift = sequence - Highest;
        return new SequenceWindow(sequence, (shift >= Width ? 0 : Seen << (int)shift) | 1);
    }
}
