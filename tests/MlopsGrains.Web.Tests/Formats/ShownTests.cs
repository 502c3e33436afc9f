using MlopsGrains.Web.Formats;

namespace MlopsGrains.Web.Tests.Formats;

public sealed class ShownTests
{
    [Theory]
    [InlineData(0.9127, "0.9127")]
    [InlineData(0.91274999, "0.9127")]
    [InlineData(-0.5, "−0.5")]
    [InlineData(0, "0")]
    [InlineData(63, "63")]
    [InlineData(184_000, "184,000")]
    [InlineData(0.0000032, "3.2 · 10⁻⁶")]
    [InlineData(-0.0000032, "−3.2 · 10⁻⁶")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(1e15, "1 · 10¹⁵")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "∞")]
    [InlineData(double.NegativeInfinity, "−∞")]
    public void MetricAlone_HasFourSignificantDigits(double value, string text) => Assert.Equal(text, Shown.Metric(value));

    [Theory]
    [InlineData(new[] { 0.91, 0.92 }, 2)]
    [InlineData(new[] { 0.9127, 0.9128 }, 4)]
    [InlineData(new[] { 0.91271, 0.91272 }, 5)]
    [InlineData(new[] { 1.0, 63 }, 0)]
    [InlineData(new[] { 0.5, double.NaN }, 2)]
    [InlineData(new[] { 0.1234567890, 0.1234567891 }, 6)]
    [InlineData(new double[0], 0)]
    public void Column_HasAsManyDecimalsAsTellItsValuesApart(double[] column, int decimals) => Assert.Equal(decimals, Shown.Decimals(column));

    [Theory]
    [InlineData(0.9085, 4, "0.9085")]
    [InlineData(0.9, 4, "0.9000")]
    [InlineData(1284, 0, "1,284")]
    [InlineData(-1.5, 2, "−1.50")]
    [InlineData(1e-9, 4, "1 · 10⁻⁹")]
    public void InAColumn_AllHaveTheSameDecimals(double value, int decimals, string text) => Assert.Equal(text, Shown.InColumn(value, decimals));

    [Theory]
    [InlineData(0.6, "0.6 ms")]
    [InlineData(4_100, "4.10 s")]
    [InlineData(372_000, "6 m 12 s")]
    [InlineData(180_000, "3 m 00 s")]
    [InlineData(9_420_000, "2 h 37 m")]
    [InlineData(777_600_000, "9 d")]
    [InlineData(-4_100, "−4.10 s")]
    public void Duration_HasTwoUnitsAtMost(double milliseconds, string text) => Assert.Equal(text, Shown.Duration(TimeSpan.FromMilliseconds(milliseconds)));

    [Theory]
    [InlineData(0.2, "now")]
    [InlineData(59, "59 s")]
    [InlineData(31 * 60, "31 min")]
    [InlineData(14 * 3600, "14 h")]
    [InlineData(9 * 86400, "9 d")]
    [InlineData(800 * 86400, "2 y")]
    [InlineData(-90, "now")]
    public void Age_HasOneUnit(double seconds, string text) => Assert.Equal(text, Shown.Age(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(436_224, "426 KiB")]
    [InlineData(12_026_118_963, "11.2 GiB")]
    public void Bytes_AreBinary(long bytes, string text) => Assert.Equal(text, Shown.Bytes(bytes));

    [Theory]
    [InlineData(1284, "1,284")]
    [InlineData(84_300, "84.3 k")]
    [InlineData(5_900_000, "5.9 M")]
    public void CountOnAnAxis_IsShort(double count, string text) => Assert.Equal(text, Shown.ShortCount(count));

    [Theory]
    [InlineData(0.0042, 4, "+0.0042")]
    [InlineData(-0.0002, 4, "−0.0002")]
    [InlineData(0, 4, "0.0000")]
    public void Difference_HasItsSign(double difference, int decimals, string text) => Assert.Equal(text, Shown.Difference(difference, decimals));

    [Theory]
    [InlineData(0.9127, 0.9085, "+0.5 %")]
    [InlineData(0.2495, 0.2562, "−2.6 %")]
    [InlineData(5, 1, "+400 %")]
    [InlineData(1, 0, null)]
    [InlineData(double.NaN, 1, null)]
    public void Relative_IsPercentOfTheBase(double value, double against, string? text) => Assert.Equal(text, Shown.Relative(value, against));

    [Theory]
    [InlineData(0.021, "0.021")]
    [InlineData(0.000003, "3 · 10⁻⁶")]
    [InlineData(0, "< 10⁻³⁰⁰")]
    public void Probability_IsNeverRoundedToZero(double p, string text) => Assert.Equal(text, Shown.Probability(p));

    [Theory]
    [InlineData("short", 10, "short")]
    [InlineData("lgbm-sweep-with-a-long-name-0187", 12, "lgbm-…e-0187")]
    [InlineData("😀😀😀😀😀😀😀😀", 6, "😀…😀")]
    public void Name_IsCutInTheMiddle(string name, int max, string text) => Assert.Equal(text, Shown.Name(name, max));

    [Theory]
    [InlineData("val_loss", true)]
    [InlineData("valid/rmse", true)]
    [InlineData("val_auc", false)]
    [InlineData("lossless", false)]
    public void Direction_FollowsFromTheName(string metric, bool lessIsBetter) => Assert.Equal(lessIsBetter, Shown.LessIsBetter(metric));

    [Fact]
    public void Instant_OutsideTheCalendar_IsMissing()
    {
        Assert.Equal("2026-11-28 16:11:04 UTC", Shown.Instant(1795882264000));
        Assert.Equal(Shown.Missing, Shown.Instant(long.MaxValue));
        Assert.Equal("", Shown.Iso(long.MinValue));
    }
}
