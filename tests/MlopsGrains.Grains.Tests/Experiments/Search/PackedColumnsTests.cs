using CsCheck;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

public sealed class PackedColumnsTests
{
    private const int Runs = 2 * RunBlock.RowsMax;

    private static readonly Gen<long> Whole = Gen.OneOf(Gen.Const(0L), Gen.SByte.Select(v => (long)v), Gen.Short.Select(v => (long)v), Gen.Int.Select(v => (long)v), Gen.Long);

    private static readonly Gen<double> Real = Gen.OneOf(Gen.Float.Select(v => (double)v), Gen.Double, Gen.OneOf(double.NaN, -0.0, double.PositiveInfinity, double.Epsilon, 1e39));

    [Fact]
    public void WholeNumbers_ComeBack_WhateverCameBetween() => Gen.Select(Gen.Int[0, 5], Whole).Array[0, 20].Sample(writes =>
    {
        var (packed, plain) = (new PackedLongs(6), new long[6]);
        foreach (var (at, value) in writes)
        {
            packed.Set(at, value);
            plain[at] = value;
        }

        packed.Resize(12);
        Assert.Equal(plain, Enumerable.Range(0, 6).Select(at => packed[at]));
        if (plain.All(v => v is >= int.MinValue and <= int.MaxValue) && packed.Bytes <= 12 * sizeof(int))
        {
            var copied = new int[6];
            packed.CopyTo(copied);
            Assert.Equal(plain, copied.Select(v => (long)v));
        }
    });

    [Fact]
    public void RealNumbers_ComeBack_BitForBit() => Gen.Select(Gen.Int[0, 5], Real).Array[0, 20].Sample(writes =>
    {
        var (packed, plain) = (new PackedDoubles(6), new double[6]);
        foreach (var (at, value) in writes)
        {
            packed.Set(at, value);
            plain[at] = value;
        }

        packed.Resize(12);
        Assert.Equal(plain.Select(BitConverter.DoubleToInt64Bits), Enumerable.Range(0, 6).Select(at => BitConverter.DoubleToInt64Bits(packed[at])));
        Assert.Equal(plain.Select(BitConverter.DoubleToInt64Bits), packed.First(6, new double[6]).ToArray().Select(BitConverter.DoubleToInt64Bits));
    });

    /// <summary>Ten metrics that are logged together, ten params, four tags; without the texts, which take about 80 bytes more.</summary>
    [Theory]
    [InlineData(1, false, 150)]
    [InlineData(1, true, 190)]
    [InlineData(20, false, 320)]
    [InlineData(20, true, 445)]
    public void Row_TakesFewBytes(int points, bool doubles, int bytesMax)
    {
        var (random, table) = (new Random(1), new RunTable());
        for (var run = 0; run < Runs; run++)
        {
            table.Put(Row(random, run, key => points, doubles));
        }

        Assert.InRange((double)table.ColumnBytes / Runs, 0, bytesMax);
    }

    [Fact]
    public void History_OfOneMetric_TakesRoomForThatMetricAlone()
    {
        var (random, without, with) = (new Random(1), new RunTable(), new RunTable());
        for (var run = 0; run < Runs; run++)
        {
            without.Put(Row(random, run, key => 1, doubles: true));
            with.Put(Row(random, run, key => key == "m3" ? 20 : 1, doubles: true));
        }

        Assert.InRange((double)(with.ColumnBytes - without.ColumnBytes) / Runs, 24, 27);
    }

    private static CollectedRun Row(Random random, int number, Func<string, int> points, bool doubles)
    {
        double Value() => doubles ? random.NextDouble() : random.NextSingle();
        var start = 1_700_000_000_000 + (number * 1000L);
        var metrics = Enumerable.Range(0, 10).Select(m => new Metric($"m{m}", Value(), start + 60_000 + random.Next(100), points($"m{m}"))).ToArray();
        var histories = metrics.Select(m => Enumerable.Range(1, points(m.Key) - 1).Aggregate(default(MetricSummary).With(m.Value), (h, _) => h.With(Value()))).ToArray();
        Tag[] parameters = [.. Enumerable.Range(0, 10).Select(p => new Tag($"p{p}", $"{random.Next(12)}"))];
        Tag[] tags = [new("mlflow.runName", $"run-{number}"), new("mlflow.source.name", "train.py"), new("mlflow.source.type", "LOCAL"), new("mlflow.user", "ada")];
        var id = $"{number:x32}";
        var info = new RunInfo(id, "1", $"run-{number}", "ada", RunStatus.Finished, start, start + 61_000, $"mlflow-artifacts:/1/{id}/artifacts", LifecycleStage.Active);
        return new CollectedRun(new Run(info, metrics, parameters, tags, [], [], []), histories);
    }
}
