using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace MlopsGrains.Gateway.Http;

internal static class RequestBody
{
    /// <summary>
    /// Waits for the whole body and hands it out as the pipe's own segments, so that a parser can read it without a copy. The body limit bounds it. Advance the
    /// reader to the end when done.
    /// </summary>
    public static async ValueTask<ReadOnlySequence<byte>> ReadToEndAsync(PipeReader reader, CancellationToken cancellationToken)
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
