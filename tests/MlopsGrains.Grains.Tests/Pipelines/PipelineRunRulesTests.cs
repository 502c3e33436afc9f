using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Tests.Pipelines;

public sealed class PipelineRunRulesTests
{
    private const string Diamond = """
        name: x
        params: { seed: 42 }
        steps:
          - { name: a, uses: any }
          - { name: b, uses: any, needs: a, retry: { attempts: 2 }, timeout: 1m }
          - { name: c, uses: any, needs: a }
          - { name: d, uses: any, needs: [b, c] }
        """;

    [Fact]
    public void Run_EveryStepSucceeds_EndsSucceeded()
    {
        var run = new RunHarness(Diamond);

        run.Succeed(run.MustLease("a"), ("k", "v"));
        run.Succeed(run.MustLease("c"));
        run.Succeed(run.MustLease("b"));
        Assert.Equal(PipelineRunStatus.Running, run.State.Status);
        run.Succeed(run.MustLease("d"));

        Assert.Equal((PipelineRunStatus.Succeeded, "v"), (run.State.Status, run.State.Find("a")!.Outputs["k"]));
        Assert.NotNull(run.State.EndedAt);
    }

    [Fact]
    public void Lease_StepNotReady_GivesNothing()
    {
        var run = new RunHarness(Diamond);

        Assert.Null(run.Lease("b"));
        Assert.Null(run.Lease("nope"));
        run.MustLease("a");
        Assert.Null(run.Lease("a"));
    }

    [Fact]
    public void Complete_SameResultTwice_IsAnsweredAlikeAndAnotherIsRefused()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");
        run.Succeed(token, ("k", "v"));
        var entries = run.Journal.Count;

        run.Succeed(token, ("k", "v"));

        Assert.Equal(entries, run.Journal.Count);
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => run.Succeed(token, ("k", "other"))).Kind);
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => run.Fail(token)).Kind);
        Assert.Equal("v", run.State.Find("a")!.Outputs["k"]);
    }

    [Fact]
    public void Complete_RepeatedAfterTheRetryBegan_IsStillAnsweredAlike()
    {
        var run = new RunHarness(Diamond);
        run.Succeed(run.MustLease("a"));
        var first = run.MustLease("b");
        run.Fail(first);
        run.Tick();
        run.MustLease("b");

        run.Fail(first);

        Assert.Equal((StepStatus.Running, 2), (run["b"], run.State.Find("b")!.Attempt));
    }

    [Fact]
    public void Complete_WrongSecretOrUnknownAttempt_IsRefused()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");

        Assert.Throws<MlopsException>(() => run.Succeed(token with { Secret = "guess" }));
        Assert.Throws<MlopsException>(() => run.Succeed(token with { Attempt = 0 }));
        Assert.Throws<MlopsException>(() => run.Succeed(token with { Attempt = 9 }));
        Assert.Throws<MlopsException>(() => run.Succeed(token with { Step = "z" }));
        Assert.Equal(StepStatus.Running, run["a"]);
    }

    [Fact]
    public void SilentWorker_IsLostAfterTheLeaseAndItsOutputsAreNeverSeen()
    {
        var run = new RunHarness(Diamond);
        var zombie = run.MustLease("a");
        run.TickFor(TimeSpan.FromSeconds(29));
        Assert.Equal(StepStatus.Running, run["a"]);
        run.TickFor(TimeSpan.FromSeconds(2));
        Assert.Equal(StepStatus.RetryWait, run["a"]);

        var next = run.MustLease("a");
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => run.Heartbeat(zombie)).Kind);
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => run.Succeed(zombie, ("from", "zombie"))).Kind);
        run.Succeed(next, ("from", "next"));

        Assert.Equal("next", run.State.Find("a")!.Outputs["from"]);
    }

    [Fact]
    public void Heartbeats_KeepTheLease()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");
        for (var i = 0; i < 20; i++)
        {
            run.TickFor(TimeSpan.FromSeconds(10));
            Assert.False(run.Heartbeat(token));
        }

        run.Succeed(token);

        Assert.Equal((StepStatus.Succeeded, 1), (run["a"], run.State.Find("a")!.Attempt));
    }

    [Fact]
    public void Lost_IsTriedAgainWithoutUsingUpAttempts_ButNotForEver()
    {
        var run = new RunHarness(Diamond);
        for (var i = 0; i <= PipelineRunRules.LossesMax; i++)
        {
            run.Fail(run.MustLease("a"), StepOutcome.Lost);
            run.TickFor(TimeSpan.FromSeconds(30));
        }

        Assert.Equal((StepStatus.Failed, PipelineRunStatus.Failed), (run["a"], run.State.Status));
    }

    /// <summary>Steps of the clock in either direction: what is put off comes, and what runs has its whole time.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void ClockThatIsSetByADay_NeitherHoldsAStepNorEndsIt(int days)
    {
        var state = new RunHarness(Diamond);
        var running = state.MustLease("a");
        var (then, leases) = (state.Time.GetUtcNow().AddDays(days), new LeaseBook(state.Time, TimeSpan.FromSeconds(30)));
        leases.Renew("a", running.Attempt);

        Assert.Empty(PipelineRunRules.Expire(state.State, leases, then));
        state.Succeed(running);
        state.Fail(state.MustLease("b"));
        Assert.Equal(StepStatus.RetryWait, state["b"]);
        Assert.True(state.State.Find("b")!.MayBeLeased(then));
    }

    [Fact]
    public void Failed_IsRetriedAfterAPauseThenFailsAndSkipsWhatFollows()
    {
        var run = new RunHarness(Diamond);
        run.Succeed(run.MustLease("a"));
        run.Fail(run.MustLease("b"));
        Assert.Equal(StepStatus.RetryWait, run["b"]);
        Assert.Null(run.Lease("b"));
        run.Tick();
        run.Fail(run.MustLease("b"));

        Assert.Equal((StepStatus.Failed, StepStatus.Skipped), (run["b"], run["d"]));
        Assert.Equal(PipelineRunStatus.Running, run.State.Status);
        run.Succeed(run.MustLease("c"));
        Assert.Equal((PipelineRunStatus.Failed, "b: went wrong"), (run.State.Status, run.State.Reason));
        Assert.Empty(run.State.Find("b")!.Outputs);
    }

    [Fact]
    public void Timeout_EndsTheAttemptThoughItsWorkerReports()
    {
        var run = new RunHarness(Diamond);
        run.Succeed(run.MustLease("a"));
        var slow = run.MustLease("b");
        for (var i = 0; i < 59; i++)
        {
            run.Tick();
            run.Heartbeat(slow);
        }

        run.Tick();

        Assert.Equal(StepStatus.RetryWait, run["b"]);
        Assert.Throws<MlopsException>(() => run.Succeed(slow));
    }

    [Fact]
    public void Rejected_StopsTheRun()
    {
        var run = new RunHarness(Diamond);
        run.Succeed(run.MustLease("a"));
        var other = run.MustLease("c");
        run.Fail(run.MustLease("b"), StepOutcome.Rejected);

        Assert.Equal(PipelineRunStatus.Rejected, run.State.Status);
        Assert.Equal((StepStatus.Rejected, StepStatus.Cancelled, StepStatus.Skipped), (run["b"], run["c"], run["d"]));
        Assert.True(run.Heartbeat(other));
        Assert.Throws<MlopsException>(() => run.Succeed(other));
    }

    [Fact]
    public void Cancel_ReachesTheWorkerAndRefusesItsResult()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");
        run.Cancel();
        var entries = run.Journal.Count;
        run.Cancel();

        Assert.Equal(entries, run.Journal.Count);
        Assert.True(run.Heartbeat(token));
        Assert.Equal(ErrorKind.Conflict, Assert.Throws<MlopsException>(() => run.Succeed(token)).Kind);
        Assert.Equal((PipelineRunStatus.Cancelled, "enough"), (run.State.Status, run.State.Reason));
        Assert.All(run.State.Steps, s => Assert.Equal(StepStatus.Cancelled, s.Status));
    }

    [Fact]
    public void Crash_GivesEveryHolderAFullLease()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");
        run.TickFor(TimeSpan.FromSeconds(25));
        run.Crash();
        run.TickFor(TimeSpan.FromSeconds(25));

        run.Succeed(token);

        Assert.Equal(StepStatus.Succeeded, run["a"]);
    }

    [Fact]
    public void LongPause_ExpiresNothing()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");
        run.Time.Advance(TimeSpan.FromMinutes(5));
        run.Tick();

        Assert.False(run.Heartbeat(token));
        Assert.Equal(StepStatus.Running, run["a"]);
    }

    [Fact]
    public void Log_IsBoundedInLinesAndLineLength()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");
        run.Heartbeat(token, new string('x', 5_000));
        for (var i = 0; i < 30; i++)
        {
            run.Heartbeat(token, [.. Enumerable.Repeat("line", 1_000)]);
        }

        Assert.Equal(PipelineLimits.LogLinesMax, run.State.Log.Count);
        Assert.Equal(PipelineRunState.LogLineLengthMax, run.State.Log[0].Text.Length);
        Assert.StartsWith("The log is full", run.State.Log[^1].Text, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(1, 10_000).Select(n => (long)n), run.State.Log.Select(l => l.Line));
    }

    [Fact]
    public void Outputs_TooMuch_IsRefusedAndTheStepStaysHeld()
    {
        var run = new RunHarness(Diamond);
        var token = run.MustLease("a");

        var e = Assert.Throws<MlopsException>(() => run.Succeed(token, ("big", new string('x', PipelineRunRules.OutputLengthMax))));

        Assert.Equal(("outputs", StepStatus.Running), (e.Field, run["a"]));
    }

    [Fact]
    public void Inputs_ReferencesKeepTypesAndAreResolvedOnce()
    {
        var run = new RunHarness(
            """
            name: x
            params: { seed: 42, text: plain, flag: true }
            steps:
              - { name: a, uses: any, matrix: { t: [u, 5] } }
              - { name: b, uses: any }
              - name: c
                uses: any
                with:
                  seed: ${params.seed}
                  text: ${params.text}
                  mixed: "s=${params.seed} f=${params.flag} $${x}"
                  id: ${run.id}
                  all: ${steps.a.outputs}
                  keys: ${steps.a.outputs.k}
                  one: ${steps.b.outputs.k}
                  whole: ${steps.b.outputs}
                  list: [1, null, "2", 0.5]
            """,
            new StartPipeline(new Dictionary<string, string> { ["text"] = "${run.id}" }));
        run.Succeed(run.MustLease("a@u"), ("k", "1"));
        run.Succeed(run.MustLease("a@5"), ("k", "2"));
        run.Succeed(run.MustLease("b"), ("k", "${params.seed}"));

        Assert.Equal(
            """{"seed":42,"text":"${run.id}","mixed":"s=42 f=true ${x}","id":"run-1","all":[{"k":"1"},{"k":"2"}],"keys":["1","2"],"one":"${params.seed}","whole":{"k":"${params.seed}"},"list":[1,null,"2",0.5]}""",
            PipelineRunRules.Inputs(run.State, run.State.Find("c")!));
    }
}
