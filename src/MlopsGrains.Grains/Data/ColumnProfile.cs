using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>Profiles one column while its cells pass by.</summary>
internal sealed class ColumnProfile(string name, int columns)
{
    private const int DistinctExactMax = 10_000;
    private const int DistinctBudget = 4_000_000;
    private const int SampleMax = 1_000_000;
    private const int SampleBudget = 16_000_000;

    /// <summary>A text column with fewer texts than one in five of its values was probably meant to be numbers.</summary>
    private const double TextShareMax = 0.2;

    private readonly TypeInference type = new();
    private readonly DistinctValues distinct = new(Math.Clamp(DistinctBudget / columns, 100, DistinctExactMax));
    private NumberSummary? numbers = new(Math.Clamp(SampleBudget / columns, 1000, SampleMax));
    private List<ValueCount>? top;
    private long missing;
    private long present;
    private long texts;
    private string? text;

    public string Name => name;

    public FrequentValues? Frequent { get; set; }

    public bool HasCategories => type.Type is ColumnType.Text or ColumnType.Boolean;

    /// <summary>A sentence when only a few values keep the column from being numbers.</summary>
    public string? NearlyNumbers => type.Type == ColumnType.Text && texts > 0 && texts < TextShareMax * present
        ? FormattableString.Invariant($"Column '{name}' is text: {texts} of its {present} values {(texts == 1 ? "is not a number" : "are not numbers")}, such as '{text}'.")
        : null;

    public void Add(ReadOnlySpan<char> cell)
    {
        if (cell.IsEmpty)
        {
            missing++;
            return;
        }

        present++;
        type.Add(cell, out var number);
        distinct.Add(cell);
        if (number is { } value)
        {
            numbers?.Add(value);
            return;
        }

        numbers = null;
        if (!CsvValue.TryNumber(cell, out _))
        {
            texts++;
            text ??= cell[..Math.Min(cell.Length, 50)].ToString();
        }
    }

    /// <summary>Keeps an exact answer out of another pass.</summary>
    public FrequentValues? Close()
    {
        top = Frequent?.Top();
        return null;
    }

    public ColumnProfileView View()
    {
        var summary = HasCategories ? null : numbers;
        return new ColumnProfileView(
            name, type.Type, missing, distinct.Count, summary?.Min, summary?.Max, summary?.Mean, summary?.StandardDeviation, summary?.Quantiles(), top ?? Frequent?.Top(), summary?.Histogram());
    }
}
