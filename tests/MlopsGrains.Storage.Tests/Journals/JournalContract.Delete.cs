using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Tests.Journals;

public abstract partial class JournalContract
{
    [Fact]
    public async Task Delete_LeavesNothingButTheVersion()
    {
        await AppendAsync("s", 0, "a", "b", "c");
        await Journal.WriteSnapshotAsync("s", 2, Text("ab"), [new("loss", 0, Text("l0"))], Token);
        await AppendAsync("kept", 0, "k");
        await Journal.WriteSnapshotAsync("kept", 1, Text("k"), [new("loss", 0, Text("kept"))], Token);

        await Journal.DeleteStreamAsync("s", Token);

        await using var reopened = await OpenAsync(null);
        foreach (var journal in (IJournal[])[Journal, reopened.Journal])
        {
            var slice = await journal.ReadAsync("s", Token);
            Assert.Equal(4, slice.Version);
            Assert.Null(slice.Snapshot);
            Assert.Empty(slice.Entries);
            Assert.Empty(await ChunksAsync(journal, "s", "loss"));
            Assert.Equal(["kept"], await journal.ListStreamsAsync("", null, 10, Token));
            Assert.Equal(["kept"], await ChunksAsync(journal, "kept", "loss"));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Delete_FencesEveryWriterFromBefore(bool snapshotted)
    {
        await using var other = await OpenAsync(null);
        await AppendAsync("s", 0, "a", "b");
        if (snapshotted)
        {
            await Journal.WriteSnapshotAsync("s", 2, Text("ab"), cancellationToken: Token);
        }

        await other.Journal.DeleteStreamAsync("s", Token);

        foreach (var journal in (IJournal[])[Journal, other.Journal])
        {
            // From one that had read the newest, an older one, and one that had found nothing there yet.
            foreach (var version in (long[])[2, 1, 0])
            {
                Assert.False(await journal.AppendAsync("s", version, Bytes("x"), Token));
            }

            await journal.WriteSnapshotAsync("s", 2, Text("stale"), [new("loss", 0, Text("stale"))], Token);
        }

        var slice = await Journal.ReadAsync("s", Token);
        Assert.Equal((3, null), (slice.Version, slice.Snapshot));
        Assert.Empty(await ChunksAsync(Journal, "s", "loss"));
    }

    [Fact]
    public async Task Delete_WhoReadsTheStreamAfterIt_GoesOnFromThere()
    {
        await AppendAsync("s", 0, "a", "b");
        await Journal.DeleteStreamAsync("s", Token);

        Assert.True(await AppendAsync("s", 3, "c", "d"));

        Assert.Equal(["c", "d"], await TextsAsync("s"));
        Assert.Equal(["s"], await Journal.ListStreamsAsync("", null, 10, Token));
        await Journal.WriteSnapshotAsync("s", 4, Text("c"), [new("loss", 0, Text("l0"))], Token);
        Assert.Equal(["l0"], await ChunksAsync(Journal, "s", "loss"));
        Assert.Equal(5, (await Journal.ReadAsync("s", Token)).Version);
        await Journal.DeleteStreamAsync("s", Token);
        Assert.Equal(6, (await Journal.ReadAsync("s", Token)).Version);
        Assert.False(await AppendAsync("s", 5, "x"));
        Assert.True(await AppendAsync("s", 6, "e"));
        Assert.Empty(await ChunksAsync(Journal, "s", "loss"));
    }

    [Fact]
    public async Task Delete_OfNothing_DoesNothing()
    {
        await Journal.DeleteStreamAsync("nobody", Token);
        await AppendAsync("s", 0, "a");
        await Journal.DeleteStreamAsync("s", Token);
        await Journal.DeleteStreamAsync("s", Token);
        await using var reopened = await OpenAsync(null);
        await reopened.Journal.DeleteStreamAsync("s", Token);

        Assert.Equal(2, (await Journal.ReadAsync("s", Token)).Version);
        Assert.Equal(0, (await Journal.ReadAsync("nobody", Token)).Version);
        Assert.True(await AppendAsync("nobody", 0, "a"));
    }

    [Fact]
    public async Task Delete_InABatch_KeepsTheQueueOrder()
    {
        Task<bool>[] appends;
        Task[] deletes;
        await using (await BlockCommitsAsync())
        {
            appends = [AppendAsync("s", 0, "a"), AppendAsync("t", 0, "t")];
            deletes = [Journal.DeleteStreamAsync("s", Token), Journal.DeleteStreamAsync("t", Token)];
            appends = [.. appends, AppendAsync("s", 1, "x"), AppendAsync("s", 2, "b")];
        }

        await Task.WhenAll(deletes);

        var outcomes = await Task.WhenAll(appends);
        Assert.Equal([true, true, false, true], outcomes);
        Assert.Equal(["b"], await TextsAsync("s"));
        Assert.Empty(await TextsAsync("t"));
    }

    /// <summary>Writers and a deleter that know nothing of each other: whatever the interleaving, nothing of a deleted life is seen in the next.</summary>
    [Fact]
    public async Task Delete_AgainstConcurrentWriters_LeavesNoRemains()
    {
        await using var other = await OpenAsync(null);
        async Task WriteAsync(IJournal journal, string writer)
        {
            for (var i = 0; i < 40; i++)
            {
                var slice = await journal.ReadAsync("s", Token);
                if (await journal.AppendAsync("s", slice.Version, Bytes($"{writer}/{i}"), Token) && i % 3 == 0)
                {
                    await journal.WriteSnapshotAsync("s", slice.Version + 1, Text("state"), [new("k", slice.Version + 1, Text($"{slice.Version + 1}"))], Token);
                }
            }
        }

        async Task DeleteAsync()
        {
            for (var i = 0; i < 20; i++)
            {
                await other.Journal.DeleteStreamAsync("s", Token);
            }
        }

        await Task.WhenAll(Task.Run(() => WriteAsync(Journal, "a"), Token), Task.Run(() => WriteAsync(other.Journal, "b"), Token), Task.Run(DeleteAsync, Token));
        await Journal.DeleteStreamAsync("s", Token);

        var slice = await Journal.ReadAsync("s", Token);
        Assert.True(slice.Version > 40);
        Assert.Equal((null, 0), (slice.Snapshot, slice.Entries.Count));
        Assert.Empty(await ChunksAsync(Journal, "s", "k"));
        Assert.Equal(0, await EntriesStoredAsync());
    }

    /// <summary>Rows in the journal's table, whether a reader would see them or not.</summary>
    protected abstract Task<long> EntriesStoredAsync();
}
