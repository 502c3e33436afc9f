using CsCheck;
using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Grains.Tests.Experiments.Runs;

namespace MlopsGrains.Grains.Tests.Experiments.History;

/// <summary>Series whose points go into chunks now and then, against a plain list.</summary>
public sealed class SeriesSealingTests
{
    private static readonly Gen<SeriesPoint> Point = Gen.Select(
        Gen.Frequency((5, Gen.Long[0, 400]), (1, Gen.Long[0, long.MaxValue])),
        Gen.Frequency((5, Gen.Long[-20, 400]), (1, Gen.Long)),
        Gen.OneOf(Gen.Int[-3, 3].Select(v => (double)v), Gen.OneOf(double.NaN, double.PositiveInfinity, -0.0, 1e300)),
        (t, s, v) => new SeriesPoint(t, s, v));

    /// <summary>Points to add, then how many to keep when the rest is put away.</summary>
    private static readonly Gen<(SeriesPoint[] Points, int Keep)[]> Life = Gen.Select(Point.Array[0, 60], Gen.Int[0, 40]).Array[1, 12];

    [Fact]
    public Task WhateverIsPutAway_ReadsAreThoseOfOneList() =>
        Gen.Select(Life, Gen.Int[1, 50], Gen.Int[2, 30]).SampleAsync(async (life, limit, width) =>
        {
            var (series, model, chunks) = (new MetricSeries(), new HashSet<SeriesPoint>(), new Store());
            foreach (var (points, keep) in life)
            {
                foreach (var point in points)
                {
                    var stored = series.FindChunk(point) is { } chunk && SealedRepeats.Holds(await chunks.Open(chunk), point);
                    Assert.Equal(model.Add(point), !stored && series.Add(point.Value, point.Timestamp, point.Step));
                }

                series = await chunks.Seal(series, keep);
                Assert.True(series.TailCount <= keep);
                AssertInOrder(series.Chunks);
            }

            Assert.Equal(model.Count, series.Count);
            var reader = new SeriesReader(series, chunks.Open);
            if (model.Count == 0)
            {
                var page = await reader.Page("m", null, limit);
                Assert.Equal((0, null), (page.Points.Count, page.NextPageToken));
                return;
            }

            Assert.Equal(
                model.OrderBy(p => p.Timestamp).ThenBy(p => p.Step).ThenBy(p => p.Value).Select(p => (p.Value, p.Timestamp, p.Step)),
                await RunStateModelTests.WalkAsync(reader, "m", limit));
            await AssertBuckets(reader, model, width);
            var step = model.First().Step;
            Assert.Equal(model.Where(p => p.Step == step).OrderBy(p => p.Timestamp).ThenBy(p => p.Value).Last().Value, await reader.ValueAt(step));
        });

    /// <summary>A series that grows by drops and is put away each time has few chunks, and no point is written often.</summary>
    [Fact]
    public async Task ManySmallSeals_GiveFewChunks_AndWriteEachPointAFewTimes()
    {
        var (series, chunks) = (new MetricSeries(), new Store());
        for (var i = 0; i < 40_000; i++)
        {
            series.Add(i, i, i);
            if (i % 50 == 49)
            {
                series = await chunks.Seal(series, 0);
            }
        }

        Assert.InRange(series.Chunks.Count, 1, 20);
        Assert.InRange(chunks.PointsWritten, 40_000, 400_000);
    }

    [Fact]
    public async Task RegularSteps_GiveChunksThatFitIntoBuckets()
    {
        var (series, chunks) = (new MetricSeries(), new Store());
        for (var i = 0; i < 200_000; i++)
        {
            series.Add(i, i, i);
        }

        series = await chunks.Seal(series, 0);
        Assert.All(series.Chunks, c => Assert.Equal(c.StepMin / 8192, c.StepMax / 8192));
        chunks.Opened = 0;
        var buckets = await new SeriesReader(series, chunks.Open).Buckets(25, long.MinValue, long.MaxValue);

        Assert.Equal(25, buckets.Buckets.Count);
        Assert.Equal(0, chunks.Opened);
    }

    [Theory]
    [InlineData(CurveAxis.Step, 0)]
    [InlineData(CurveAxis.Time, 1_000)]
    [InlineData(CurveAxis.Relative, 900)]
    public async Task Curve_KeepsEverySpikeAndEverythingThatIsNoNumber_AlongAnyAxis(CurveAxis by, long at)
    {
        var (series, chunks) = (new MetricSeries(), new Store());
        for (var i = 0; i < 5_000; i++)
        {
            series.Add(i switch { 1_234 => 99, 2_000 => double.NaN, 2_500 => double.PositiveInfinity, 4_999 => -7, _ => i % 2 }, 1_000 + i, i);
        }

        var whole = await chunks.Seal(series, 700);
        var curve = await new SeriesReader(whole, chunks.Open).Curve("run", "loss", SeriesAxis.Of(by, 100), 50, long.MinValue, long.MaxValue);
        Assert.Equal(5_000, curve.Count);
        Assert.Equal(curve.X.Order(), curve.X);
        Assert.InRange(curve.X.Length, 50, 100);
        Assert.Equal(99, curve.Y[Array.IndexOf(curve.X, at + 1_234)]);
        Assert.Equal((at + 4_999, -7), (curve.X[^2..].Max(), curve.Y[^2..].Min()));
        Assert.Equal(2, curve.NotFinite.Length);
        Assert.Equal(at + 2_500, curve.NotFinite[1]);
        Assert.InRange(at + 2_000 - curve.NotFinite[0], 0, (long)curve.Width);

        var near = await new SeriesReader(whole, chunks.Open).Curve("run", "loss", SeriesAxis.Of(by, 100), 50, at + 1_230, at + 1_239);
        Assert.Equal((1UL, 10L), (near.Width, near.Count));
        Assert.Equal([0, 1, 0, 1, 99, 1, 0, 1, 0, 1], near.Y);
    }

    [Fact]
    public async Task DamagedOrForeignChunk_IsAClearError()
    {
        var (series, chunks) = (new MetricSeries(), new Store());
        for (var i = 0; i < 100; i++)
        {
            series.Add(i, i, i);
        }

        series = await chunks.Seal(series, 0);
        chunks.Payloads[0] = SeriesSealing.Encode([new SeriesPoint(1, 1, 1)]);
        var error = await Assert.ThrowsAsync<InvalidDataException>(() => new SeriesReader(series, chunks.Open).Page("m", null, 10));
        Assert.Contains("Chunk 0", error.Message, StringComparison.Ordinal);
    }

    private static void AssertInOrder(IReadOnlyList<SealedChunk> chunks)
    {
        Assert.Equal(chunks.Count, chunks.Select(c => c.Number).Distinct().Count());
        for (var i = 0; i < chunks.Count; i++)
        {
            Assert.True(chunks[i].First.CompareTo(chunks[i].Last) <= 0);
            Assert.True(i == 0 || chunks[i - 1].Last.CompareTo(chunks[i].First) < 0);
        }
    }

    private static async Task AssertBuckets(SeriesReader reader, HashSet<SeriesPoint> model, int width)
    {
        var got = await reader.Buckets(width, long.MinValue, long.MaxValue);
        var expected = StepBuckets.Over(model.Min(p => p.Step), model.Max(p => p.Step), width);
        foreach (var point in model)
        {
            expected.Add(point);
        }

        Assert.Equal(expected.Width, got.StepWidth);
        Assert.Equal(
            expected.ToList().Select(b => (b.FirstStep, b.Count, b.NotANumber, b.Min?.Value, b.Max?.Value)),
            got.Buckets.Select(b => (b.FirstStep, b.Count, b.NotANumber, b.Min?.Value, b.Max?.Value)));
    }

    private sealed class Store
    {
        public Dictionary<long, byte[]> Payloads { get; } = [];

        public long PointsWritten { get; private set; }

        public int Opened { get; set; }

        public Task<SeriesPoints> Open(SealedChunk chunk)
        {
            Opened++;
            return Task.FromResult(chunk.Open(Payloads[chunk.Number]));
        }

        public async Task<MetricSeries> Seal(MetricSeries series, int keep)
        {
            if (await SeriesSealing.Seal(series, keep, Open) is not { } done)
            {
                return series;
            }

            foreach (var (number, payload) in done.Chunks)
            {
                Payloads[number] = payload;
                PointsWritten += SeriesCodec.Decode(payload).Count;
            }

            return done.Series;
        }
    }
}
