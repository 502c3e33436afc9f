using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Tests.Journals;

public abstract partial class JournalContract
{
    [Fact]
    public async Task Intents_ComeWithTheChange_AndGoWithWhatDeliversThem()
    {
        Assert.True(await Journal.AppendAsync("s", 0, Bytes("a"), Telling("s1", "s2"), Token));
        Assert.True(await Journal.AppendAsync("t", 0, Bytes("b"), Telling("t1"), Token));
        await Journal.DeleteStreamAsync("t", Bytes("t2"), Token);

        await using var reopened = await OpenAsync(null);
        var waiting = await reopened.Journal.ReadIntentsAsync(10, Token);
        Assert.Equal(["s1", "s2", "t1", "t2"], Texts(waiting));
        Assert.Equal(4, await Journal.CountIntentsAsync(Token));
        Assert.Equal(["s1", "s2"], Texts(await Journal.ReadIntentsAsync(2, Token)));

        Assert.True(await Journal.AppendAsync("chain", 0, Bytes("s1", "t1"), new AppendOptions(Delivered: [waiting[0].Id, waiting[2].Id]), Token));
        Assert.Equal(["s2", "t2"], Texts(await reopened.Journal.ReadIntentsAsync(10, Token)));
        Assert.Equal(2, await Journal.CountIntentsAsync(Token));
    }

    [Fact]
    public async Task Intents_OfWhatIsNotStored_AreNot_AndNoneGo()
    {
        Assert.True(await Journal.AppendAsync("s", 0, Bytes("a"), Telling("first"), Token));
        var waiting = await Journal.ReadIntentsAsync(10, Token);

        Assert.False(await Journal.AppendAsync("s", 0, Bytes("x"), Telling("fenced") with { Delivered = [waiting[0].Id] }, Token));
        Assert.False(await Journal.AppendAsync("s", 7, Bytes("x"), Telling("gap"), Token));
        await Journal.DeleteStreamAsync("nobody", Bytes("unknown"), Token);

        Assert.Equal(["first"], Texts(await Journal.ReadIntentsAsync(10, Token)));
    }

    [Fact]
    public async Task Intents_OfOneGroupCommit_KeepTheOrderOfTheirStreams()
    {
        Task<bool>[] appends;
        await using (await BlockCommitsAsync())
        {
            var first = AppendAsync("first", 0, "x");
            await CommitStartedAsync();
            appends =
            [
                first,
                .. Enumerable.Range(0, 40).Select(i => Journal.AppendAsync($"s{i % 4}", i / 4, Bytes("x"), i % 3 == 0 ? AppendOptions.Default : Telling($"s{i % 4}/{i:00}"), Token)),
            ];
        }

        Assert.All(await Task.WhenAll(appends), Assert.True);
        var told = Texts(await Journal.ReadIntentsAsync(100, Token));
        foreach (var stream in told.GroupBy(text => text[..2]))
        {
            Assert.Equal(stream.Order(StringComparer.Ordinal), stream);
        }

        Assert.Equal(Enumerable.Range(0, 40).Count(i => i % 3 != 0), told.Count);
    }

    [Fact]
    public async Task Intents_HaveLimits()
    {
        await Assert.ThrowsAsync<ArgumentException>("intents", () => Journal.AppendAsync("s", 0, Bytes("a"), Telling(""), Token));
        await Assert.ThrowsAsync<ArgumentException>("intents", () => Journal.AppendAsync("s", 0, Bytes("a"), new(Intents: [new byte[JournalLimits.IntentBytesMax + 1]]), Token));
        await Assert.ThrowsAsync<ArgumentException>("intents", () => Journal.DeleteStreamAsync("s", Bytes([.. Enumerable.Repeat("x", JournalLimits.IntentsMax + 1)]), Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>("limit", () => Journal.ReadIntentsAsync(0, Token));
        Assert.Equal(0, await Journal.CountIntentsAsync(Token));
    }

    private static AppendOptions Telling(params string[] intents) => new(Intents: Bytes(intents));

    private static List<string> Texts(IEnumerable<Intent> intents) => [.. intents.Select(intent => System.Text.Encoding.UTF8.GetString(intent.Payload.Span))];
}
