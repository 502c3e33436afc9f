using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// One metric of a block's rows. What metrics that are logged together have in common, its time, step and number of points, is kept as the difference from the
/// block's first metric: mostly nothing, which takes no room. Written row by row after the first metric's cell of the same row.
/// </summary>
/// <param name="capacity">Of rows.</param>
/// <param name="first">The block's first metric; <see langword="null"/> for itself.</param>
internal sealed class MetricColumn(int capacity, MetricColumn? first)
{
    private PackedDoubles values = new(capacity);
    private PackedLongs ages = new(capacity);
    private PackedLongs steps = new(capacity);
    private Histories? histories;

    public long Bytes => values.Bytes + ages.Bytes + steps.Bytes + (histories?.Bytes ?? 0) + 200;

    /// <summary>Whether a row has more than one point.</summary>
    public bool HasHistories => histories is not null;

    public double Value(int row) => values[row];

    public ReadOnlySpan<double> Values(int count, Span<double> buffer) => values.First(count, buffer);

    /// <summary>Milliseconds since the run's start.</summary>
    public long Age(int row) => unchecked(ages[row] + (first?.Age(row) ?? 0));

    public long Step(int row) => unchecked(steps[row] + (first?.Step(row) ?? 0));

    public MetricSummary History(int row) => histories is null ? default(MetricSummary).With(values[row]) : histories.At(row, first?.Count(row) ?? 0);

    /// <param name="row">Below <paramref name="rows"/>.</param>
    /// <param name="rows">How many rows the block has.</param>
    /// <param name="value">The latest.</param>
    /// <param name="age">Milliseconds since the run's start.</param>
    /// <param name="step">Of the latest.</param>
    /// <param name="history">Takes room from the first metric of the column on that was logged more than once.</param>
    public void Write(int row, int rows, double value, long age, long step, MetricSummary history)
    {
        values.Set(row, value);
        ages.Set(row, unchecked(age - (first?.Age(row) ?? 0)));
        steps.Set(row, unchecked(step - (first?.Step(row) ?? 0)));
        if (histories is null && history != default(MetricSummary).With(value))
        {
            var made = new Histories(capacity);
            for (var r = 0; r < rows; r++)
            {
                made.Set(r, History(r), first?.Count(r) ?? 0);
            }

            histories = made;
        }

        histories?.Set(row, history, first?.Count(row) ?? 0);
    }

    public void Resize(int to)
    {
        capacity = to;
        values.Resize(to);
        ages.Resize(to);
        steps.Resize(to);
        histories?.Resize(to);
    }

    private long Count(int row) => History(row).Count;

    private sealed class Histories(int capacity)
    {
        private PackedDoubles mins = new(capacity);
        private PackedDoubles maxs = new(capacity);
        private PackedDoubles sums = new(capacity);
        private PackedLongs counts = new(capacity);

        public long Bytes => mins.Bytes + maxs.Bytes + sums.Bytes + counts.Bytes + 200;

        public MetricSummary At(int row, long firstCount) => new(unchecked(counts[row] + firstCount), mins[row], maxs[row], sums[row]);

        public void Set(int row, MetricSummary history, long firstCount)
        {
            counts.Set(row, unchecked(history.Count - firstCount));
            mins.Set(row, history.Min);
            maxs.Set(row, history.Max);
            sums.Set(row, history.Sum);
        }

        public void Resize(int to)
        {
            mins.Resize(to);
            maxs.Resize(to);
            sums.Resize(to);
            counts.Resize(to);
        }
    }
}
