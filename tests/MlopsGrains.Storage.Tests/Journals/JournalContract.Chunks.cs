using System.Text;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Tests.Journals;

public abstract partial class JournalContract
{
    [Fact]
    public async Task Chunks_ComeWithTheirSnapshot_AndAreReadByNumber()
    {
        await AppendAsync("s", 0, "a", "b");
        await Journal.WriteSnapshotAsync("s", 1, Text("a"), [new("loss", 0, Text("l0")), new("loss", 1, Text("l1")), new("acc", 0, Text(""))], Token);
        await Journal.WriteSnapshotAsync("s", 2, Text("b"), [new("loss", 1, Text("l1, longer")), new("loss", 10, Text("l10"))], Token);
        await using var reopened = await OpenAsync(null);

        foreach (var journal in (IJournal[])[Journal, reopened.Journal])
        {
            Assert.Equal(["l0", "l1, longer", "l10"], await ChunksAsync(journal, "s", "loss"));
            Assert.Equal(["l1, longer"], await ChunksAsync(journal, "s", "loss", first: 1, limit: 1));
            Assert.Equal(["l10"], await ChunksAsync(journal, "s", "loss", first: 2));
            Assert.Equal([""], await ChunksAsync(journal, "s", "acc"));
            Assert.Empty(await ChunksAsync(journal, "s", "los"));
            Assert.Empty(await ChunksAsync(journal, "other", "loss"));
        }
    }

    [Fact]
    public async Task Chunks_OfASnapshotThatIsNotStored_AreNotStored()
    {
        await AppendAsync("s", 0, "a", "b");
        await Journal.WriteSnapshotAsync("s", 2, Text("ab"), [new("loss", 0, Text("new"))], Token);

        await Journal.WriteSnapshotAsync("s", 1, Text("a"), [new("loss", 0, Text("old")), new("loss", 1, Text("old"))], Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Journal.WriteSnapshotAsync("s", 3, Text("abc"), [new("loss", 0, Text("ahead"))], Token));

        Assert.Equal(["new"], await ChunksAsync(Journal, "s", "loss"));
    }

    [Fact]
    public async Task Chunks_OfManySnapshotsInABatch_StayWithTheirStreams()
    {
        foreach (var stream in (string[])["a", "b", "c"])
        {
            await AppendAsync(stream, 0, "x");
        }

        Task[] snapshots;
        await using (await BlockCommitsAsync())
        {
            snapshots = [.. ((string[])["a", "b", "c"]).Select(stream => Journal.WriteSnapshotAsync(stream, 1, Text("x"), [new("k", 0, Text(stream)), new(stream, 0, Text(stream))], Token))];
        }

        await Task.WhenAll(snapshots);

        Assert.Equal(["b"], await ChunksAsync(Journal, "b", "k"));
        Assert.Equal(["c"], await ChunksAsync(Journal, "c", "c"));
        Assert.Empty(await ChunksAsync(Journal, "c", "a"));
    }

    [Fact]
    public async Task Chunks_OutsideTheLimits_NameTheLimit()
    {
        await AppendAsync("s", 0, "a");
        Task WriteAsync(params SeriesChunk[] chunks) => Journal.WriteSnapshotAsync("s", 1, Text("a"), chunks, Token);

        var twice = await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(new("k", 3, default), new("k", 3, default)));
        var many = await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync([.. Enumerable.Range(0, 10_001).Select(i => new SeriesChunk("k", i, default))]));
        var large = await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(new SeriesChunk("k", 0, new byte[JournalLimits.SnapshotBytesMax])));
        Assert.Contains("number 3 of series \"k\"", twice.Message, StringComparison.Ordinal);
        Assert.Contains("10000", many.Message, StringComparison.Ordinal);
        Assert.Contains("67108864", large.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => WriteAsync(new SeriesChunk(new string('k', 513), 0, default)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => WriteAsync(new SeriesChunk("k", -1, default)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Journal.ReadChunksAsync("s", "k", -1, 1, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Journal.ReadChunksAsync("s", "k", 0, 10_001, Token));
        Assert.Null((await Journal.ReadAsync("s", Token)).Snapshot);
    }

    private static async Task<IEnumerable<string>> ChunksAsync(IJournal journal, string stream, string series, long first = 0, int limit = 100) =>
        (await journal.ReadChunksAsync(stream, series, first, limit, Token)).Select(chunk => Encoding.UTF8.GetString(chunk.Span));
}
