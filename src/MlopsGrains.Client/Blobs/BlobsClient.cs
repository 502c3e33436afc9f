using MlopsGrains.Blobs;
using MlopsGrains.Client.Http;

namespace MlopsGrains.Client;

/// <summary>The content-addressed store: bytes named by their SHA-256.</summary>
public sealed class BlobsClient
{
    private const string Root = "api/v1/blobs";

    private readonly GatewayHttp http;

    internal BlobsClient(GatewayHttp http) => this.http = http;

    /// <summary>Stores bytes; storing them again changes nothing. The stream is read to its end and left open.</summary>
    public Task<BlobRef> UploadAsync(Stream content, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(content);
        var repeat = content.CanSeek ? Repeat.Always : Repeat.Never;
        return http.ReadAsync<BlobRef>(new GatewayCall(HttpMethod.Post, Root, repeat, StreamBody.Of(content, "application/octet-stream"), StreamsBody: true), cancellationToken);
    }

    /// <summary>Opens stored bytes; dispose the stream. Throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    /// <param name="digest">SHA-256, 64 lower-case hex digits.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<Stream> OpenAsync(string digest, CancellationToken cancellationToken = default) =>
        http.OpenAsync($"{Root}/{GatewayPath.Segment("digest", digest)}", cancellationToken);
}
