using System.Text;
using CsCheck;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;

namespace MlopsGrains.Storage.Tests.Blobs;

public sealed class BlobSweeperTests : IAsyncLifetime
{
    private readonly TempDirectory directory = new();
    private readonly Clock clock = new();
    private FolderBlobStore blobs = null!;
    private SqliteStore written = null!;
    private BlobSweeper sweeper = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        blobs = new FolderBlobStore(new() { Root = Path.Combine(directory.Path, "blobs") }, clock);
        await blobs.StartAsync(Token);
        written = await SqliteStore.OpenAsync(new() { Path = directory.File("journal.db") }, Token);
        sweeper = new BlobSweeper(blobs, written);
    }

    public async ValueTask DisposeAsync()
    {
        await written.DisposeAsync();
        directory.Dispose();
    }

    /// <summary>Against a search by text, over payloads with digests in either case, cut, and with digits on both sides.</summary>
    [Fact]
    public void NamedIn_AnyPayload_IsAsATextSearchSays()
    {
        var digest = Gen.Byte.Array[32].Select(Convert.ToHexStringLower);
        var known = Gen.Select(digest, digest, digest, (a, b, c) => new[] { a, b, c });
        var piece = Gen.OneOf(
            Gen.Select(Gen.Int[0, 2], Gen.Bool, (at, upper) => (At: at, Upper: upper, Cut: 0, Text: "")),
            Gen.Select(Gen.Int[0, 2], Gen.Int[1, 63], (at, cut) => (At: at, Upper: false, Cut: cut, Text: "")),
            Gen.String[Gen.Char["0123456789abcdefABCDEFgxz\"-é"], 0, 70].Select(text => (At: -1, Upper: false, Cut: 0, Text: text)));
        Gen.Select(known, piece.Array[0, 8]).Sample(
            (digests, pieces) =>
            {
                var text = string.Concat(pieces.Select(p => p.At < 0 ? p.Text : p.Upper ? digests[p.At].ToUpperInvariant() : digests[p.At][p.Cut..]));
                var set = new DigestSet();
                foreach (var one in digests)
                {
                    set.Add(one);
                }

                set.RemoveNamedIn(Encoding.UTF8.GetBytes(text));

                Assert.Equal(digests.Where(d => !text.Contains(d, StringComparison.OrdinalIgnoreCase)).Distinct().Order(StringComparer.Ordinal), set.ToList());
            },
            iter: 3000);
    }

    [Fact]
    public async Task Mark_FindsWhatIsWrittenNowhere()
    {
        var (entry, snapshot, record, text, loud, nowhere) = (await Store(1), await Store(2), await Store(3), await Store(4), await Store(5), await Store(6));
        await written.AppendAsync("e", 0, [Bytes($$"""{"digest":"{{entry}}"}""")], Token);
        await written.AppendAsync("s", 0, [Bytes("x")], Token);
        await written.WriteSnapshotAsync("s", 1, Bytes(snapshot), null, Token);
        await written.WriteAsync("kind", "key", 0, Bytes($"{record}0"), Token);
        await written.AppendAsync("audit-1", 0, [Bytes(loud + nowhere)], Token);
        await written.AppendAsync("u", 0, [Bytes(loud.ToUpperInvariant())], Token);
        var definition = await Store(Bytes($"data: {text}"));
        await written.AppendAsync("d", 0, [Bytes(definition)], Token);

        var mark = await Mark();

        Assert.Equal([nowhere], mark.Unnamed);
        Assert.Equal("", mark.Next);
    }

    [Fact]
    public async Task Marks_OfAFewBlobsEach_FindAll()
    {
        var all = new List<string>();
        for (byte i = 0; i < 10; i++)
        {
            all.Add(await Store(i));
        }

        var found = new List<string>();
        var next = "";
        do
        {
            var mark = await sweeper.MarkAsync([], next, 3, "audit-", Token);
            Assert.InRange(mark.Unnamed.Count, 0, 3);
            found.AddRange(mark.Unnamed);
            next = mark.Next;
        }
        while (next.Length > 0);

        Assert.Equal(all.Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public async Task Mark_LooksAtItsSuspects_WhereverTheyLie()
    {
        var blob = await Store(1);

        Assert.Equal([blob], (await sweeper.MarkAsync([blob], new string('f', 64), 10, "audit-", Token)).Unnamed);
        await written.AppendAsync("e", 0, [Bytes(blob)], Token);
        Assert.Empty((await sweeper.MarkAsync([blob], new string('f', 64), 10, "audit-", Token)).Unnamed);
    }

    [Fact]
    public async Task Mark_WithNothingToRead_CondemnsNothing()
    {
        await Store(1);

        Assert.Empty((await new BlobSweeper(blobs, null).MarkAsync([], "", 10, "audit-", Token)).Unnamed);
    }

    [Fact]
    public async Task Remove_TakesWhatNobodyTouchedSince_AndNothingElse()
    {
        var (old, stored, opened, other) = (await Store(1), await Store(2), await Store(3), await Store(4));
        clock.Now += TimeSpan.FromHours(3);
        var mark = clock.Now;
        clock.Now += TimeSpan.FromHours(3);
        await Store(2);
        await (await blobs.OpenReadAsync(opened, Token))!.DisposeAsync();

        Assert.Equal(new RemovedBlobs(1, 1), await sweeper.RemoveAsync([old, stored, opened], mark, Token));
        Assert.Equal(new RemovedBlobs(1, 0), await sweeper.RemoveAsync([old, stored, opened], mark, Token));

        Assert.Null(await blobs.OpenReadAsync(old, Token));
        foreach (var kept in (string[])[stored, opened, other])
        {
            Assert.True(await blobs.ExistsAsync(kept, Token));
        }
    }

    [Fact]
    public async Task Remove_WhileOthersStoreAndOpen_LosesNothingThatTheyGot()
    {
        var digest = await Store(1);
        clock.Now += TimeSpan.FromHours(3);
        var mark = clock.Now;
        clock.Now += TimeSpan.FromHours(3);
        for (var round = 0; round < 200; round++)
        {
            File.SetLastWriteTimeUtc(Path.Combine(directory.Path, "blobs", digest[..2], digest[2..]), (mark - TimeSpan.FromHours(2)).UtcDateTime);
            var removing = Task.Run(() => sweeper.RemoveAsync([digest], mark, Token), Token);
            if (round % 2 == 0)
            {
                await Store(1);
                await removing;
                Assert.True(await blobs.ExistsAsync(digest, Token));
            }
            else
            {
                await using var content = await blobs.OpenReadAsync(digest, Token);
                await removing;
                Assert.True(content is null || await blobs.ExistsAsync(digest, Token));
                await Store(1);
            }
        }
    }

    [Fact]
    public async Task Start_AfterACrashInARemoval_PutsTheBlobBack()
    {
        var digest = await Store(7);
        var root = Path.Combine(directory.Path, "blobs");
        File.Move(Path.Combine(root, digest[..2], digest[2..]), Path.Combine(root, "tmp", digest + ".aside"));
        Assert.False(await blobs.ExistsAsync(digest, Token));

        await blobs.StartAsync(Token);

        Assert.True(await blobs.ExistsAsync(digest, Token));
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private Task<BlobMark> Mark() => sweeper.MarkAsync([], "", 100, "audit-", Token);

    private Task<string> Store(byte content) => Store([content]);

    private async Task<string> Store(byte[] content) => (await blobs.WriteAsync(new MemoryStream(content), 1000, Token)).Digest;

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
