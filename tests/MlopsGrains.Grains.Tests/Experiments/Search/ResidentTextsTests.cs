using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;

namespace MlopsGrains.Grains.Tests.Experiments.Search;

/// <summary>What big runs take in the memory of the index.</summary>
public sealed class ResidentTextsTests
{
    [Fact]
    public void RunsWithMegabytesOfTexts_TakeKilobytes()
    {
        var table = new RunTable();
        foreach (var run in Enumerable.Range(0, 10))
        {
            table.Put(ResidentTexts.Of(Big(run)));
        }

        Assert.InRange(table.Texts.Bytes, 10 * 100 * 500, 10 * 100 * 700);
        Assert.All(table.Rows, r => Assert.True(ResidentTexts.IsCut(table.Read(r.Block, r.Row).Run)));
    }

    [Fact]
    public void SmallRun_IsKeptAsItIs()
    {
        var run = Big(0);
        run = run with { Run = run.Run with { Tags = [.. run.Run.Tags.Take(3)] } };

        Assert.Same(run, ResidentTexts.Of(run));
    }

    [Fact]
    public void Text_IsCutOnceAndAlike_AndOnlyWhenItIsLong()
    {
        var text = new string('x', 8000);

        Assert.Equal(ResidentTexts.Cut(text), ResidentTexts.Cut(ResidentTexts.Cut(text)));
        Assert.NotEqual(ResidentTexts.Cut(text), ResidentTexts.Cut(text + "y"));
        Assert.True(ResidentTexts.IsCut(ResidentTexts.Cut(text)));
        Assert.Equal("short", ResidentTexts.Cut("short"));
        Assert.False(ResidentTexts.IsCut("short"));
    }

    [Fact]
    public void Bytes_AreThoseOfTheTextsThatAreUsed()
    {
        var pool = new TextPool();
        var code = pool.Take("ten bytes!");
        pool.Take("ten bytes!");
        Assert.Equal(60, pool.Bytes);

        pool.Release(code);
        Assert.Equal(60, pool.Bytes);
        pool.Release(code);
        Assert.Equal(0, pool.Bytes);
    }

    private static CollectedRun Big(int run) => new(
        new Run(
            new RunInfo($"{run:x32}", "1", "big", "ada", RunStatus.Running, 1000, null, "mlflow-artifacts:/1/x/artifacts", LifecycleStage.Active),
            [], [], [.. Enumerable.Range(0, 100).Select(t => new Tag($"t{t:000}", $"{run} {t} {new string('x', 7900)}"))], [], [], []),
        []);
}
