using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Deployments;

namespace MlopsGrains.Grains.Tests.Deployments;

public sealed class TrafficSplitTests
{
    [Fact]
    public void Pick_EveryRoll_FollowsTheShares()
    {
        TrafficShare[] traffic = [new(1, 5), new(3, 25), new(4, 70)];

        var picks = Enumerable.Range(0, 100).Select(roll => TrafficSplit.Pick(traffic, roll)).CountBy(r => r).ToDictionary();

        Assert.Equal(new Dictionary<int, int> { [1] = 5, [3] = 25, [4] = 70 }, picks);
    }

    [Fact]
    public void Check_Good_LeavesOutWhatGetsNothing() =>
        Assert.Equal([new(1, 40), new(3, 60)], TrafficSplit.Check([new(3, 60), new(2, 0), new(1, 40)], 3));

    [Theory]
    [InlineData("", "traffic")]
    [InlineData("1:99", "traffic")]
    [InlineData("1:60 2:60", "traffic")]
    [InlineData("1:50 1:50", "traffic[1].revision")]
    [InlineData("0:100", "traffic[0].revision")]
    [InlineData("3:100", "traffic[0].revision")]
    [InlineData("1:-1 2:101", "traffic[0].percent")]
    [InlineData("1:101", "traffic[0].percent")]
    public void Check_Bad_NamesTheField(string shares, string field)
    {
        TrafficShare[] traffic = [.. shares.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => s.Split(':')).Select(s => new TrafficShare(int.Parse(s[0], null), int.Parse(s[1], null)))];

        Assert.Equal(field, Assert.Throws<MlopsException>(() => TrafficSplit.Check(traffic, 2)).Field);
    }
}
