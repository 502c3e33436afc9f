using MlopsGrains.Grains.Documents;
using MlopsGrains.Storage.Blobs;

namespace MlopsGrains.Grains.Blobs;

/// <summary>
/// Blobs on their way out. A mark makes candidates; a mark the grace time later condemns those it finds again and makes the others its own candidates. Digests lie here as bytes, so
/// that no mark takes them for names.
/// </summary>
internal sealed class BlobSweepDocument : StoredDocument
{
    public const int CandidatesMax = 50_000;
    private const int DigestBytes = 32;

    /// <summary>When the mark began that found the candidates.</summary>
    public DateTimeOffset MarkedAt { get; set; }

    /// <summary>Digests in order, 32 bytes each.</summary>
    public byte[] Candidates { get; set; } = [];

    /// <summary>When the first of the two marks began that found the condemned; what was stored or opened since is spared.</summary>
    public DateTimeOffset UntouchedSince { get; set; }

    public byte[] Condemned { get; set; } = [];

    /// <summary>Where the next mark goes on.</summary>
    public string Next { get; set; } = "";

    public int CandidateCount() => Candidates.Length / DigestBytes;

    /// <summary>Whether it is time for the next mark, the first one at once.</summary>
    public bool IsDue(DateTimeOffset now, TimeSpan grace) => now - MarkedAt >= grace;

    public IReadOnlyList<string> CandidateDigests() => Digests(Candidates);

    /// <summary>The first of the condemned.</summary>
    public IReadOnlyList<string> FirstCondemned(int limit) => Digests(Condemned.AsSpan(0, Math.Min(Condemned.Length, limit * DigestBytes)));

    /// <param name="mark">It looked at all candidates.</param>
    /// <param name="began">When it began: at least the grace time after the mark before.</param>
    public BlobSweepDocument Marked(BlobMark mark, DateTimeOffset began)
    {
        var before = CandidateDigests().ToHashSet(StringComparer.Ordinal);
        var found = mark.Unnamed.Where(digest => !before.Contains(digest)).Take(CandidatesMax).ToList();
        return new BlobSweepDocument
        {
            MarkedAt = began, Candidates = Bytes(found), UntouchedSince = MarkedAt, Condemned = Bytes(mark.Unnamed.Where(before.Contains)),
            Next = found.Count == CandidatesMax ? found[^1] : mark.Next,
        };
    }

    public BlobSweepDocument Removed(int count) => new()
    {
        MarkedAt = MarkedAt, Candidates = Candidates, UntouchedSince = UntouchedSince, Condemned = Condemned[(count * DigestBytes)..], Next = Next,
    };

    private static List<string> Digests(ReadOnlySpan<byte> bytes)
    {
        var digests = new List<string>(bytes.Length / DigestBytes);
        for (; bytes.Length > 0; bytes = bytes[DigestBytes..])
        {
            digests.Add(Convert.ToHexStringLower(bytes[..DigestBytes]));
        }

        return digests;
    }

    private static byte[] Bytes(IEnumerable<string> digests) => [.. digests.SelectMany(Convert.FromHexString)];
}
