namespace MlopsGrains.Algorithms.Models;

/// <summary>Differences of a binary classifier between groups. Null where undefined: fewer than one group with the rate.</summary>
/// <param name="Groups">Counts by group, in ordinal order of the names.</param>
/// <param name="DemographicParityDifference">Range of the selection rates, 0..1.</param>
/// <param name="DemographicParityRatio">Smallest over largest selection rate, 0..1; null when nobody is selected.</param>
/// <param name="EqualOpportunityDifference">Range of the true positive rates, 0..1 (Hardt, Price and Srebro 2016).</param>
/// <param name="EqualizedOddsDifference">The larger of the ranges of true and false positive rates, 0..1.</param>
public sealed record FairnessMetrics(
    IReadOnlyList<(string Group, BinaryConfusion Confusion)> Groups,
    double? DemographicParityDifference,
    double? DemographicParityRatio,
    double? EqualOpportunityDifference,
    double? EqualizedOddsDifference)
{
    /// <summary>The most groups.</summary>
    public const int MaxGroups = 1_000;

    /// <summary>Compares groups by labels and predicted labels. A group without positives (or negatives) has no such rate and is left out of its range.</summary>
    public static FairnessMetrics Evaluate(ReadOnlySpan<bool> labels, ReadOnlySpan<bool> predicted, ReadOnlySpan<string> groups)
    {
        Rows.SameLength(labels.Length, predicted.Length, nameof(predicted));
        Rows.SameLength(labels.Length, groups.Length, nameof(groups));
        var rows = new SortedDictionary<string, (List<bool> Labels, List<bool> Predicted)>(StringComparer.Ordinal);
        for (var i = 0; i < labels.Length; i++)
        {
            if (!rows.TryGetValue(groups[i], out var group))
            {
                if (rows.Count == MaxGroups)
                {
                    throw new ArgumentException($"More than {MaxGroups} groups.", nameof(groups));
                }

                rows.Add(groups[i], group = ([], []));
            }

            group.Labels.Add(labels[i]);
            group.Predicted.Add(predicted[i]);
        }

        var counted = rows.Select(pair => (pair.Key, BinaryConfusion.Count([.. pair.Value.Labels], [.. pair.Value.Predicted]))).ToArray();
        var selection = counted.Select(group => group.Item2.SelectionRate).ToArray();
        var opportunity = Range(counted.Select(group => group.Item2.Recall));
        var falseAlarms = Range(counted.Select(group => group.Item2.FalsePositiveRate));
        return new FairnessMetrics(
            counted,
            Range(selection),
            selection.Max() is > 0 and var largest ? selection.Min() / largest : null,
            opportunity,
            opportunity is null || falseAlarms is null ? null : Math.Max(opportunity.Value, falseAlarms.Value));
    }

    private static double? Range(IEnumerable<double?> rates)
    {
        var known = rates.OfType<double>().ToArray();
        return known.Length > 0 ? known.Max() - known.Min() : null;
    }
}
