using MlopsGrains.Web.Pipelines;

namespace MlopsGrains.Web.Tests.Pipelines;

public sealed class TimelineAxisTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 28, 14, 5, 12, TimeSpan.Zero);

    [Fact]
    public void WithoutLongWaits_TimeIsEven()
    {
        var axis = TimelineAxis.Of([(At(0), At(50)), (At(50), At(100))], At(0), At(100), collapses: true);

        Assert.Empty(axis.Waits);
        Assert.Equal([0, 25, 100], ((double[])[0, 25, 100]).Select(s => Math.Round(axis.At(At(s)), 6)));
    }

    [Fact]
    public void ALongWait_IsDrawnShort_AndTheRestSharesTheRoom()
    {
        var axis = TimelineAxis.Of([(At(0), At(100)), (At(9_000), At(9_100))], At(0), At(9_100), collapses: true);

        var wait = Assert.Single(axis.Waits);
        Assert.Equal(TimeSpan.FromSeconds(8_900), wait.Length);
        Assert.Equal((47, 6), (Math.Round(wait.From), wait.Width));
        Assert.Equal(47, axis.At(At(100)), 6);
        Assert.Equal(53, axis.At(At(9_000)), 6);
        Assert.Equal(50, axis.At(At(4_550)), 6);
        Assert.DoesNotContain(axis.Ticks(), t => t.Place > 47 && t.Place < 53);
    }

    [Fact]
    public void NotCollapsed_TheWaitTakesItsTime()
    {
        var axis = TimelineAxis.Of([(At(0), At(100)), (At(9_000), At(9_100))], At(0), At(9_100), collapses: false);

        Assert.Empty(axis.Waits);
        Assert.Equal(100 * 9_000 / 9_100.0, axis.At(At(9_000)), 6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.4)]
    [InlineData(90)]
    [InlineData(86_400 * 3)]
    public void Places_RiseWithTime_AndStayOnTheAxis(double seconds)
    {
        var axis = TimelineAxis.Of([(At(0), At(seconds / 10)), (At(seconds * 0.8), At(seconds))], At(0), At(seconds), collapses: true);

        var places = Enumerable.Range(-1, 14).Select(i => axis.At(At(seconds * i / 10))).ToList();
        Assert.Equal(places.Order(), places);
        Assert.All(places, p => Assert.InRange(p, 0, 100));
        Assert.InRange(axis.Ticks().Count(), 0, 9);
    }

    private static DateTimeOffset At(double seconds) => Start.AddSeconds(seconds);
}
