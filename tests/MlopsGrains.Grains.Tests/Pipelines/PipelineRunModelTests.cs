using System.Globalization;
using System.Text;
using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>Random commands and faults on random pipelines; the promises are checked after every one of them.</summary>
public sealed class PipelineRunModelTests
{
    [Fact]
    public void AnySequenceOfCommandsAndFaults_KeepsThePromises()
    {
        var endings = new Dictionary<PipelineRunStatus, int>();
        Gen.UInt.Sample(
            seed =>
            {
                var run = Play(new Random((int)(seed & int.MaxValue)));
                lock (endings)
                {
                    endings[run.State.Status] = endings.GetValueOrDefault(run.State.Status) + 1;
                }
            },
            iter: 1_500);

        // The game reaches every ending, so the checks saw all of them.
        Assert.Equal(4, endings.Count);
    }

    private static RunHarness Play(Random random)
    {
        var run = new RunHarness(RandomYaml(random));
        var tokens = new List<StepToken>();
        var results = new List<(StepToken Token, StepResult Result)>();
        var watch = new Watch(run);
        for (var i = 0; i < 60; i++)
        {
            Act(random, run, tokens, results);
            watch.Check();
        }

        Finish(random, run, watch);
        return run;
    }

    private static void Act(Random random, RunHarness run, List<StepToken> tokens, List<(StepToken Token, StepResult Result)> results)
    {
        try
        {
            switch (random.Next(100))
            {
                case < 30:
                    if (run.Lease(run.State.Steps[random.Next(run.State.Steps.Count)].Name) is { } token)
                    {
                        tokens.Add(token);
                    }

                    break;
                case < 50 when tokens.Count > 0:
                    var held = tokens[random.Next(tokens.Count)];
                    var outcome = random.Next(20) switch { < 12 => StepOutcome.Succeeded, < 17 => StepOutcome.Failed, < 19 => StepOutcome.Lost, _ => StepOutcome.Rejected };
                    var result = new StepResult(outcome, new Dictionary<string, string> { ["by"] = $"{held.Step}/{held.Attempt}/{random.Next()}" }, "e", ["done"]);
                    results.Add((held, result));
                    run.Complete(held, result);
                    break;
                case < 60 when results.Count > 0:
                    var (again, same) = results[random.Next(results.Count)];
                    run.Complete(again, same);
                    break;
                case < 75 when tokens.Count > 0:
                    run.Heartbeat(tokens[random.Next(tokens.Count)], "alive");
                    break;
                case < 90:
                    run.TickFor(TimeSpan.FromSeconds(random.Next(1, 45)));
                    break;
                case < 97:
                    run.Crash(throughSnapshot: random.Next(2) == 0);
                    break;
                case 97 when random.Next(4) == 0:
                    run.Cancel();
                    break;
                default:
                    run.Complete(new StepToken("s0", random.Next(5), "guessed"), new StepResult(StepOutcome.Succeeded, new Dictionary<string, string>(), null, []));
                    Assert.Fail("a guessed secret was taken");
                    break;
            }
        }
        catch (MlopsException e)
        {
            Assert.Equal(ErrorKind.Conflict, e.Kind);
        }
    }

    /// <summary>Workers that act: every run has to end.</summary>
    private static void Finish(Random random, RunHarness run, Watch watch)
    {
        for (var round = 0; !run.State.Ended(); round++)
        {
            Assert.True(round < 2_000, "the run is stuck");
            run.TickFor(TimeSpan.FromSeconds(random.Next(1, 31)));
            foreach (var step in run.State.Steps.Select(s => s.Name).ToList())
            {
                if (run.Lease(step) is { } token)
                {
                    run.Complete(token, new StepResult(random.Next(4) == 0 ? StepOutcome.Failed : StepOutcome.Succeeded, new Dictionary<string, string>(), "e", []));
                    watch.Check();
                }
            }

            watch.Check();
        }

        Assert.All(run.State.Steps, s => Assert.True(s.IsTerminal()));
        var before = run.Snapshot();
        run.Cancel();
        run.TickFor(TimeSpan.FromHours(1));
        Assert.Equal(before, run.Snapshot());
        run.Crash();
        Assert.Equal(before, run.Snapshot());
    }

    private static string RandomYaml(Random random)
    {
        var yaml = new StringBuilder("name: x\nsteps:\n");
        var n = random.Next(1, 8);
        for (var i = 0; i < n; i++)
        {
            var needs = Enumerable.Range(0, i).Where(_ => random.Next(3) == 0).Select(j => $"s{j}");
            var matrix = random.Next(4) == 0 ? ", matrix: {m: [a, b]}" : "";
            yaml.Append(CultureInfo.InvariantCulture, $"- {{name: s{i}, uses: any, needs: [{string.Join(", ", needs)}], retry: {{attempts: {random.Next(1, 4)}}}, timeout: {random.Next(20, 200)}s{matrix}}}\n");
        }

        return yaml.ToString();
    }

    /// <summary>The promises, from what was seen before and what is seen now.</summary>
    private sealed class Watch(RunHarness run)
    {
        private readonly Dictionary<string, (StepStatus Status, string Outputs)> ended = [];
        private (PipelineRunStatus Status, DateTimeOffset? At)? end;

        public void Check()
        {
            Assert.Equal(run.Accepted.Count, run.Accepted.Select(a => a.Step).Distinct().Count());
            foreach (var step in run.State.Steps)
            {
                var now = (step.Status, string.Join(',', step.Outputs.Values));
                if (ended.TryGetValue(step.Name, out var then))
                {
                    Assert.Equal(then, now);
                }

                if (step.IsTerminal())
                {
                    ended[step.Name] = now;
                }

                Assert.True(step.Status == StepStatus.Succeeded || step.Outputs.Count == 0, "outputs of a step that did not succeed are visible");
                Assert.True(step.Attempts.Count(a => a.Outcome is null) <= 1, "two attempts hold a step");
                Assert.True(step.Status != StepStatus.Running || step.Attempts[^1].Outcome is null);
                Assert.True(
                    step.Status is StepStatus.Waiting or StepStatus.Skipped or StepStatus.Cancelled || step.Plan.Needs.All(n => run[n] == StepStatus.Succeeded),
                    "a step began before its needs had succeeded");
            }

            if (end is not null)
            {
                Assert.Equal(end, (run.State.Status, run.State.EndedAt));
            }

            Assert.Equal(run.State.Ended(), run.State.Steps.All(s => s.IsTerminal()));
            end = run.State.Ended() ? (run.State.Status, run.State.EndedAt) : null;
        }
    }
}
