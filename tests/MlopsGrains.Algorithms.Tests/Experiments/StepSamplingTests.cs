using CsCheck;
using MlopsGrains.Algorithms.Experiments;

namespace MlopsGrains.Algorithms.Tests.Experiments;

public sealed class StepSamplingTests
{
    private static readonly Gen<long[]> Steps = Gen.OneOf(
        Gen.Select(Gen.Long[-50, 50], Gen.Long[1, 9], Gen.Int[0, 60], (first, stride, count) => Enumerable.Range(0, count).Select(i => first + (stride * i)).ToArray()),
        Gen.Frequency((5, Gen.Long[-60, 300]), (1, Gen.Long), (1, Gen.OneOf(long.MinValue, long.MaxValue))).Array[0, 60].Select(s => s.Distinct().Order().ToArray()));

    [Fact]
    public void CompressedSteps_AreTheSteps() => Steps.Sample(steps =>
        Assert.Equal(steps, StepSampling.Compress(steps).SelectMany(r => Enumerable.Range(0, (int)r.Count).Select(i => r[i]))));

    /// <summary>The protocol's rule, word by word.</summary>
    [Fact]
    public void ChosenSteps_AreThoseOfTheRule() => Gen.Select(Steps.Array[0, 5], Gen.Int[1, 40]).Sample((series, stepsMax) =>
    {
        var all = series.SelectMany(s => s).Distinct().Order().ToArray();
        var expected = all.Length <= stepsMax
            ? all
            : [.. Enumerable.Range(0, stepsMax).Select(i => all[i * all.Length / stepsMax])
                .Append(all[^1])
                .Concat(series.Where(s => s.Length > 0).SelectMany(s => (long[])[s[0], s[^1]]))
                .Distinct().Order()];

        Assert.Equal(expected, StepSampling.Choose([.. series.Select(s => StepSampling.Compress(s))], stepsMax));
    });

    [Fact]
    public void RegularSteps_OfAnyNumber_AreChosenAtOnce()
    {
        IReadOnlyList<StepRun> steps = [new StepRun(0, 1, 10_000_000_000)];

        var chosen = StepSampling.Choose([steps, steps], 2500)!;

        Assert.Equal((2501, 0L, 4_000_000L, 9_999_999_999L), (chosen.Length, chosen[0], chosen[1], chosen[^1]));
        Assert.Null(StepSampling.Choose([steps, [new StepRun(5, 1, 2)]], 2500));
    }
}
