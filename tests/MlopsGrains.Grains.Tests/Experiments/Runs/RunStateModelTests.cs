using System.Buffers;
using CsCheck;
using MlopsGrains.Algorithms.Experiments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Runs;

namespace MlopsGrains.Grains.Tests.Experiments.Runs;

/// <summary>The columns against a list of points that knows no tricks, and the codec against both.</summary>
public sealed class RunStateModelTests
{
    private static readonly RunJournalCodec Codec = new();

    private static readonly Gen<(string Key, double Value, long Timestamp, long Step)> Point = Gen.Select(
        Gen.OneOf("a", "b", "c/d"),
        Gen.OneOf(Gen.Double[-3, 3].Select(Math.Round), Gen.OneOf(double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.MaxValue, -0.0)),
        Gen.OneOf(Gen.Long[0, 6], Gen.Long[0, long.MaxValue]),
        Gen.OneOf(Gen.Long[-3, 6], Gen.Long));

    private static readonly Gen<Tag[]> Pairs = Gen.Select(Gen.OneOf("x", "y", "größe"), Gen.String[Gen.Char.AlphaNumeric, 0, 8], (k, v) => new Tag(k, v)).Array[0, 4];

    private static readonly Gen<RunEvent> Event = Gen.Frequency(
        (8, Gen.Select(Point.Array[0, 12], Pairs, Pairs, Gen.Select(Gen.Bool, Gen.String[Gen.Char.AlphaNumeric, 1, 2], Gen.Long[1, 99]), (points, parameters, tags, producer) =>
            (RunEvent)new BatchLogged(TrackingFlowTests.Points(points).Metrics, parameters, tags, producer.Item1 ? new ProducerPosition(producer.Item2, producer.Item3) : null))),
        (1, Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 9], Gen.Long, Pairs, (text, start, tags) => (RunEvent)new RunCreated("7", text, "ada", start, "u:/" + text, tags))),
        (1, Gen.Select(Gen.Int[0, 5], Gen.Bool, Gen.Long, Gen.Bool, (status, ends, end, named) =>
            (RunEvent)new RunUpdated(status == 0 ? null : (RunStatus)status, ends ? end : null, named ? "next" : null))),
        (1, Gen.OneOf("x", "y").Select(key => (RunEvent)new TagDeleted(key))),
        (1, Pairs.Select(tags => (RunEvent)new InputsLogged([new DatasetInput("n", "d", "t", "s", null, "profile", tags)]))),
        (1, Gen.Select(Gen.OneOf("m-1", "m-2"), Gen.Long, (model, step) => (RunEvent)new ModelsLogged([], [new ModelOutput(model, step)]))),
        (1, Gen.Bool.Select(deleted => (RunEvent)new LifecycleChanged(deleted ? LifecycleStage.Deleted : LifecycleStage.Active))));

    [Fact]
    public Task Columns_KeepEachPointOnce_InOrder_AndTheLatest() =>
        Gen.Select(Point.Array[0, 12].Array[0, 6], Gen.Int[1, 7]).SampleAsync(async (batches, limit) =>
        {
            var state = new RunState();
            var model = new Dictionary<string, List<(double Value, long Timestamp, long Step)>>();
            foreach (var points in batches)
            {
                state.Apply(new BatchLogged(TrackingFlowTests.Points(points).Metrics, [], [], null));
                foreach (var (key, value, timestamp, step) in points)
                {
                    var known = model.TryGetValue(key, out var found) ? found : model[key] = [];
                    if (!known.Contains((value, timestamp, step)))
                    {
                        known.Add((value, timestamp, step));
                    }
                }
            }

            Assert.Equal(model.Values.Sum(p => p.Count), state.Points);
            foreach (var (key, points) in model)
            {
                var latest = points.OrderBy(p => p.Step).ThenBy(p => p.Timestamp).ThenBy(p => p.Value).Last();
                Assert.Equal(new Metric(key, latest.Value, latest.Timestamp, latest.Step), state.Metrics[key].Latest(key));
                Assert.Equal(points.OrderBy(p => p.Timestamp).ThenBy(p => p.Step).ThenBy(p => p.Value), await WalkAsync(new SeriesReader(state.Metrics[key], Closed), key, limit));
            }
        });

    [Fact]
    public void Events_ComeBackFromTheirBytes() => Event.Sample(e => Assert.Equal(Bytes(e), Bytes(Codec.DecodeEvent(Bytes(e)))));

    [Fact]
    public void State_FromASnapshotInTheMiddle_IsTheStateOfAllEvents() =>
        Gen.Select(Event.Array[0, 12], Event.Array[0, 12]).Sample((before, after) =>
        {
            var (whole, first) = (new RunState(), new RunState());
            foreach (var e in before)
            {
                whole.Apply(e);
                first.Apply(e);
            }

            var restored = Codec.DecodeState(Bytes(first));
            foreach (var e in after)
            {
                whole.Apply(e);
                restored.Apply(Codec.DecodeEvent(Bytes(e)));
            }

            Assert.Equal(Bytes(whole), Bytes(restored));
            Assert.Equal((whole.Points, whole.InputCharacters), (restored.Points, restored.InputCharacters));
            Assert.Equal(whole.View("id").Metrics, restored.View("id").Metrics);
        });

    [Fact]
    public void DamagedBytes_AreAnErrorAndNeverACrash() =>
        Gen.Select(Event, Gen.Byte, Gen.Int[0, 10_000]).Sample((e, value, at) =>
        {
            var bytes = Bytes(e);
            bytes[at % bytes.Length] = value;
            try
            {
                Codec.DecodeEvent(bytes);
            }
            catch (Exception damage) when (damage is InvalidDataException or NotSupportedException)
            {
            }
        });

    [Fact]
    public async Task TokenOfAnotherList_IsRefused()
    {
        var series = new MetricSeries();
        series.Add(1, 1, 1);

        Assert.Equal("pageToken", (await Assert.ThrowsAsync<MlopsException>(() => new SeriesReader(series, Closed).Page("a", "nonsense", 10))).Field);
    }

    internal static byte[] Bytes(RunEvent e)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Codec.EncodeEvent(e, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    internal static byte[] Bytes(RunState state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Codec.EncodeState(state, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static Task<SeriesPoints> Closed(SealedChunk chunk) => throw new InvalidOperationException("There is no chunk to open.");

    internal static async Task<List<(double Value, long Timestamp, long Step)>> WalkAsync(SeriesReader series, string key, int limit)
    {
        var (walked, token) = (new List<(double, long, long)>(), (string?)null);
        do
        {
            var page = await series.Page(key, token, limit);
            Assert.InRange(page.Points.Count, 1, limit);
            for (var i = 0; i < page.Points.Count; i++)
            {
                walked.Add((page.Points.Values[i], page.Points.Timestamps[i], page.Points.Steps[i]));
            }

            token = page.NextPageToken;
        }
        while (token is not null);
        return walked;
    }
}
