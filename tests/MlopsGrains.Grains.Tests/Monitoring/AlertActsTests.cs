using MlopsGrains.Errors;
using MlopsGrains.Grains.Monitoring;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

public sealed class AlertActsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 28, 14, 5, 0, TimeSpan.Zero);
    private static readonly Alert Open = new("a", "churn", Now, null, 3, ["age"], "drifted", null);
    private static readonly Alert Closed = Open with { ClosedAt = Now, CloseReason = "cleared" };

    [Fact]
    public void Acknowledge_IsWhoeverCameLast_AndNothingWhenItIsTheSame()
    {
        var ada = AlertActs.Apply(Open, AlertActs.Acknowledge(Open, "ada", Now)!);
        var ben = AlertActs.Apply(ada, AlertActs.Acknowledge(ada, "ben", Now.AddMinutes(1))!);

        Assert.Equal(("ada", Now), (ada.AcknowledgedBy, ada.AcknowledgedAt));
        Assert.Null(AlertActs.Acknowledge(ada, "ada", Now.AddMinutes(1)));
        Assert.Equal(("ben", 2), (ben.AcknowledgedBy, ben.Acts!.Count));
    }

    [Fact]
    public void Silence_LastsItsMinutes_AndZeroEndsIt()
    {
        var silenced = AlertActs.Apply(Open, AlertActs.Silence(Open, new AlertSilence(60, "known"), "ada", Now));
        var ended = AlertActs.Apply(silenced, AlertActs.Silence(silenced, new AlertSilence(0, "over"), "ada", Now.AddMinutes(5)));

        Assert.Equal((false, true, true, false), (Open.IsSilenced(Now), silenced.IsSilenced(Now), silenced.IsSilenced(Now.AddMinutes(59)), silenced.IsSilenced(Now.AddMinutes(60))));
        Assert.False(ended.IsSilenced(Now.AddMinutes(6)));
        Assert.Equal("known", silenced.Acts![0].Text);
    }

    [Theory]
    [InlineData(-1, "why", "minutes", "43200")]
    [InlineData(43_201, "why", "minutes", "43200")]
    [InlineData(60, "", "reason", "1 to 1000")]
    [InlineData(60, " \t", "reason", "1 to 1000")]
    [InlineData(60, null, "reason", "1 to 1000")]
    public void Silence_OutOfRange_NamesFieldAndLimit(int minutes, string? reason, string field, string limit)
    {
        var refusal = Assert.Throws<MlopsException>(() => AlertActs.Silence(Open, new AlertSilence(minutes, reason!), "ada", Now));

        Assert.Equal(field, refusal.Field);
        Assert.Contains(limit, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Comment_IsTakenAlsoWhenItIsClosed_TheOthersAreNot()
    {
        Assert.Equal("found it", AlertActs.Comment(Closed, "found it", "ada", Now).Text);
        Assert.Equal("text", Assert.Throws<MlopsException>(() => AlertActs.Comment(Open, new string('x', 1001), "ada", Now)).Field);
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => AlertActs.Acknowledge(Closed, "ada", Now)).Kind);
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => AlertActs.Silence(Closed, new AlertSilence(1, "why"), "ada", Now)).Kind);
    }

    [Fact]
    public void Acts_AreBounded()
    {
        var full = Enumerable.Range(0, MonitorLimits.AlertActsMax).Aggregate(Open, (alert, i) => AlertActs.Apply(alert, AlertActs.Comment(alert, $"{i}", "ada", Now)));

        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => AlertActs.Comment(full, "one more", "ada", Now)).Kind);
    }

    [Fact]
    public void Entries_AreNewestFirst_AndLeadBack()
    {
        var older = Open with { RaisedAt = Now.AddMinutes(-1), Deployment = "a-b.c_d", AlertId = "0123" };

        Assert.True(string.CompareOrdinal(AlertIndex.Entry(Open), AlertIndex.Entry(older)) < 0);
        Assert.Equal(("a-b.c_d", "0123"), AlertIndex.Read(AlertIndex.Entry(older)));
    }
}
