using Microsoft.ML.Data;
using MlopsGrains.Data;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>A column that a model learns from.</summary>
/// <param name="Name">The column.</param>
/// <param name="Type">Text, <see cref="NumberDataViewType.Single"/>, or <see cref="NumberDataViewType.Double"/> where a 32-bit float would round values together.</param>
/// <param name="IsBoolean">Whether the numbers 1 and 0 stand for true and false.</param>
internal sealed record FeatureColumn(string Name, DataViewType Type, bool IsBoolean)
{
    /// <summary>A rounding smaller than this share of the values' range is below what trainers tell apart.</summary>
    private const double RoundingMax = 1e-6;

    public static FeatureColumn Of(Table table, int index)
    {
        var type = table.TypeOf(index);
        return new FeatureColumn(
            table.Columns[index],
            type == ColumnType.Text ? TextDataViewType.Instance
                : type != ColumnType.Boolean && IsTooFineForSingle(table.Numbers(index)) ? NumberDataViewType.Double
                : NumberDataViewType.Single,
            type == ColumnType.Boolean);
    }

    /// <summary>Whether 32-bit floats would change a whole number (above 16,777,216), or any number by a visible part of the range, as they do to Unix times.</summary>
    public static bool IsTooFineForSingle(ReadOnlySpan<double> numbers) => Rounding(numbers) is { IsOfWholes: true } or { IsVisible: true };

    /// <summary>What 32-bit floats do to a column that is not all the same.</summary>
    public static (bool IsOfWholes, bool IsVisible) Rounding(ReadOnlySpan<double> numbers)
    {
        var (least, greatest, rounding, wholes) = (double.PositiveInfinity, double.NegativeInfinity, 0.0, false);
        foreach (var number in numbers)
        {
            if (double.IsNaN(number))
            {
                continue;
            }

            (least, greatest) = (Math.Min(least, number), Math.Max(greatest, number));
            var lost = Math.Abs(number - (float)number);
            rounding = Math.Max(rounding, lost);
            wholes |= lost > 0 && double.IsInteger(number);
        }

        return least < greatest ? (wholes, rounding > RoundingMax * (greatest - least)) : (false, false);
    }
}
