using System.Net;

namespace MlopsGrains.Client.Http;

/// <summary>The rest of a caller's stream as a body. It leaves the stream open, so that the next attempt can begin where this one began.</summary>
internal sealed class StreamBody : HttpContent
{
    private readonly Stream stream;
    private readonly long? start;

    private StreamBody(Stream stream, long? start, string mediaType)
    {
        this.stream = stream;
        this.start = start;
        Headers.ContentType = new(mediaType);
    }

    /// <summary>Makes the bodies of all attempts.</summary>
    public static Func<HttpContent> Of(Stream stream, string mediaType)
    {
        long? start = stream.CanSeek ? stream.Position : null;
        return () => new StreamBody(stream, start, mediaType);
    }

    protected override async Task SerializeToStreamAsync(Stream target, TransportContext? context)
    {
        if (start is { } position)
        {
            stream.Position = position;
        }

        await stream.CopyToAsync(target);
    }

    protected override async Task SerializeToStreamAsync(Stream target, TransportContext? context, CancellationToken cancellationToken)
    {
        if (start is { } position)
        {
            stream.Position = position;
        }

        await stream.CopyToAsync(target, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = start is { } position ? stream.Length - position : 0;
        return start is not null;
    }
}
