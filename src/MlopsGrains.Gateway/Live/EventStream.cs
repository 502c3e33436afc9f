using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;

namespace MlopsGrains.Gateway.Live;

/// <summary>Answers server-sent events until the reader leaves, is cut off for taking nothing, may not see them any more, or the server stops.</summary>
internal static class EventStream
{
    private static readonly byte[] Retry = "retry: 1000\n\n"u8.ToArray();
    private static readonly byte[] Beat = ": beat\n\n"u8.ToArray();
    /// <summary>With what a gateway remembers of levels (2 s), a right that is gone ends the stream within 5 s.</summary>
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(15);

    public static LiveFrame Frame(long version, string name, ReadOnlySpan<byte> json)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {version}\nevent: {name}\ndata: "));
        return new LiveFrame(version, [.. head, .. json, (byte)'\n', (byte)'\n']);
    }

    /// <param name="context">Its headers may say from where to go on.</param>
    /// <param name="feedName">The same for every reader of one thing.</param>
    /// <param name="source">Throws before the answer begins when there is no such thing.</param>
    public static async Task Answer(HttpContext context, string feedName, LiveSource source)
    {
        var feeds = context.RequestServices.GetRequiredService<LiveFeeds>();
        var options = context.RequestServices.GetRequiredService<IOptions<GatewayOptions>>().Value;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, feeds.Stopping);
        var answer = await source(LastVersion(context.Request), TimeSpan.Zero, end.Token);
        await using var seat = feeds.Join(feedName, context.Features.Get<Caller>()?.Principal, source);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(end.Token);
        var guard = GuardAsync(context, end, left.Token);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await Write(context, options, Retry, end.Token);
            await Follow(context, options, seat.Feed, source, answer, end.Token);
        }
        catch (OperationCanceledException)
        {
            // The reader left, was cut off, may not see it any more, or the server stops.
        }

        await left.CancelAsync();
        await guard;
    }

    /// <summary>Ends the stream when the caller could not open it any more, or nobody can tell.</summary>
    private static async Task GuardAsync(HttpContext context, CancellationTokenSource end, CancellationToken left)
    {
        try
        {
            while (await context.StillMayAsync(left))
            {
                await Task.Delay(CheckEvery, left);
            }
        }
        catch (OperationCanceledException) when (left.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is MlopsException or TimeoutException or OrleansException)
        {
            // The reader comes again and is asked afresh.
        }

        await end.CancelAsync();
    }

    private static async Task Follow(HttpContext context, GatewayOptions options, LiveFeed feed, LiveSource source, LiveAnswer answer, CancellationToken end)
    {
        while (true)
        {
            foreach (var frame in answer.Frames)
            {
                await Write(context, options, frame.Bytes, end);
            }

            var next = feed.Next;
            if (feed.After(answer.Version) is not { } frames)
            {
                answer = await source(answer.Version, TimeSpan.Zero, end);
            }
            else if (frames.Count > 0)
            {
                answer = new LiveAnswer(frames[^1].Version, frames);
            }
            else
            {
                answer = answer with { Frames = [] };
                if (await Task.WhenAny(next, Task.Delay(BeatEvery, end)) != next)
                {
                    end.ThrowIfCancellationRequested();
                    await Write(context, options, Beat, end);
                }
            }
        }
    }

    private static async Task Write(HttpContext context, GatewayOptions options, byte[] bytes, CancellationToken end)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(end);
        patience.CancelAfter(options.LiveWriteTimeout);
        try
        {
            await context.Response.BodyWriter.WriteAsync(bytes, patience.Token);
        }
        catch (OperationCanceledException) when (!end.IsCancellationRequested)
        {
            context.Abort();
            throw;
        }
    }

    private static long? LastVersion(HttpRequest request)
    {
        var text = request.Headers["Last-Event-ID"] is [{ Length: > 0 } header] ? header : request.Query["lastEventId"] is [{ Length: > 0 } query] ? query : null;
        return text is null ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version
            : throw MlopsException.Invalid("Last-Event-ID", "Last-Event-ID must be an id that this stream gave out, a whole number.");
    }
}
