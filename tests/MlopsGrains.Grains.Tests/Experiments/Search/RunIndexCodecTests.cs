using System.Buffers;
using CsCheck;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

public sealed class RunIndexCodecTests
{
    private static readonly RunIndexCodec Codec = new();

    private static readonly CollectedRun Plain = SampleRuns.Collected(new Run(
        new RunInfo("0123456789abcdef0123456789abcdef", "7", "quiet-heron", "ada", RunStatus.Finished, 1_700_000_000_000, 1_700_000_001_000, "mlflow-artifacts:/7/0123456789abcdef0123456789abcdef/artifacts", LifecycleStage.Active),
        [new("acc", 0.5, 1_700_000_000_500, 3)], [new("lr", "0.1")], [new("team", "a")], [], [], []));

    private static readonly CollectedRun Full = new(
        Plain.Run with
        {
            Info = Plain.Run.Info with { RunId = "odd-run", EndTime = null, LifecycleStage = LifecycleStage.Deleted, ArtifactUri = "s3://b" },
            Inputs = [new DatasetInput("iris", "d1", "local", "iris.csv", null, "{}", [new("mlflow.data.context", "train")])],
            ModelInputs = ["m-1"],
            ModelOutputs = [new ModelOutput("m-2", -1)],
        },
        [new MetricSummary(4, -1, 2, 2.5)]);

    private static readonly RunIndexEvent[] Events =
        [new RunsAdded(["a", "odd-run"]), new RowsSettled([Plain, Full]), new RowsUnsettled(["odd-run"]), new RunsRemoved(["a"]), new RunsMoved(LifecycleStage.Deleted)];

    /// <summary>Bytes that a released version wrote. They are never changed; a new format adds its own.</summary>
    public static TheoryData<int, string> Version1 => new()
    {
        { 0, "0101020161076f64642d72756e" },
        { 1, "01020203efcdab8967452301efcdab8967452301000100036163630101026c720102047465616d030137040b71756965742d6865726f6e0503616461061f6d6c666c6f772d6172746966616374733a2f372f002f61727469666163747380a0abfef96201d00f000000000000e03fe807060703302e31080161fb076f64642d72756e00030405090673333a2f2f6280a0abfef96200000000000000e03fe8070608000000000000f0bf000000000000004000000000000004400708010a04697269730b0264310c056c6f63616c0d08697269732e63737600010e027b7d010f136d6c666c6f772e646174612e636f6e746578741005747261696e01036d2d3101036d2d3201" },
        { 2, "010301076f64642d72756e" },
        { 3, "0104010161" },
        { 4, "010501" },
    };

    [Theory]
    [MemberData(nameof(Version1))]
    public void Version1_StaysReadable_AndIsWhatIsWritten(int index, string golden)
    {
        Assert.Equal(golden, Convert.ToHexStringLower(Bytes(Events[index])));
        Assert.Equal(golden, Convert.ToHexStringLower(Bytes(Codec.DecodeEvent(Convert.FromHexString(golden)))));
    }

    [Fact]
    public void Version1Snapshot_StaysReadable_AndIsWhatIsWritten()
    {
        const string Golden = "01020161076f64642d72756e0103efcdab8967452301efcdab8967452301000100036163630101026c720102047465616d030137040b71756965742d6865726f6e0503616461061f6d6c666c6f772d6172746966616374733a2f372f002f61727469666163747380a0abfef96201d00f000000000000e03fe807060703302e31080161";
        var state = new RunIndexState();
        foreach (var e in Events[..3])
        {
            state.Apply(e);
        }

        Assert.Equal(Golden, Convert.ToHexStringLower(Bytes(state)));
        Assert.Equal(Golden, Convert.ToHexStringLower(Bytes(Codec.DecodeState(Convert.FromHexString(Golden)))));
    }

    [Fact]
    public void EveryKindOfEvent_HasGoldenBytes() => Assert.Equal(
        typeof(RunIndexEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(RunIndexEvent))).ToHashSet(), Events.Select(e => e.GetType()).ToHashSet());

    [Fact]
    public void LaterFormat_IsRefusedByName() =>
        Assert.Contains("format 9", Assert.Throws<NotSupportedException>(() => Codec.DecodeEvent(new byte[] { 9, 1 })).Message, StringComparison.Ordinal);

    [Fact]
    public void Snapshot_KeepsSettledRows_AndOnlyTheIdsOfOthers() =>
        Gen.Select(SampleRuns.Row(SampleRuns.Id).Array[0, 20], SampleRuns.Id.Array[0, 5], SampleRuns.Id.Array[0, 3]).Sample((rows, unsettled, added) =>
        {
            var state = new RunIndexState();
            RunIndexEvent[] events = [new RunsAdded(added), new RowsSettled(rows), new RowsUnsettled(unsettled), new RunsAdded(added)];
            foreach (var e in events)
            {
                state.Apply(Codec.DecodeEvent(Bytes(e)));
            }

            var read = Codec.DecodeState(Bytes(state));

            Assert.Equal(state.Unsettled.Order(), read.Unsettled.Order());
            Assert.Equal(state.Unsettled.Order(), read.Waiting.Order());
            var settled = rows.GroupBy(r => r.Run.Info.RunId).Where(g => !unsettled.Contains(g.Key)).ToDictionary(g => g.Key, g => g.Last());
            Assert.Equal(settled.Keys.Order(), read.Settled.Select(r => r.Run.Info.RunId).Order());
            foreach (var row in read.Settled)
            {
                RunTableTests.AssertSame(settled[row.Run.Info.RunId], row);
            }
        });

    [Fact]
    public void Event_AppliedAgain_ChangesNothing() => SampleRuns.Row(SampleRuns.Id).Array[0, 10].Sample(rows =>
    {
        var state = new RunIndexState();
        RunIndexEvent[] events = [new RunsAdded([.. rows.Select(r => r.Run.Info.RunId)]), new RowsSettled(rows), new RunsRemoved([.. rows.Take(1).Select(r => r.Run.Info.RunId)])];
        foreach (var e in events)
        {
            state.Apply(e);
            var once = Content(state);
            state.Apply(e);
            Assert.Equal(once, Content(state));
        }
    });

    private static byte[] Bytes(RunIndexEvent e)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Codec.EncodeEvent(e, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Bytes(RunIndexState state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        Codec.EncodeState(state, buffer);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>What the state knows, whatever the order of its rows.</summary>
    private static string[] Content(RunIndexState state) =>
        [.. state.Settled.Select(row => Convert.ToHexString(Bytes(new RowsSettled([row])))).Order(StringComparer.Ordinal), .. state.Unsettled.Order(StringComparer.Ordinal)];
}
