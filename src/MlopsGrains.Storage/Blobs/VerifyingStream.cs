using System.Security.Cryptography;

namespace MlopsGrains.Storage.Blobs;

/// <summary>A blob's file, hashed while it is read from start to end. The read that reaches the end throws what <paramref name="damaged"/> makes when the digest differs.</summary>
internal sealed class VerifyingStream(FileStream file, string digest, Func<string, Exception> damaged) : Stream
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly long length = file.Length;
    private long hashed;
    private bool verified;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => file.Position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override int Read(Span<byte> buffer)
    {
        var position = file.Position;
        var read = file.Read(buffer);
        Hash(position, buffer[..read], buffer.Length);
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var position = file.Position;
        var read = await file.ReadAsync(buffer, cancellationToken);
        Hash(position, buffer.Span[..read], buffer.Length);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("a blob is immutable");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("a blob is immutable");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            hash.Dispose();
            file.Dispose();
        }

        base.Dispose(disposing);
    }

    public override async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        await base.DisposeAsync();
    }

    private void Hash(long position, ReadOnlySpan<byte> bytes, int asked)
    {
        if (position == 0 && hashed > 0 && bytes.Length > 0)
        {
            _ = hash.GetHashAndReset();
            hashed = 0;
            verified = false;
        }

        if (position != hashed || verified)
        {
            return;
        }

        hash.AppendData(bytes);
        hashed += bytes.Length;
        if (hashed >= length && (bytes.Length > 0 || asked > 0))
        {
            var found = Convert.ToHexStringLower(hash.GetCurrentHash());
            verified = found == digest ? true : throw damaged(found);
        }
    }
}
