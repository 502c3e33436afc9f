using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Runs;

namespace MlopsGrains.Grains.Tests.Experiments.Runs;

/// <summary>Bytes that a released version wrote. They are never changed; a new format adds its own.</summary>
public sealed class RunJournalGoldenTests
{
    private static readonly RunEvent[] History =
    [
        new RunCreated("7", "quiet-heron-417", "ada", 1_700_000_000_000, "mlflow-artifacts:/7/r/artifacts", [new("mlflow.runName", "quiet-heron-417")]),
        new BatchLogged(
            new MetricColumns(["loss", "acc"], [0, 1, 0], [0.5, double.NaN, double.NegativeInfinity], [1_700_000_000_100, 1_700_000_000_100, 1_700_000_000_200], [-1, 0, 300]),
            [new("lr", "0.1")],
            [new("größe", "")],
            new ProducerPosition("trainer-1", 42)),
        new RunUpdated(RunStatus.Finished, 1_700_000_001_000, "renamed"),
        new RunUpdated(null, null, null),
        new TagDeleted("größe"),
        new InputsLogged([new DatasetInput("iris", "abc123", "local", "iris.csv", null, "{}", [new("mlflow.data.context", "train")])]),
        new LifecycleChanged(LifecycleStage.Deleted),
    ];

    private static readonly ModelsLogged Models = new(["m-1"], [new("m-2", 3)]);

    public static TheoryData<int, string> Version1 => new()
    {
        { 0, "010101370f71756965742d6865726f6e2d3431370361646180a0abfef9621f6d6c666c6f772d6172746966616374733a2f372f722f617274696661637473010e6d6c666c6f772e72756e4e616d650f71756965742d6865726f6e2d343137" },
        { 1, "010202046c6f73730361636303000100c8a1abfef96200c8010102d804000000000000e03f000000000000f8ff000000000000f0ff01026c7203302e3101076772c3b6c39f65000109747261696e65722d3154" },
        { 2, "01030301d0afabfef962010772656e616d6564" },
        { 3, "0103000000" },
        { 4, "0104076772c3b6c39f65" },
        { 5, "010501046972697306616263313233056c6f63616c08697269732e6373760001027b7d01136d6c666c6f772e646174612e636f6e7465787405747261696e" },
        { 6, "010601" },
    };

    private const string StateVersion1 = "010101370772656e616d6564036164610380a0abfef96201d0afabfef9621f6d6c666c6f772d6172746966616374733a2f372f722f6172746966616374730102046c6f737302c8a1abfef962c80101da04000000000000e03f000000000000f0ff0361636301c8a1abfef96200000000000000f8ff01026c7203302e31010e6d6c666c6f772e72756e4e616d650772656e616d656401046972697306616263313233056c6f63616c08697269732e6373760001027b7d01136d6c666c6f772e646174612e636f6e7465787405747261696e020109747261696e65722d315402";

    private const string StateVersion2 = "020101370772656e616d6564036164610380a0abfef96201d0afabfef9621f6d6c666c6f772d6172746966616374733a2f372f722f6172746966616374730102046c6f73730404000000000000f0ff000000000000e03f000000000000f0ff90a3abfef962d804000000000000f0ff90a3abfef96201d804010001c8a1abfef96201000000000000e03f0000000000000000e03f000000010000000000000000e03f0000000000000000e03f011a010100d804000090a3abfef962000100818080f80f004e7ebee2036163630200000000000000000000000000000000000000000000000000c8a1abfef96200000000000000f8ffc8a1abfef9620000000119010100000000c8a1abfef962000100818080fc0f00f11235e901026c7203302e31010e6d6c666c6f772e72756e4e616d650772656e616d656401046972697306616263313233056c6f63616c08697269732e6373760001027b7d01136d6c666c6f772e646174612e636f6e7465787405747261696e020109747261696e65722d31000154000201036d2d3101036d2d3206";

    [Theory]
    [MemberData(nameof(Version1))]
    public void Version1_StaysReadable_AndIsWhatIsWritten(int index, string golden)
    {
        Assert.Equal(golden, Convert.ToHexStringLower(RunStateModelTests.Bytes(History[index])));
        Assert.Equal(golden, Convert.ToHexStringLower(RunStateModelTests.Bytes(new RunJournalCodec().DecodeEvent(Convert.FromHexString(golden)))));
    }

    [Fact]
    public void Models_StayReadable_AndAreWhatIsWritten()
    {
        const string Golden = "010701036d2d3101036d2d3206";

        Assert.Equal(Golden, Convert.ToHexStringLower(RunStateModelTests.Bytes(Models)));
        Assert.Equal(Golden, Convert.ToHexStringLower(RunStateModelTests.Bytes(new RunJournalCodec().DecodeEvent(Convert.FromHexString(Golden)))));
    }

    [Fact]
    public void EveryKindOfEvent_HasGoldenBytes() => Assert.Equal(
        typeof(RunEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(RunEvent))).ToHashSet(), History.Append(Models).Select(e => e.GetType()).ToHashSet());

    [Fact]
    public void TimeOfADeletion_IsWrittenBehind()
    {
        var deleted = new LifecycleChanged(LifecycleStage.Deleted, 1_700_000_000_000);

        Assert.Equal("01060180a0abfef962", Convert.ToHexStringLower(RunStateModelTests.Bytes(deleted)));
        Assert.Equal(deleted, new RunJournalCodec().DecodeEvent(RunStateModelTests.Bytes(deleted)));
        var state = new RunState { Exists = true };
        state.Apply(deleted);
        Assert.Equal(1_700_000_000_000, new RunJournalCodec().DecodeState(RunStateModelTests.Bytes(state)).DeletedTime);
        state.Apply(new LifecycleChanged(LifecycleStage.Active, 1_700_000_000_001));
        Assert.Equal(0, state.DeletedTime);
    }

    [Fact]
    public void Version1Snapshot_StaysReadable()
    {
        var state = new RunState();
        foreach (var e in History)
        {
            state.Apply(e);
        }

        var restored = new RunJournalCodec().DecodeState(Convert.FromHexString(StateVersion1));
        Assert.True(restored.Producers["trainer-1"].Applied.Contains(42));
        Assert.True(restored.Producers["trainer-1"].Applied.Contains(1)); // This format knew the last number only.
        restored.Producers["trainer-1"] = state.Producers["trainer-1"];
        Assert.Equal(RunStateModelTests.Bytes(state), RunStateModelTests.Bytes(restored));
    }

    [Fact]
    public async Task Version2Snapshot_StaysReadable_AndIsWhatIsWritten()
    {
        var state = new RunState();
        foreach (var e in History)
        {
            state.Apply(e);
        }

        state.Apply(Models);
        var put = await SeriesSealing.Seal(state.Metrics["loss"], 1, _ => throw new InvalidOperationException());
        state.Replace(new Dictionary<string, MetricSeries> { ["loss"] = put!.Series });

        Assert.Equal(StateVersion2, Convert.ToHexStringLower(RunStateModelTests.Bytes(state)));
        Assert.Equal(StateVersion2, Convert.ToHexStringLower(RunStateModelTests.Bytes(new RunJournalCodec().DecodeState(Convert.FromHexString(StateVersion2)))));
    }

    [Fact]
    public void LaterFormat_IsRefusedByName() =>
        Assert.Contains("format 9", Assert.Throws<NotSupportedException>(() => new RunJournalCodec().DecodeEvent(new byte[] { 9, 1 })).Message, StringComparison.Ordinal);
}
