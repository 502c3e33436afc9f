using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Http;

namespace MlopsGrains.Gateway.Live;

/// <summary>The feeds that somebody reads in this process, each for as long as it has a reader.</summary>
internal sealed class LiveFeeds(IOptions<GatewayOptions> options, IHostApplicationLifetime lifetime, ILogger<LiveFeeds> logger)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Shared> feeds = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> callers = new(StringComparer.Ordinal);
    private int readers;

    /// <summary>Readers are let go when the server stops.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>Takes a seat at the feed of that name; dispose it to leave.</summary>
    /// <param name="name">Of the feed.</param>
    /// <param name="caller">Who reads; <see langword="null"/> where nobody is asked.</param>
    /// <param name="source">Asks for the feed's events.</param>
    /// <exception cref="MlopsException">All seats are taken (<see cref="ErrorKind.Overloaded"/>).</exception>
    public Seat Join(string name, string? caller, LiveSource source)
    {
        lock (gate)
        {
            if (readers >= options.Value.LiveReadersMax)
            {
                throw MlopsException.Overloaded($"{readers} readers watch live events here; at most {options.Value.LiveReadersMax} (Gateway:LiveReadersMax).");
            }

            var own = caller is null ? 0 : callers.GetValueOrDefault(caller);
            if (own >= options.Value.LiveReadersPerCallerMax)
            {
                throw MlopsException.Overloaded($"You watch live events with {own} readers here; at most {options.Value.LiveReadersPerCallerMax} for one user or key (Gateway:LiveReadersPerCallerMax).");
            }

            if (!feeds.TryGetValue(name, out var shared))
            {
                feeds.Add(name, shared = new Shared(new LiveFeed(source, logger), CancellationTokenSource.CreateLinkedTokenSource(Stopping)));
                shared.Loop = Task.Run(() => shared.Feed.Run(shared.Stop.Token));
            }

            shared.Readers++;
            readers++;
            if (caller is not null)
            {
                callers[caller] = own + 1;
            }

            return new Seat(this, name, caller, shared);
        }
    }

    private async ValueTask Leave(string name, string? caller, Shared shared)
    {
        lock (gate)
        {
            readers--;
            if (caller is not null && --callers[caller] == 0)
            {
                callers.Remove(caller);
            }

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

    internal sealed class Seat(LiveFeeds feeds, string name, string? caller, Shared shared) : IAsyncDisposable
    {
        public LiveFeed Feed => shared.Feed;

        public ValueTask DisposeAsync() => feeds.Leave(name, caller, shared);
    }

    internal sealed class Shared(LiveFeed feed, CancellationTokenSource stop)
    {
        public LiveFeed Feed => feed;

        public CancellationTokenSource Stop => stop;

        public Task Loop { get; set; } = Task.CompletedTask;

        public int Readers { get; set; }
    }
}
