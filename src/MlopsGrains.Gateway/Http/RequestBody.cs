using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace MlopsGrains.Gateway.Http;

internal static class RequestBody
{
    /// <summary>Waits for the whole body and reads it as the pipe's own segments, without a copy; they are gone when <paramref name="read"/> returns. The body limit bounds it.</summary>
    public static async ValueTask<T> ReadAsync<T>(HttpRequest request, Func<ReadOnlySequence<byte>, T> read, CancellationToken cancellationToken)
    {
        var reader = request.BodyReader;
        var body = await ReadToEndAsync(reader, cancellationToken);
        try
        {
            return read(body);
        }
        finally
        {
            reader.AdvanceTo(body.End);
        }
    }

    private static async ValueTask<ReadOnlySequence<byte>> ReadToEndAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        while (true)
        {
            var result = await reader.ReadAsync(cancellationToken);
            if (result.IsCompleted)
            {
                return result.Buffer;
            }

            if (result.IsCanceled)
            {
                throw new BadHttpRequestException("The body ended early.");
            }

            reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        }
    }
}
