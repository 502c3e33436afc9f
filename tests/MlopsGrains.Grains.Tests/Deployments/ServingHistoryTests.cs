using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Tests.Deployments;

public sealed class ServingHistoryTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 14, 0, 0, TimeSpan.Zero);
    private static readonly long Minute = ServingHistory.MinuteOf(Now);

    [Fact]
    public void Counts_AreSummedByRevisionAndStep_AndQuantilesComeFromAllOfThem()
    {
        var history = new ServingHistory();
        Count(history, 1, Slot(1, Minute - 10, answered: [(1, 99), (100, 1)]), Slot(2, Minute - 10, answered: [(4, 10)], refused: 2, failed: 1));
        Count(history, 2, Slot(1, Minute - 9, answered: [(1, 100)]), Slot(2, Minute - 3, answered: [(4, 1)]));

        var read = history.Read("churn", Now.AddMinutes(-12), Now, 6, Now);

        Assert.Equal((120, 6, Now.AddMinutes(-12)), (read.StepSeconds, read.Steps, read.From));
        Assert.Equal([2, 1], read.Revisions.Select(r => r.Revision));
        var first = Assert.Single(read.Revisions[1].Points);
        Assert.Equal((1, 200, 200, 0), (first.Step, first.Requests, first.Rows, first.Refused));
        Assert.InRange(first.P50Ms!.Value, 0.9, 1.1);
        Assert.InRange(first.P99Ms!.Value, 0.9, 1.1);
        Assert.Equal([1, 4], read.Revisions[0].Points.Select(p => p.Step));
        Assert.Equal((14, 2, 1), (read.Revisions[0].Total.Requests, read.Revisions[0].Total.Refused, read.Revisions[0].Total.Failed));
    }

    [Fact]
    public void P99_IsOfTheSlowOnes_AndNoneWithoutAnAnswer()
    {
        var history = new ServingHistory();
        Count(history, 1, Slot(1, Minute - 1, answered: [(1, 97), (400, 3)]), Slot(2, Minute - 1, answered: [], failed: 5));

        var read = history.Read("churn", Now.AddMinutes(-5), Now, 5, Now);

        Assert.InRange(read.Revisions[1].Total.P99Ms!.Value, 360, 440);
        Assert.Null(read.Revisions[0].Total.P99Ms);
    }

    [Fact]
    public void ARepeatedDelta_IsKnown_AndAnotherCountersIsNot()
    {
        var history = new ServingHistory();
        var delta = new ServingDelta("a", 1, [Slot(1, Minute, answered: [(1, 1)])]);
        history.Apply(new ServingCounted(delta));

        Assert.True(history.HasCounted(delta));
        Assert.False(history.HasCounted(delta with { Sequence = 2 }));
        Assert.False(history.HasCounted(delta with { CounterId = "b" }));
    }

    [Fact]
    public void Memory_IsBounded_InTimeInRevisionsAndInCounters()
    {
        var history = new ServingHistory();
        for (var i = 0; i < 3 * ServingLimits.MinutesKept; i += 7)
        {
            history.Apply(new ServingCounted(new ServingDelta($"c{i}", 1, [.. Enumerable.Range(1, 12).Select(r => Slot(r, Minute + i, answered: [(1, 1)]))])));
        }

        Assert.True(history.Minutes.GroupBy(s => s.Minute).All(g => g.Count() <= ServingLimits.RevisionsMax + 1 && g.Sum(s => s.Requests) == 12));
        Assert.True(history.Minutes[^1].Minute - history.Minutes[0].Minute < ServingLimits.MinutesKept);
        Assert.Equal(history.Minutes.Select(s => s.Minute).Order(), history.Minutes.Select(s => s.Minute));
        Assert.Equal(ServingHistory.CountersKept, history.Counters.Count);
        Assert.Equal(12 * ((3 * ServingLimits.MinutesKept + 6) / 7), history.Hours.Sum(s => s.Requests));
    }

    [Fact]
    public void LongSpans_AreReadByHour()
    {
        var history = new ServingHistory();
        Count(history, 1, Slot(1, Minute - 5 * 24 * 60, answered: [(1, 3)]));
        Count(history, 2, Slot(1, Minute, answered: [(1, 4)]));

        var read = history.Read("churn", Now.AddDays(-7), Now.AddMinutes(1), 90, Now);

        Assert.Equal(0, read.StepSeconds % 3600);
        Assert.Equal(7, read.Revisions[0].Total.Requests);
        Assert.True(read.Steps <= 91);
    }

    [Fact]
    public void ADelta_ThatDoesNotAddUp_OrIsAhead_IsRefused()
    {
        Assert.Equal("sequence", Refused(new ServingDelta("a", 0, [])));
        Assert.Equal("slots[0]", Refused(new ServingDelta("a", 1, [Slot(1, Minute, answered: [(1, 1)]) with { Requests = 2 }])));
        Assert.Equal("slots[0]", Refused(new ServingDelta("a", 1, [Slot(1, Minute + 11, answered: [(1, 1)])])));
        Assert.Equal("slots[0]", Refused(new ServingDelta("a", 1, [Slot(1, Minute, answered: [(1, 1)]) with { LatencyFrom = LatencyBuckets.Count }])));

        static string? Refused(ServingDelta delta) => Assert.Throws<MlopsException>(() => ServingHistory.Check(delta, Now)).Field;
    }

    [Theory]
    [InlineData(0.0005)]
    [InlineData(0.3)]
    [InlineData(4.2)]
    [InlineData(59_000)]
    public void Buckets_AreRightToATenth(double ms) => Assert.InRange(LatencyBuckets.MiddleMs(LatencyBuckets.Of(TimeSpan.FromMilliseconds(ms))) / Math.Max(ms, 0.001), 0.9, 1.2);

    [Fact]
    public async Task ACounter_SendsAgainWithTheSameNumber_WhatWasNotHeard()
    {
        var counter = new ServingCounter(new Ids(), TimeProvider.System);
        var heard = new List<ServingDelta>();
        counter.Answered("churn", 1, 10, TimeSpan.FromMilliseconds(3));
        counter.Refused("churn", 1);

        Assert.False(await counter.Flush((_, _) => throw new TimeoutException()));
        counter.Failed("churn", 2);
        Assert.True(await counter.Flush((_, delta) => Hear(delta)));
        Assert.True(await counter.Flush((_, delta) => Hear(delta)));
        Assert.True(await counter.Flush((_, delta) => Hear(delta)));

        Assert.Equal([1, 2], heard.Select(d => d.Sequence));
        Assert.Equal((2, 10, 1), (heard[0].Slots[0].Requests, heard[0].Slots[0].Rows, heard[0].Slots[0].Refused));
        Assert.Equal((2, 1), (heard[1].Slots[0].Revision, heard[1].Slots[0].Failed));
        Assert.All(heard, d => ServingHistory.Check(d, DateTimeOffset.UtcNow));

        Task Hear(ServingDelta delta)
        {
            heard.Add(delta);
            return Task.CompletedTask;
        }
    }

    private static void Count(ServingHistory history, long sequence, params IReadOnlyList<ServingSlot> slots)
    {
        var delta = new ServingDelta("a", sequence, slots);
        ServingHistory.Check(delta, Now);
        history.Apply(new ServingCounted(delta));
    }

    private static ServingSlot Slot(int revision, long minute, (double Ms, int Count)[] answered, int refused = 0, int failed = 0)
    {
        var latency = new long[LatencyBuckets.Count];
        foreach (var (ms, count) in answered)
        {
            latency[LatencyBuckets.Of(TimeSpan.FromMilliseconds(ms))] += count;
        }

        var rows = answered.Sum(a => a.Count);
        return new ServingSlot(revision, minute, rows + refused + failed, rows, refused, failed, 0, latency);
    }

    private sealed class Ids : IIdSource
    {
        private int next;

        public string NewId() => $"id-{++next}";
    }
}
