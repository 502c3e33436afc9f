using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Http;

/// <summary>The feeds that somebody reads in this process, each for as long as it has a reader.</summary>
internal sealed class LiveFeeds(IOptions<GatewayOptions> options, IHostApplicationLifetime lifetime, ILogger<LiveFeeds> logger)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Shared> feeds = new(StringComparer.Ordinal);
    private int readers;

    /// <summary>Readers are let go when the server stops.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>Takes a seat at the feed of that name; dispose it to leave.</summary>
    /// <exception cref="MlopsException">All seats are taken (<see cref="ErrorKind.Overloaded"/>).</exception>
    public Seat Join(string name, LiveSource source)
    {
        lock (gate)
        {
            if (readers >= options.Value.LiveReadersMax)
            {
                throw MlopsException.Overloaded($"{readers} readers watch live events here; at most {options.Value.LiveReadersMax} (Gateway:LiveReadersMax).");
            }

            if (!feeds.TryGetValue(name, out var shared))
            {
                feeds.Add(name, shared = new Shared(new LiveFeed(source, logger), CancellationTokenSource.CreateLinkedTokenSource(Stopping)));
                shared.Loop = Task.Run(() => shared.Feed.Run(shared.Stop.Token));
            }

            shared.Readers++;
            readers++;
            return new Seat(this, name, shared);
        }
    }

    private async ValueTask Leave(string name, Shared shared)
    {
        lock (gate)
        {
            readers--;
            if (--shared.Readers > 0)
            {
                return;
            }

            feeds.Remove(name);
        }

        await shared.Stop.CancelAsync();
        await shared.Loop;
        shared.Stop.Dispose();
    }

    internal sealed class Seat(LiveFeeds feeds, string name, Shared shared) : IAsyncDisposable
    {
        public LiveFeed Feed => shared.Feed;

        public ValueTask DisposeAsync() => feeds.Leave(name, shared);
    }

    internal sealed class Shared(LiveFeed feed, CancellationTokenSource stop)
    {
        public LiveFeed Feed => feed;

        public CancellationTokenSource Stop => stop;

        public Task Loop { get; set; } = Task.CompletedTask;

        public int Readers { get; set; }
    }
}
