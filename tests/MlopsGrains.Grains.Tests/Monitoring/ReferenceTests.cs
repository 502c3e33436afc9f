using System.Globalization;
using System.Text;
using CsCheck;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

/// <summary>What a monitor compares with, made of any rows.</summary>
public sealed class ReferenceTests
{
    private static readonly double[] Extremes = [0, double.Epsilon, -double.Epsilon, 1, Math.BitIncrement(1.0), double.MaxValue, double.MinValue, 1e300, -1e300];

    /// <summary>A value that takes two quantiles, and the next quantile in the gap behind it: both cuts move to the middle of that gap.</summary>
    [Fact]
    public void Edges_ThatFallTogether_BecomeOne()
    {
        var values = Enumerable.Repeat(1.0, 3).Concat(Enumerable.Range(2, 26).Select(i => (double)i)).ToArray();

        var edges = Reference(values).Bins.Edges!;

        Assert.Equal(edges.Distinct().Order(), edges);
        Assert.Equal(1.5, edges[1]);
    }

    [Fact]
    public void Edges_OfAnyNumbers_AreBins() =>
        Gen.OneOf(Gen.Int[0, 9].Select(i => (double)i), Gen.Double[-1e3, 1e3], Gen.Int[0, Extremes.Length - 1].Select(i => Extremes[i]))
            .Array[0, 200].Sample(
                values =>
                {
                    var reference = Reference(values);
                    var bins = FeatureHistogram.Numeric(reference.Bins);
                    Assert.Equal(values.Length, reference.Counts.Sum());
                    Assert.Equal(values.Length, reference.Counts.Take(bins.Count).Sum());
                },
                iter: 2000);

    [Theory]
    [InlineData("BYTES", new[] { "TRUE", "true", "False", "" })]
    [InlineData("BOOL", new[] { "true", "true", "false" })]
    public void TruthValues_HaveOneSpelling_InReferenceAndTraffic(string datatype, string[] sent)
    {
        var table = Read("f\nTrue\nFALSE\ntrue\n\n\"\"\n", FeatureKind.Boolean);
        var reference = FeatureHistogram.Reference(table.Columns[0]);
        object data = datatype == "BYTES" ? sent : Array.ConvertAll(sent, bool.Parse);

        var counts = Count(reference, new Tensor("f", datatype, [sent.Length], data));

        Assert.Equal(["true", "false"], reference.Bins.Categories!);
        Assert.Equal([2, 1, 0, 0, 1], reference.Counts);
        Assert.Equal([2, 1, 0, 0, sent.Length - 3], counts);
    }

    [Fact]
    public void MissingNumbers_AreCountedAsMissing()
    {
        var reference = Reference([1, 2, 3]);

        Assert.Equal([1, 1], Count(reference, new Tensor("x", "FP32", [3], new[] { 2, float.NaN, float.PositiveInfinity }))[^2..]);
        Assert.Equal([1, 0], Count(reference, new Tensor("x", "FP64", [1], new[] { double.NaN }))[^2..]);
    }

    [Theory]
    [InlineData(FeatureKind.Numeric, "1\nNaN\n", "'NaN', not a number")]
    [InlineData(FeatureKind.Numeric, "1\n007\n", "'007', not a number")]
    [InlineData(FeatureKind.Boolean, "true\n1\n", "'1', not true or false")]
    internal void Reference_ThatTheModelCannotTake_IsRefusedWithItsCell(FeatureKind kind, string cells, string message) =>
        Assert.Contains(message, Assert.Throws<MlopsException>(() => Read("x\n" + cells, kind)).Message, StringComparison.Ordinal);

    private static FeatureReference Reference(double[] values)
    {
        var column = new ReferenceColumn(new WatchedFeature("x", FeatureKind.Numeric));
        Array.ForEach(values, v => column.Add(v.ToString("R", CultureInfo.InvariantCulture)));
        return FeatureHistogram.Reference(column);
    }

    private static long[] Count(FeatureReference reference, Tensor tensor)
    {
        var counter = new FeatureCounter(reference.Bins);
        counter.Count(new Observation(new InferenceRequest([tensor]), new InferenceResponse("1", []), (int)tensor.Shape[0], default), 0, (int)tensor.Shape[0]);
        return counter.TakeCounts();
    }

    private static ReferenceTable Read(string csv, FeatureKind kind) =>
        ReferenceTable.Read(new MemoryStream(Encoding.UTF8.GetBytes(csv)), [new WatchedFeature(csv[..csv.IndexOf('\n', StringComparison.Ordinal)], kind)], TestContext.Current.CancellationToken);
}
