using System.Text;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Tests.Journals;

/// <summary>What every engine's journal promises. One class per engine runs it.</summary>
public abstract partial class JournalContract : IAsyncLifetime
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected IOpenJournal Opened { get; private set; } = null!;

    protected IJournal Journal => Opened.Journal;

    public async ValueTask InitializeAsync() => Opened = await OpenAsync(null);

    public async ValueTask DisposeAsync()
    {
        await Opened.DisposeAsync();
        await CleanUpAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens the test's database, again and again the same one.</summary>
    protected abstract Task<IOpenJournal> OpenAsync(int? queueLengthMax);

    /// <summary>Holds back every commit until disposed.</summary>
    protected abstract Task<IAsyncDisposable> BlockCommitsAsync();

    protected abstract Task CleanUpAsync();

    [Fact]
    public async Task Read_UnknownStream_IsEmpty()
    {
        var slice = await Journal.ReadAsync("nobody", Token);

        Assert.Equal(0, slice.Version);
        Assert.Null(slice.Snapshot);
        Assert.Empty(slice.Entries);
    }

    [Fact]
    public async Task Append_ThenRead_GivesEntriesInOrder()
    {
        Assert.True(await AppendAsync("s", 0, "a", "b"));
        Assert.True(await AppendAsync("s", 2, "c"));
        Assert.True(await AppendAsync("s", 3, ""));

        Assert.Equal(["a", "b", "c", ""], await TextsAsync("s"));
        Assert.Equal(4, (await Journal.ReadAsync("s", Token)).Version);
    }

    [Fact]
    public async Task Append_SecondWriterOfAVersion_LosesAndWritesNothing()
    {
        Assert.True(await AppendAsync("s", 0, "a"));

        Assert.False(await AppendAsync("s", 0, "x"));

        Assert.Equal(["a"], await TextsAsync("s"));
    }

    [Fact]
    public async Task Append_ManyEntriesOneOfThemTaken_WritesNone()
    {
        await AppendAsync("s", 0, "a", "b");

        Assert.False(await AppendAsync("s", 1, "x", "y", "z"));

        Assert.Equal(["a", "b"], await TextsAsync("s"));
    }

    [Fact]
    public async Task Append_BeyondTheHead_IsRefused()
    {
        await AppendAsync("s", 0, "a");

        Assert.False(await AppendAsync("s", 2, "x"));
        Assert.False(await AppendAsync("new", 1, "x"));

        Assert.Equal(["a"], await TextsAsync("s"));
        Assert.Empty(await TextsAsync("new"));
    }

    [Fact]
    public async Task Append_LosersInABatch_DoNotDisturbTheOthers()
    {
        await AppendAsync("taken", 0, "a");
        Task<bool>[] appends;
        await using (await BlockCommitsAsync())
        {
            appends = [.. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? AppendAsync("taken", 0, "x") : AppendAsync($"s{i}", 0, "a"))];
        }

        var outcomes = await Task.WhenAll(appends);

        Assert.Equal(Enumerable.Range(0, 20).Select(i => i % 2 == 1), outcomes);
        Assert.Equal(["a"], await TextsAsync("taken"));
        Assert.Equal(["a"], await TextsAsync("s19"));
    }

    [Fact]
    public async Task Append_OneStreamSeveralTimesInABatch_KeepsTheQueueOrder()
    {
        Task<bool>[] appends;
        await using (await BlockCommitsAsync())
        {
            appends = [AppendAsync("s", 0, "a", "b"), AppendAsync("s", 2, "c"), AppendAsync("s", 2, "x"), AppendAsync("s", 3, "d")];
        }

        var outcomes = await Task.WhenAll(appends);

        Assert.Equal([true, true, false, true], outcomes);
        Assert.Equal(["a", "b", "c", "d"], await TextsAsync("s"));
    }

    [Fact]
    public async Task Append_FromTwoJournalsOnOneDatabase_FencesAcross()
    {
        await using var other = await OpenAsync(null);
        Assert.True(await AppendAsync("s", 0, "a"));

        Assert.False(await other.Journal.AppendAsync("s", 0, Bytes("x"), Token));
        Assert.True(await other.Journal.AppendAsync("s", 1, Bytes("b"), Token));
        Assert.False(await AppendAsync("s", 1, "x"));
        Assert.True(await AppendAsync("s", 2, "c"));

        Assert.Equal(["a", "b", "c"], await TextsAsync("s"));
    }

    [Fact]
    public async Task Snapshot_TruncatesAndKeepsTheTail()
    {
        await AppendAsync("s", 0, "a", "b", "c");

        await Journal.WriteSnapshotAsync("s", 2, Text("ab"), cancellationToken: Token);

        var slice = await Journal.ReadAsync("s", Token);
        Assert.Equal((2, 3), (slice.SnapshotVersion, slice.Version));
        Assert.Equal("ab", Encoding.UTF8.GetString(slice.Snapshot!.Value.Span));
        Assert.Equal(["c"], await TextsAsync("s"));
    }

    [Fact]
    public async Task Append_AfterFullTruncation_MeetsTheSnapshotsVersion()
    {
        await AppendAsync("s", 0, "a", "b");
        await Journal.WriteSnapshotAsync("s", 2, Text("ab"), cancellationToken: Token);
        await using var reopened = await OpenAsync(null);

        foreach (var journal in (IJournal[])[Journal, reopened.Journal])
        {
            Assert.False(await journal.AppendAsync("s", 0, Bytes("x"), Token));
            Assert.False(await journal.AppendAsync("s", 1, Bytes("x"), Token));
            Assert.False(await journal.AppendAsync("s", 3, Bytes("x"), Token));
        }

        Assert.True(await reopened.Journal.AppendAsync("s", 2, Bytes("c"), Token));
        Assert.Equal(3, (await Journal.ReadAsync("s", Token)).Version);
    }

    [Fact]
    public async Task Snapshot_NotNewerThanTheStored_IsIgnored()
    {
        await AppendAsync("s", 0, "a", "b", "c");
        await Journal.WriteSnapshotAsync("s", 2, Text("first"), cancellationToken: Token);

        await Journal.WriteSnapshotAsync("s", 1, Text("older"), cancellationToken: Token);
        await Journal.WriteSnapshotAsync("s", 2, Text("same"), cancellationToken: Token);

        var slice = await Journal.ReadAsync("s", Token);
        Assert.Equal("first", Encoding.UTF8.GetString(slice.Snapshot!.Value.Span));
        Assert.Equal(3, slice.Version);
    }

    [Fact]
    public async Task Snapshots_SeveralOfAStreamInABatch_TheNewestStays()
    {
        await AppendAsync("s", 0, "a", "b", "c");
        Task[] snapshots;
        await using (await BlockCommitsAsync())
        {
            snapshots = [.. new[] { 1, 3, 2 }.Select(version => Journal.WriteSnapshotAsync("s", version, Text($"at {version}"), cancellationToken: Token))];
        }

        await Task.WhenAll(snapshots);

        var slice = await Journal.ReadAsync("s", Token);
        Assert.Equal((3, "at 3"), (slice.SnapshotVersion, Encoding.UTF8.GetString(slice.Snapshot!.Value.Span)));
        Assert.Empty(slice.Entries);
    }

    [Fact]
    public async Task Snapshot_AheadOfTheStream_IsRefused()
    {
        await AppendAsync("s", 0, "a");

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(() => Journal.WriteSnapshotAsync("s", 2, Text("x"), cancellationToken: Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Journal.WriteSnapshotAsync("nobody", 1, Text("x"), cancellationToken: Token));

        Assert.Contains("at version 1", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], await TextsAsync("s"));
    }

    [Fact]
    public async Task List_PagesByPrefixInByteOrder()
    {
        foreach (var name in (string[])["run/b", "run/a", "run/é", "run/Z", "runs", "other", "run/a%", "run/b/1"])
        {
            await AppendAsync(name, 0, "x", "y");
        }

        await Journal.WriteSnapshotAsync("run/b", 2, Text("all"), cancellationToken: Token);

        Assert.Equal(["run/Z", "run/a", "run/a%"], await Journal.ListStreamsAsync("run/", null, 3, Token));
        Assert.Equal(["run/b", "run/b/1", "run/é"], await Journal.ListStreamsAsync("run/", "run/a%", 10, Token));
        Assert.Empty(await Journal.ListStreamsAsync("run/", "runs", 10, Token));
        Assert.Empty(await Journal.ListStreamsAsync("nobody", null, 10, Token));
        Assert.Equal(8, (await Journal.ListStreamsAsync("", null, 100, Token)).Count);
    }

    [Fact]
    public async Task Reopen_FindsEverything()
    {
        await AppendAsync("s", 0, "a", "b");
        await Journal.WriteSnapshotAsync("s", 1, Text("a"), cancellationToken: Token);
        await Opened.DisposeAsync();

        await using var reopened = await OpenAsync(null);

        var slice = await reopened.Journal.ReadAsync("s", Token);
        Assert.Equal((1, 2), (slice.SnapshotVersion, slice.Version));
        Assert.True(await reopened.Journal.AppendAsync("s", 2, Bytes("c"), Token));
    }

    [Fact]
    public async Task Close_CommitsWhatWaits()
    {
        Task<bool>[] appends;
        Task closing;
        await using (await BlockCommitsAsync())
        {
            appends = [.. Enumerable.Range(0, 50).Select(i => AppendAsync($"s{i}", 0, "a"))];
            closing = Opened.DisposeAsync().AsTask();
        }

        await closing;

        Assert.All(await Task.WhenAll(appends), Assert.True);
        await Assert.ThrowsAsync<JournalUnavailableException>(() => AppendAsync("late", 0, "a"));
    }

    protected static ReadOnlyMemory<byte> Text(string text) => Encoding.UTF8.GetBytes(text);

    protected static ReadOnlyMemory<byte>[] Bytes(params string[] texts) => [.. texts.Select(Text)];

    protected Task<bool> AppendAsync(string stream, long expectedVersion, params string[] entries) =>
        Journal.AppendAsync(stream, expectedVersion, Bytes(entries), Token);

    protected async Task<IEnumerable<string>> TextsAsync(string stream) =>
        (await Journal.ReadAsync(stream, Token)).Entries.Select(entry => Encoding.UTF8.GetString(entry.Span));
}

public interface IOpenJournal : IAsyncDisposable
{
    IJournal Journal { get; }
}
