namespace MlopsGrains.Algorithms.Monitoring;

/// <summary>What can be said about a feature or a window.</summary>
public enum DriftStatus
{
    /// <summary>Too few rows to say anything.</summary>
    NotEnoughData,

    /// <summary>Enough rows and no drift.</summary>
    NoDrift,

    /// <summary>Drift.</summary>
    Drift,
}

/// <summary>The verdict on one feature: it drifts when a test says so.</summary>
/// <param name="Feature">What was compared.</param>
/// <param name="Findings">Of the tests that had something to say, in their order.</param>
public sealed record FeatureVerdict(FeatureComparison Feature, IReadOnlyList<DriftFinding> Findings)
{
    /// <summary>The gravest of the findings.</summary>
    public DriftStatus Status => Findings.Select(f => f.Status).DefaultIfEmpty(DriftStatus.NotEnoughData).Max();

    /// <summary>Why the status is what it is.</summary>
    public string Reason => string.Join("; ", Findings.Where(f => f.Status == Status).Select(f => f.Words));

    /// <summary>What the distribution's test measured.</summary>
    public DistributionFinding Distribution => Findings.OfType<DistributionFinding>().Single();
}

/// <summary>The verdict on a window.</summary>
/// <param name="Status">Drift when a feature drifts; not enough data when that is so for every feature; else no drift.</param>
/// <param name="Features">The verdicts in the order given.</param>
public sealed record DriftVerdict(DriftStatus Status, IReadOnlyList<FeatureVerdict> Features)
{
    /// <summary>Share of the judged features that drift, 0..1; null when none could be judged.</summary>
    public double? DriftedShare
    {
        get
        {
            var judged = Features.Count(feature => feature.Status != DriftStatus.NotEnoughData);
            return judged == 0 ? null : (double)Features.Count(feature => feature.Status == DriftStatus.Drift) / judged;
        }
    }

    /// <summary>Judges a window by <paramref name="rule"/> (defaults when null) and the <paramref name="tests"/> (<see cref="DriftTests.All"/> when null).</summary>
    public static DriftVerdict Judge(IReadOnlyList<FeatureComparison> features, DriftRule? rule = null, IReadOnlyList<IDriftTest>? tests = null)
    {
        ArgumentNullException.ThrowIfNull(features);
        rule ??= DriftRule.Default;
        rule.Validate();
        var found = (tests ?? DriftTests.All).Select(test => test.Judge(features, rule)).ToList();
        var verdicts = features.Select((feature, i) => new FeatureVerdict(feature, [.. found.Select(f => f[i]).OfType<DriftFinding>()])).ToArray();
        return new DriftVerdict(verdicts.Select(verdict => verdict.Status).DefaultIfEmpty(DriftStatus.NotEnoughData).Max(), verdicts);
    }
}
