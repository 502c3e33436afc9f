using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using MlopsGrains.Errors;

namespace MlopsGrains.Client.Http;

/// <summary>
/// Reads server-sent events and connects again where the connection broke, right after the last event. A server that cannot be reached is tried as often as any
/// call that reads; then the enumeration throws.
/// </summary>
internal static class EventSource
{
    /// <summary>The server beats every 15 seconds.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <param name="http">The gateway.</param>
    /// <param name="path">Of the events.</param>
    /// <param name="after">Begin right after this version; from the present when <see langword="null"/>.</param>
    /// <param name="read">Makes an item of an event's type, id and data; <see langword="null"/> for a type that this version does not know.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public static async IAsyncEnumerable<T> ReadAsync<T>(
        GatewayHttp http, string path, long? after, Func<string, long, byte[], T?> read, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            await using (var stream = new WatchedStream(await http.OpenAsync(path + GatewayPath.Query(("lastEventId", after)), cancellationToken), SilenceMax, time))
            {
                var parser = SseParser.Create(stream, static (_, data) => data.ToArray());
                await using var events = parser.EnumerateAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
                while (await HasNextAsync(events, cancellationToken))
                {
                    var id = long.TryParse(parser.LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var given)
                        ? given
                        : throw new MlopsException(ErrorKind.NotSupported, $"The events of {path} have no numbers; this client version cannot follow them.");
                    after = id;
                    if (read(events.Current.EventType, id, events.Current.Data) is { } item)
                    {
                        yield return item;
                    }
                }
            }

            await Task.Delay(Pause, time, cancellationToken);
        }
    }

    private static async Task<bool> HasNextAsync(IAsyncEnumerator<SseItem<byte[]>> events, CancellationToken cancellationToken)
    {
        try
        {
            return await events.MoveNextAsync();
        }
        catch (Exception e) when (e is IOException or HttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            return false; // Broken, or silent for too long: connect again.
        }
    }
}
