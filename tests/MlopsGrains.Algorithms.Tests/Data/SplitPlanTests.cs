using CsCheck;
using MlopsGrains.Algorithms.Data;
using Xunit;

namespace MlopsGrains.Algorithms.Tests.Data;

public sealed class SplitPlanTests
{
    [Fact]
    public void Split_IsAPartition_OfTheAskedSize() =>
        Gen.Select(Gen.Int[0, 500], Gen.ULong, Gen.Double[0.01, 0.99]).Sample((rows, seed, share) =>
        {
            var (train, test) = new SplitPlan(seed, share).Split(rows);
            Assert.Equal(Enumerable.Range(0, rows), train.Concat(test).Order());
            Assert.InRange(test.Length, Math.Floor(rows * share), Math.Max(rows >= 2 ? 1 : 0, Math.Ceiling(rows * share)));
            Assert.True(rows < 2 || (train.Length > 0 && test.Length > 0));
        });

    [Fact]
    public void Stratified_MeetsTheShareWithinEachLabel()
    {
        string?[] labels = [.. Enumerable.Range(0, 150).Select(i => i < 100 ? "a" : i < 149 ? "b" : null)];
        var (train, test) = new SplitPlan(7, 0.2).SplitStratified(labels);
        Assert.Equal(150, train.Length + test.Length);
        Assert.Equal((20, 10, 0), (test.Count(row => labels[row] == "a"), test.Count(row => labels[row] == "b"), test.Count(row => labels[row] is null)));
    }

    [Fact]
    public void Stream_MeetsTheShare_OnAverage()
    {
        var plan = new SplitPlan(3, 0.25);
        Assert.InRange(Enumerable.Range(0, 100_000).Count(row => plan.IsTest(row)), 24_500, 25_500);
    }

    [Fact]
    public void SameSeed_SameRows_OnEveryPlatform()
    {
        // Recomputed by a second program from the published definitions of splitmix64 and FNV-1a.
        Assert.Equal(0xE220A8397B1DCDAFUL, new SeededRandom(0).NextBits());
        Assert.Equal(0xB123908AE5A40ECCUL, StableHash.Of("na\u00EFve"));
        Assert.Equal([7, 10, 12, 14, 17, 19], new SplitPlan(42, 0.3).Split(20).Test);
        Assert.NotEqual(new SplitPlan(42, 0.3).Split(40).Test, new SplitPlan(43, 0.3).Split(40).Test);
        Assert.Equal(StableHash.Of(0.0), StableHash.Of(-0.0));
    }

    [Fact]
    public void Shuffle_IsAPermutation_AndEveryPlaceIsEquallyLikely()
    {
        var counts = new int[4];
        for (var seed = 0UL; seed < 4_000; seed++)
        {
            var order = SeededRandom.Permutation(4, seed);
            Assert.Equal([0, 1, 2, 3], order.Order());
            counts[Array.IndexOf(order, 0)]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 900, 1100));
    }

    [Fact]
    public void WrongShare_IsRefusedByName() =>
        Assert.Throws<ArgumentOutOfRangeException>("testShare", () => new SplitPlan(1, 1));
}
