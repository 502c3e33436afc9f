using CsCheck;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

public sealed class AlertHysteresisTests
{
    private static readonly Gen<DriftStatus> Window = Gen.Int[0, 2].Select(i => (DriftStatus)i);

    [Theory]
    [InlineData("D", "-")]
    [InlineData("DD", "-R")]
    [InlineData("D.D", "--R")]
    [InlineData("D..D", "----")]
    [InlineData("DD...", "-R--C")]
    [InlineData("DD..D...", "-R-----C")]
    [InlineData("DD...D", "-R--C-")]
    [InlineData("D?D", "--R")]
    [InlineData("DD.?.?.", "-R----C")]
    public void Windows_ChangeTheAlert(string windows, string changes) => Assert.Equal(changes, Run(windows));

    [Fact]
    public void Raise_NeedsTwoOfThree_Close_NeedsThreeClear() =>
        Window.Array[0, 60].Sample(windows =>
        {
            var state = AlertHysteresis.Initial;
            var judged = new List<DriftStatus>();
            foreach (var window in windows)
            {
                var (next, change) = state.Next(window);
                if (window != DriftStatus.NotEnoughData)
                {
                    judged.Add(window);
                }

                Assert.Equal(change == AlertChange.Raised, !state.IsRaised && next.IsRaised);
                Assert.Equal(change == AlertChange.Closed, state.IsRaised && !next.IsRaised);
                var hits = judged.TakeLast(3).Count(one => one == DriftStatus.Drift);
                Assert.True(next.IsRaised || hits < 2);
                Assert.True(change != AlertChange.Raised || hits >= 2);
                Assert.True(change != AlertChange.Closed || hits == 0);
                state = next;
            }
        });

    [Fact]
    public void ImpossibleCounts_AreRefused() =>
        Assert.Throws<InvalidOperationException>(() => (AlertHysteresis.Initial with { RaiseHits = 4 }).Next(DriftStatus.Drift));

    private static string Run(string windows)
    {
        var (state, changes) = (AlertHysteresis.Initial, string.Empty);
        foreach (var letter in windows)
        {
            (state, var change) = state.Next(letter switch { 'D' => DriftStatus.Drift, '.' => DriftStatus.NoDrift, _ => DriftStatus.NotEnoughData });
            changes += change switch { AlertChange.Raised => 'R', AlertChange.Closed => 'C', _ => '-' };
        }

        return changes;
    }
}
