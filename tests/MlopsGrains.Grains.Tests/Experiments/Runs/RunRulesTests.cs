using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.Runs;
using static MlopsGrains.Grains.Tests.Experiments.TrackingFlowTests;

namespace MlopsGrains.Grains.Tests.Experiments.Runs;

public sealed class RunRulesTests
{
    private const string Id = "0123456789abcdef0123456789abcdef";

    private static readonly Experiment Experiment = new("7", "seven", "mlflow-artifacts:/7", LifecycleStage.Active, 1, 1, []);

    [Theory]
    [InlineData("loss", true)]
    [InlineData("val/loss:top-5 .x_y", true)]
    [InlineData("größe/名前", true)]
    [InlineData("", false)]
    [InlineData("/loss", false)]
    [InlineData("loss/", false)]
    [InlineData("a//b", false)]
    [InlineData("a/../b", false)]
    [InlineData(".", false)]
    [InlineData("a\nb", false)]
    [InlineData("a,b", false)]
    [InlineData("a😀", false)]
    public void Keys_FollowTheAlphabet_InEveryKindOfEntry(string key, bool good)
    {
        AssertOutcome(good, "metrics[0].key", () => RunRules.LogBatch(Begun(), Id, Points((key, 1, 1, 1))));
        AssertOutcome(good, "params[0].key", () => RunRules.LogBatch(Begun(), Id, Batch(@params: [new(key, "v")])));
        AssertOutcome(good, "tags[0].key", () => RunRules.LogBatch(Begun(), Id, Batch(tags: [new(key, "v")])));
    }

    [Fact]
    public void Limits_HoldAtTheLimit_AndRefuseOneBeyond()
    {
        AssertTaken(() => RunRules.LogBatch(Begun(), Id, Points((new string('k', 250), 1, 1, 1))));
        AssertRefused("metrics[0].key", () => RunRules.LogBatch(Begun(), Id, Points((new string('k', 251), 1, 1, 1))), "250");
        AssertTaken(() => RunRules.LogBatch(Begun(), Id, Points(Many(1000))));
        AssertRefused("metrics", () => RunRules.LogBatch(Begun(), Id, Points(Many(1001))), "1000");
        AssertTaken(() => RunRules.LogBatch(Begun(), Id, Batch(@params: Pairs(100))));
        AssertRefused("params", () => RunRules.LogBatch(Begun(), Id, Batch(@params: Pairs(101))), "100");
        AssertRefused("tags", () => RunRules.LogBatch(Begun(), Id, Batch(tags: Pairs(101))), "100");
        AssertRefused("metrics", () => RunRules.LogBatch(Begun(), Id, Points(Many(950)) with { Params = Pairs(51) }), "1000");
    }

    [Fact]
    public void Offender_IsNamedByItsPlace()
    {
        AssertRefused("metrics[3].key", () => RunRules.LogBatch(Begun(), Id, Points(("a", 1, 1, 1), ("a", 2, 2, 2), ("b", 1, 1, 1), ("c,", 1, 1, 1))));
        AssertRefused("metrics[1].timestamp", () => RunRules.LogBatch(Begun(), Id, Points(("a", 1, 0, -5), ("a", 2, -1, 2))));
        AssertRefused("params[1].key", () => RunRules.LogBatch(Begun(), Id, Batch(@params: [new("p", "1"), new("p", "2")])), "'p'");
        AssertRefused("metrics[0].key", () => RunRules.LogBatch(Begun(), Id, new RunBatch(new MetricColumns(["a"], [1], [0], [0], [0]), [], [])));
        AssertRefused("metrics", () => RunRules.LogBatch(Begun(), Id, new RunBatch(new MetricColumns(["a"], [0], [0], [0], []), [], [])));
    }

    [Fact]
    public void Params_KeepTheirFirstValue()
    {
        var state = Begun();
        state.Apply(RunRules.LogBatch(state, Id, Batch(@params: [new("lr", "0.1")]))!);

        AssertTaken(() => RunRules.LogBatch(state, Id, Batch(@params: [new("lr", "0.1")])));
        AssertRefused("params[0].value", () => RunRules.LogBatch(state, Id, Batch(@params: [new("lr", "0.2")])), "Changing param values is not allowed");
    }

    [Fact]
    public void LongValues_AreCutWithoutAWord()
    {
        var state = Begun();
        state.Apply(RunRules.LogBatch(state, Id, Batch([new("p", new string('x', 6001))], [new("t", new string('y', 7999) + "😀😀")]))!);

        Assert.Equal(6000, state.Params["p"].Length);
        Assert.Equal(new string('y', 7999) + "😀", state.Tags["t"]);
        AssertTaken(() => RunRules.LogBatch(state, Id, Batch(@params: [new("p", new string('x', 9000))])));
    }

    [Fact]
    public void RunName_MirrorsItsTag_OnCreateUpdateAndSetTag()
    {
        var state = new RunState();
        state.Apply(RunRules.Create(Id, new NewRun("7", "first"), Experiment, DateTimeOffset.UnixEpoch));
        Assert.Equal("first", state.Tags["mlflow.runName"]);

        state.Apply(RunRules.Update(state, Id, new RunUpdate(RunName: "second"))!);
        Assert.Equal(("second", "second"), (state.RunName, state.Tags["mlflow.runName"]));

        state.Apply(RunRules.LogBatch(state, Id, Batch(tags: [new("mlflow.runName", "third")]))!);
        Assert.Equal("third", state.RunName);

        Assert.Equal("x", RunRules.Create(Id, new NewRun("7", Tags: [new("mlflow.runName", "x")]), Experiment, DateTimeOffset.UnixEpoch).RunName);
        Assert.Matches("^[a-z]+-[a-z]+-[0-9]{1,3}$", RunRules.Create(Id, new NewRun("7"), Experiment, DateTimeOffset.UnixEpoch).RunName);
        AssertRefused("runName", () => RunRules.Create(Id, new NewRun("7", "a", Tags: [new("mlflow.runName", "b")]), Experiment, DateTimeOffset.UnixEpoch));
        AssertRefused("runName", () => RunRules.Create(Id, new NewRun("7", new string('n', 251)), Experiment, DateTimeOffset.UnixEpoch), "250");
        AssertRefused("runName", () => RunRules.Update(Begun(), Id, new RunUpdate(RunName: new string('n', 251))), "250");
        AssertRefused("runId", () => RunRules.Create("-bad", new NewRun("7"), Experiment, DateTimeOffset.UnixEpoch));
    }

    [Fact]
    public void DeletedRun_RefusesEveryWrite_FinishedRunTakesThem()
    {
        var state = Begun();
        state.Apply(RunRules.Update(state, Id, new RunUpdate(RunStatus.Finished, 5))!);
        AssertTaken(() => RunRules.LogBatch(state, Id, Points(("a", 1, 1, 1))));

        state.Apply(new LifecycleChanged(LifecycleStage.Deleted));
        AssertRefused("runId", () => RunRules.LogBatch(state, Id, Points(("a", 1, 1, 1))), "'active' state");
        AssertRefused("runId", () => RunRules.Update(state, Id, new RunUpdate(RunStatus.Running)), "'active' state");
        AssertRefused("runId", () => RunRules.DeleteTag(state, Id, "mlflow.runName"), "'active' state");
        AssertRefused("runId", () => RunRules.LogInputs(state, Id, []), "'active' state");
    }

    [Fact]
    public void Producer_SendsABatchOnce()
    {
        var state = Begun();
        var batch = Points(("a", 1, 1, 1)) with { Producer = new("trainer", 3) };
        state.Apply(RunRules.LogBatch(state, Id, batch)!);

        Assert.Null(RunRules.LogBatch(state, Id, batch));
        Assert.NotNull(RunRules.LogBatch(state, Id, batch with { Producer = new("trainer", 2) }));
        Assert.NotNull(RunRules.LogBatch(state, Id, batch with { Producer = new("trainer", 4) }));
        AssertRefused("producer.sequence", () => RunRules.LogBatch(state, Id, batch with { Producer = new("trainer", 0) }));
        AssertRefused("producer.producerId", () => RunRules.LogBatch(state, Id, batch with { Producer = new(new string('p', 65), 1) }), "64");
    }

    /// <summary>Batches in any order, some twice, some never: each that arrives is applied once, or its producer hears that it cannot be known.</summary>
    [Fact]
    public void ReorderedAndRepeatedBatches_AreAppliedOnce() =>
        Gen.Select(Gen.Int[1, 12].Array[0, 40], Gen.Int[1, 400].Array[0, 300]).Sample((near, far) =>
        {
            var (state, applied) = (Begun(), new HashSet<long>());
            foreach (var number in near.Concat(far).Concat(near))
            {
                var batch = new RunBatch(MetricColumns.Empty, [], [new Tag("n" + number, "")], new ProducerPosition("p", number));
                try
                {
                    if (RunRules.LogBatch(state, Id, batch) is { } logged)
                    {
                        Assert.True(applied.Add(number), $"batch {number} was applied twice");
                        state.Apply(logged);
                    }
                    else
                    {
                        Assert.Contains(number, applied);
                    }
                }
                catch (MlopsException e) when (e.Kind == ErrorKind.Conflict)
                {
                    Assert.True(number <= state.Producers["p"].Applied.Forgotten);
                }

                Assert.InRange(state.Producers["p"].Applied.Ranges.Count, 1, AppliedSequences.RangesMax);
            }
        });

    [Fact]
    public void Producers_AreRememberedUpToALimit_TheSilentOnesGo()
    {
        var state = Begun();
        for (var i = 0; i <= RunState.ProducersMax; i++)
        {
            state.Apply(new BatchLogged(MetricColumns.Empty, [], [], new ProducerPosition($"p{i}", 1)));
            state.Apply(new BatchLogged(MetricColumns.Empty, [], [], new ProducerPosition("steady", i + 1)));
        }

        Assert.Equal(RunState.ProducersMax, state.Producers.Count);
        Assert.Contains("steady", state.Producers.Keys);
        Assert.DoesNotContain("p0", state.Producers.Keys);
    }

    [Fact]
    public void Inputs_AreStoredOnceByNameAndDigest()
    {
        var state = Begun();
        var input = new DatasetInput("iris", "abc", "local", "iris.csv", null, null, [new("mlflow.data.context", "train")]);
        state.Apply(RunRules.LogInputs(state, Id, [input, input])!);

        Assert.Single(state.Inputs);
        Assert.Null(RunRules.LogInputs(state, Id, [input]));
        AssertRefused("datasets[0].dataset.name", () => RunRules.LogInputs(state, Id, [input with { Name = "" }]));
        AssertRefused("datasets[0].dataset.digest", () => RunRules.LogInputs(state, Id, [input with { Digest = new string('d', 37) }]), "36");
    }

    [Fact]
    public void Models_AreStoredOnce_AndAnOutputKeepsItsLastStep()
    {
        var state = Begun();
        state.Apply(RunRules.LogModels(state, "r", ["m-1", "m-1"], [new("m-2", 1), new("m-2", 2)])!);

        Assert.Null(RunRules.LogModels(state, "r", ["m-1"], [new("m-2", 2)]));
        state.Apply(RunRules.LogModels(state, "r", [], [new("m-2", 3), new("m-3", 0)])!);
        Assert.Equal(["m-1"], state.ModelInputs);
        Assert.Equal([new("m-2", 3), new("m-3", 0)], state.ModelOutputs);
        Assert.Equal("models[1].model_id", Assert.Throws<MlopsException>(() => RunRules.LogModels(state, "r", ["m-9", "../x"], [])).Field);
    }

    [Fact]
    public void ModelDescriptions_GatherInTheirTag_AndARetryAddsNothing()
    {
        const string Model = """{"artifact_path":"m","flavors":{},"utc_time_created":"now","run_id":"r"}""";
        var state = Begun();
        state.Apply(RunRules.LogModelDescription(state, "r", Model)!);
        Assert.Null(RunRules.LogModelDescription(state, "r", Model));
        state.Apply(RunRules.LogModelDescription(state, "r", Model.Replace("now", "later", StringComparison.Ordinal))!);

        Assert.Equal($"[{Model},{Model.Replace("now", "later", StringComparison.Ordinal)}]", state.Tags[ModelHistory.Tag]);
        foreach (var bad in (string[])["", "[]", "{", """{"artifact_path":"m"}""", """{"a":1,"a":2}""", """{"artifact_path":"m","flavors":{"x":1,"x":2},"utc_time_created":"now","run_id":"r"}"""])
        {
            Assert.Equal("model_json", Assert.Throws<MlopsException>(() => RunRules.LogModelDescription(state, "r", bad)).Field);
        }
    }

    [Fact]
    public void UnknownStatusAndTimeThatStandsForNone_AreRefused()
    {
        AssertRefused("status", () => RunRules.Update(Begun(), Id, new RunUpdate((RunStatus)9)));
        AssertRefused("endTime", () => RunRules.Update(Begun(), Id, new RunUpdate(EndTime: long.MinValue)));
        Assert.Null(RunRules.Update(Begun(), Id, new RunUpdate()));
        Assert.Equal(ErrorKind.NotFound, Assert.Throws<MlopsException>(() => RunRules.DeleteTag(Begun(), Id, "absent")).Kind);
    }

    [Fact]
    public void TextsOfARun_AreBoundedTogether()
    {
        var state = Begun();
        RunBatch Batch(int n) => new(MetricColumns.Empty, [], [.. Enumerable.Range(0, 100).Select(i => new Tag($"t{n}-{i}", new string('x', 8000)))]);
        for (var n = 0; n < 4; n++)
        {
            state.Apply(RunRules.LogBatch(state, "r", Batch(n))!);
        }

        Assert.Contains("at most 4000000", Assert.Throws<MlopsException>(() => RunRules.LogBatch(state, "r", Batch(4))).Message, StringComparison.Ordinal);
        Assert.NotNull(RunRules.LogBatch(state, "r", new RunBatch(MetricColumns.Empty, [new Tag("p", "v")], [])));
        Assert.Contains(
            "at most 4000000",
            Assert.Throws<MlopsException>(() => RunRules.Create("r", new NewRun("7", Tags: [.. Enumerable.Range(0, 501).Select(i => new Tag($"t{i}", new string('x', 8000)))]), Experiment, DateTimeOffset.UnixEpoch)).Message,
            StringComparison.Ordinal);
    }

    private static RunState Begun()
    {
        var state = new RunState();
        state.Apply(RunRules.Create(Id, new NewRun("7", "run"), Experiment, DateTimeOffset.UnixEpoch));
        return state;
    }

    private static RunBatch Batch(IReadOnlyList<Tag>? @params = null, IReadOnlyList<Tag>? tags = null) => new(MetricColumns.Empty, @params ?? [], tags ?? []);

    private static (string, double, long, long)[] Many(int count) => [.. Enumerable.Range(0, count).Select(i => ("m", (double)i, (long)i, (long)i))];

    private static Tag[] Pairs(int count) => [.. Enumerable.Range(0, count).Select(i => new Tag($"k{i}", "v"))];

    private static void AssertTaken(Func<object?> decide) => decide();

    private static void AssertRefused(string field, Func<object?> decide, string says = "")
    {
        var refused = Assert.Throws<MlopsException>(decide);
        Assert.Equal((ErrorKind.InvalidInput, field), (refused.Kind, refused.Field));
        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
    }

    private static void AssertOutcome(bool taken, string field, Func<object?> decide)
    {
        if (taken)
        {
            AssertTaken(decide);
        }
        else
        {
            AssertRefused(field, decide);
        }
    }
}
