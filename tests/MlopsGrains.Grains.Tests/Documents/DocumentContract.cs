using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Grains.Documents;
using Orleans.Storage;
using Orleans.TestingHost;

namespace MlopsGrains.Grains.Tests.Documents;

/// <summary>What grain documents must do on every engine.</summary>
public abstract class DocumentContract(InProcessTestCluster cluster)
{
    private IGrainStorage Storage { get; } = cluster.GetSiloServiceProvider().GetRequiredKeyedService<IGrainStorage>(MlopsStorage.Documents);

    [Fact]
    public async Task Read_NeverWritten_IsNewWithoutVersion()
    {
        var state = await Read(NewKey());

        Assert.False(state.RecordExists);
        Assert.Null(state.ETag);
        Assert.Null(state.State!.Text);
    }

    [Fact]
    public async Task Write_ThenRead_GivesStateAndVersion()
    {
        var key = NewKey();
        var written = await Write(key, "héllo \"wörld\" \0 🦭");

        var read = await Read(key);

        Assert.True(read.RecordExists);
        Assert.Equal(written.ETag, read.ETag);
        Assert.Equal("héllo \"wörld\" \0 🦭", read.State!.Text);
    }

    [Fact]
    public async Task Write_Again_MovesTheVersion()
    {
        var key = NewKey();
        var state = await Write(key, "one");
        var first = state.ETag;
        state.State = new Sample { Text = "two" };
        await Storage.WriteStateAsync("sample", Id(key), state);

        Assert.NotEqual(first, state.ETag);
        Assert.Equal("two", (await Read(key)).State!.Text);
    }

    [Fact]
    public async Task Write_WithStaleVersion_IsRefusedAndChangesNothing()
    {
        var key = NewKey();
        await Write(key, "one");
        var stale = await Read(key);
        var fresh = await Read(key);
        fresh.State = new Sample { Text = "two" };
        await Storage.WriteStateAsync("sample", Id(key), fresh);

        stale.State = new Sample { Text = "lost" };
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("sample", Id(key), stale));

        Assert.Equal("two", (await Read(key)).State!.Text);
    }

    [Fact]
    public async Task Write_TwoRacingActivationsOfANewGrain_OneWins()
    {
        for (var round = 0; round < 20; round++)
        {
            var key = NewKey();
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => TryWrite(key, new GrainState<Sample>(new Sample { Text = $"{i}" }))));

            var winner = Assert.Single(outcomes, o => o is not null);
            Assert.Equal(winner, (await Read(key)).State!.Text);
        }
    }

    [Fact]
    public async Task Write_TwoRacingActivationsOfAKnownGrain_OneWins()
    {
        var key = NewKey();
        await Write(key, "start");
        var states = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Read(key)));
        for (var i = 0; i < states.Length; i++)
        {
            states[i].State = new Sample { Text = $"{i}" };
        }

        var outcomes = await Task.WhenAll(states.Select(s => TryWrite(key, s)));

        var winner = Assert.Single(outcomes, o => o is not null);
        Assert.Equal(winner, (await Read(key)).State!.Text);
    }

    [Fact]
    public async Task Clear_ForgetsTheStateAndKeepsTheFence()
    {
        var key = NewKey();
        var state = await Write(key, "one");
        var stale = await Read(key);
        await Storage.ClearStateAsync("sample", Id(key), state);

        var read = await Read(key);
        Assert.False(read.RecordExists);
        Assert.Null(read.State!.Text);
        stale.State = new Sample { Text = "ghost" };
        await Assert.ThrowsAsync<InconsistentStateException>(() => Storage.WriteStateAsync("sample", Id(key), stale));
    }

    [Fact]
    public async Task Clear_ThenWrite_BringsTheDocumentBack()
    {
        var key = NewKey();
        var state = await Write(key, "one");
        await Storage.ClearStateAsync("sample", Id(key), state);
        state.State = new Sample { Text = "two" };
        await Storage.WriteStateAsync("sample", Id(key), state);

        Assert.Equal("two", (await Read(key)).State!.Text);
    }

    [Fact]
    public async Task Write_NullState_IsReadBack()
    {
        var key = NewKey();
        await Storage.WriteStateAsync("sample", Id(key), new GrainState<Sample>(null!));

        var read = await Read(key);

        Assert.NotNull(read.ETag);
        Assert.True(read.State is null || read.State.Text is null);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("with/slash and space")]
    [InlineData("ключ-键-🦭")]
    [InlineData("quote'\"--;")]
    public async Task Key_OfAnyText_IsItself(string suffix)
    {
        var key = NewKey() + suffix;
        await Write(key, suffix);

        Assert.Equal(suffix, (await Read(key)).State!.Text);
        Assert.False((await Read(key + "x")).RecordExists);
        Assert.False((await Read(key.ToUpperInvariant() + "Y")).RecordExists);
    }

    [Fact]
    public async Task Key_At400Characters_IsItself()
    {
        var key = NewKey().PadRight(400, 'k');
        await Write(key, "long");

        Assert.Equal("long", (await Read(key)).State!.Text);
        Assert.False((await Read(key[..399] + 'l')).RecordExists);
    }

    [Fact]
    public async Task StateNames_AreApart()
    {
        var key = NewKey();
        await Storage.WriteStateAsync("sample", Id(key), new GrainState<Sample>(new Sample { Text = "one" }));
        await Storage.WriteStateAsync("other", Id(key), new GrainState<Sample>(new Sample { Text = "two" }));

        Assert.Equal("one", (await Read(key)).State!.Text);
    }

    [Fact]
    public async Task Document_OfAMegabyte_IsKept()
    {
        var key = NewKey();
        var text = new string('x', 1_000_000);
        await Write(key, text);

        Assert.Equal(text, (await Read(key)).State!.Text);
    }

    private static GrainId Id(string key) => GrainId.Create("sample", key);

    private static string NewKey() => Guid.NewGuid().ToString("N");

    private async Task<GrainState<Sample>> Read(string key)
    {
        var state = new GrainState<Sample>(new Sample());
        await Storage.ReadStateAsync("sample", Id(key), state);
        return state;
    }

    private async Task<GrainState<Sample>> Write(string key, string text)
    {
        var state = await Read(key);
        state.State = new Sample { Text = text };
        await Storage.WriteStateAsync("sample", Id(key), state);
        return state;
    }

    private async Task<string?> TryWrite(string key, GrainState<Sample> state)
    {
        try
        {
            await Storage.WriteStateAsync("sample", Id(key), state);
            return state.State!.Text;
        }
        catch (InconsistentStateException)
        {
            return null;
        }
    }

    public sealed class Sample
    {
        public string? Text { get; set; }
    }
}
