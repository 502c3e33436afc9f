using System.Security.Cryptography;
using CsCheck;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Testing;

namespace MlopsGrains.Storage.Tests.Blobs;

public sealed class FolderBlobStoreTests : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly FolderBlobStore store;

    public FolderBlobStoreTests() => store = new FolderBlobStore(new() { Root = directory.Path });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Write_ThenRead_GivesTheSameBytes() =>
        await Gen.Byte.Array[0, 300_000].SampleAsync(
            async bytes =>
            {
                var blob = await WriteAsync(bytes);
                Assert.Equal(new BlobReference(Digest(bytes), bytes.Length), blob);
                Assert.True(await store.ExistsAsync(blob.Digest, Token));
                Assert.Equal(bytes, await ReadAsync(blob.Digest));
            },
            iter: 30);

    [Fact]
    public async Task Write_Twice_IsOneFile()
    {
        var first = await WriteAsync([1, 2, 3]);
        var second = await WriteAsync([1, 2, 3]);

        Assert.Equal(first, second);
        Assert.Single(Files());
    }

    [Fact]
    public async Task Write_SameContentAtOnce_IsOneFile()
    {
        var bytes = RandomNumberGenerator.GetBytes(200_000);

        var blobs = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => WriteAsync(bytes))));

        Assert.All(blobs, blob => Assert.Equal(Digest(bytes), blob.Digest));
        Assert.Single(Files());
        Assert.Equal(bytes, await ReadAsync(Digest(bytes)));
    }

    [Fact]
    public async Task Write_StreamThatFails_LeavesNothing()
    {
        await Assert.ThrowsAsync<IOException>(() => store.WriteAsync(new FailingStream(200_000), long.MaxValue, Token));

        Assert.Empty(Files());
    }

    [Fact]
    public async Task Write_TooLarge_LeavesNothingAndNamesTheLimit()
    {
        var refusal = await Assert.ThrowsAsync<BlobTooLargeException>(() => store.WriteAsync(new MemoryStream(new byte[1001]), 1000, Token));

        Assert.Equal(1000, refusal.MaxBytes);
        Assert.Contains("1000", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Files());
        Assert.Equal(1000, (await store.WriteAsync(new MemoryStream(new byte[1000]), 1000, Token)).Length);
    }

    [Theory]
    [InlineData(0, 64 * 1024)]
    [InlineData(150_000, 64 * 1024)]
    [InlineData(199_999, 200_000)]
    public async Task Read_DamagedFile_Throws(int damagedByte, int readSize)
    {
        var bytes = RandomNumberGenerator.GetBytes(200_000);
        var blob = await WriteAsync(bytes);
        bytes[damagedByte] ^= 1;
        await File.WriteAllBytesAsync(Files().Single(), bytes, Token);
        await using var content = (await store.OpenReadAsync(blob.Digest, Token))!;

        await Assert.ThrowsAsync<StoredDamageException>(async () =>
        {
            var buffer = new byte[readSize];
            while (await content.ReadAsync(buffer, Token) > 0)
            {
            }
        });

        bytes[damagedByte] ^= 1;
        await WriteAsync(bytes);
        Assert.Equal(bytes, await ReadAsync(blob.Digest));
    }

    [Fact]
    public async Task FirstRead_OfADamagedBlob_IsRefusedBeforeItsFirstByte_AndSoIsEveryReadAfterOneThatFoundIt()
    {
        var bytes = RandomNumberGenerator.GetBytes(2_000_000);
        var blob = await WriteAsync(bytes);
        bytes[1_999_000] ^= 1;
        await File.WriteAllBytesAsync(Files().Single(), bytes, Token);
        using var damage = new DamageList();
        var later = new FolderBlobStore(new() { Root = directory.Path }, damage: damage);

        await Assert.ThrowsAsync<StoredDamageException>(() => later.OpenReadAsync(blob.Digest, Token));
        Assert.Equal(("blob", blob.Digest), (Assert.Single(damage.Items).Place, damage.Items[0].Name));
        Assert.True(await later.ExistsAsync(blob.Digest, Token));

        // The one that wrote it takes it for right, until a read comes to its end.
        await Assert.ThrowsAsync<StoredDamageException>(() => ReadAsync(blob.Digest));
        await Assert.ThrowsAsync<StoredDamageException>(() => store.OpenReadAsync(blob.Digest, Token));
        bytes[1_999_000] ^= 1;
        await WriteAsync(bytes);
        Assert.Equal(bytes, await ReadAsync(blob.Digest));
    }

    [Fact]
    public async Task FullDisk_IsToldAsSuch_AndLeavesNothingBehind()
    {
        using var disk = new SmallDisk(1);
        var small = new FolderBlobStore(new() { Root = disk.Path });
        await small.CheckAsync(Token);
        var blob = await small.WriteAsync(new MemoryStream(new byte[1000]), 1000, Token);
        using (disk.Fill())
        {
            await Assert.ThrowsAsync<BlobsUnavailableException>(() => small.WriteAsync(new MemoryStream(new byte[10_000]), 10_000, Token));
            await Assert.ThrowsAsync<BlobsUnavailableException>(() => small.WritePartAsync(new string('a', 32), 1, new MemoryStream(new byte[10_000]), 10_000, Token));
            await Assert.ThrowsAsync<BlobsUnavailableException>(() => small.CheckAsync(Token));
            await using var there = await small.OpenReadAsync(blob.Digest, Token);
            Assert.Equal(1000, there!.Length);
        }

        await small.CheckAsync(Token);
        await small.WriteAsync(new MemoryStream(new byte[10_000]), 10_000, Token);
        Assert.Empty(Directory.GetFiles(Path.Combine(disk.Path, "tmp")));
    }

    [Fact]
    public async Task Read_TruncatedOrEmptiedFile_Throws()
    {
        var blob = await WriteAsync([1, 2, 3, 4]);

        await File.WriteAllBytesAsync(Files().Single(), [1, 2], Token);
        await Assert.ThrowsAsync<StoredDamageException>(() => ReadAsync(blob.Digest));
        await File.WriteAllBytesAsync(Files().Single(), [], Token);
        await Assert.ThrowsAsync<StoredDamageException>(() => ReadAsync(blob.Digest));
    }

    [Fact]
    public async Task Read_Seeking_GivesTheRangeAndStillVerifiesAFullRead()
    {
        var bytes = RandomNumberGenerator.GetBytes(100_000);
        var blob = await WriteAsync(bytes);
        await using var content = (await store.OpenReadAsync(blob.Digest, Token))!;
        var range = new byte[100];

        content.Position = 70_000;
        await content.ReadExactlyAsync(range, Token);
        Assert.Equal(bytes[70_000..70_100], range);

        content.Seek(-100, SeekOrigin.End);
        await content.ReadExactlyAsync(range, Token);
        Assert.Equal(bytes[^100..], range);

        content.Position = 0;
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, Token);
        Assert.Equal(bytes, copy.ToArray());
        Assert.Equal(bytes.Length, content.Length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../../../../etc/passwd")]
    [InlineData("ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789")]
    [InlineData("../456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef01")]
    public async Task BadDigest_IsRefused(string digest)
    {
        var refusal = await Assert.ThrowsAsync<ArgumentException>(() => store.OpenReadAsync(digest, Token));
        await Assert.ThrowsAsync<ArgumentException>(() => store.ExistsAsync(digest, Token));

        Assert.Contains("64 lower-case hexadecimal digits", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_IsNull()
    {
        Assert.Null(await store.OpenReadAsync(new string('a', 64), Token));
        Assert.False(await store.ExistsAsync(new string('a', 64), Token));
    }

    [Fact]
    public async Task Start_RemovesOnlyStaleTemporaryFiles()
    {
        await store.StartAsync(Token);
        var (fresh, stale) = (Path.Combine(directory.Path, "tmp", "fresh.part"), Path.Combine(directory.Path, "tmp", "stale.part"));
        await File.WriteAllTextAsync(fresh, "x", Token);
        await File.WriteAllTextAsync(stale, "x", Token);
        File.SetLastWriteTimeUtc(stale, File.GetLastWriteTimeUtc(fresh) - TimeSpan.FromDays(2));

        await store.StartAsync(Token);

        Assert.True(File.Exists(fresh));
        Assert.False(File.Exists(stale));
    }

    [Fact]
    public async Task Parts_AreNoBlob_UntilTheyAreJoined_InTheOrderAskedFor()
    {
        var upload = Guid.NewGuid().ToString("N");
        var second = await store.WritePartAsync(upload, 2, new MemoryStream([3, 4]), 4, Token);
        var first = await store.WritePartAsync(upload, 1, new MemoryStream([1, 2]), 4, Token);
        Assert.False(await store.ExistsAsync(first.Digest, Token));
        await Assert.ThrowsAsync<BlobTooLargeException>(() => store.WritePartAsync(upload, 3, new MemoryStream([5]), 4, Token));
        await Assert.ThrowsAsync<BlobPartException>(() => store.JoinPartsAsync(upload, [new(1, second.Digest)], 4, Token));
        await Assert.ThrowsAsync<BlobPartException>(() => store.JoinPartsAsync(upload, [new(3, first.Digest)], 4, Token));
        await Assert.ThrowsAsync<BlobTooLargeException>(() => store.JoinPartsAsync(upload, [new(1, first.Digest), new(2, second.Digest)], 3, Token));

        var joined = await store.JoinPartsAsync(upload, [new(1, first.Digest), new(2, second.Digest)], 4, Token);
        await store.DropPartsAsync(upload, Token);
        await store.DropPartsAsync(upload, Token);

        Assert.Equal([1, 2, 3, 4], await ReadAsync(joined.Digest));
        Assert.Single(Files());
    }

    [Fact]
    public async Task Start_RemovesOnlyForgottenUploads()
    {
        var (fresh, stale) = (Guid.NewGuid().ToString("N"), Guid.NewGuid().ToString("N"));
        var kept = await store.WritePartAsync(fresh, 1, new MemoryStream([1]), 4, Token);
        var gone = await store.WritePartAsync(stale, 1, new MemoryStream([1]), 4, Token);
        Directory.SetLastWriteTimeUtc(Path.Combine(directory.Path, "tmp", stale), Directory.GetLastWriteTimeUtc(Path.Combine(directory.Path, "tmp", fresh)) - TimeSpan.FromDays(2));

        await store.StartAsync(Token);

        await store.JoinPartsAsync(fresh, [new(1, kept.Digest)], 4, Token);
        await Assert.ThrowsAsync<BlobPartException>(() => store.JoinPartsAsync(stale, [new(1, gone.Digest)], 4, Token));
    }

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private string[] Files() => Directory.GetFiles(directory.Path, "*", SearchOption.AllDirectories);

    private Task<BlobReference> WriteAsync(byte[] bytes) => store.WriteAsync(new MemoryStream(bytes), long.MaxValue, Token);

    private async Task<byte[]> ReadAsync(string digest)
    {
        await using var content = (await store.OpenReadAsync(digest, Token))!;
        using var copy = new MemoryStream();
        await content.CopyToAsync(copy, Token);
        return copy.ToArray();
    }

    private sealed class FailingStream(int after) : MemoryStream(new byte[after])
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            return read > 0 ? read : throw new IOException("the upload was cut off");
        }
    }
}
