namespace MlopsGrains.Server.Hosting;

/// <summary>The log: lines for people on a terminal, JSON elsewhere; each with its time.</summary>
internal static class LogSetup
{
    public static void AddLog(this WebApplicationBuilder builder, bool verbose)
    {
        if (verbose)
        {
            builder.Logging.SetMinimumLevel(LogLevel.Debug);
        }
        else
        {
            builder.Logging.AddQuiet(builder.Services);
        }

        if (Console.IsOutputRedirected)
        {
            builder.Logging.AddJsonConsole(o =>
            {
                o.UseUtcTimestamp = true;
                o.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }
        else
        {
            builder.Logging.AddSimpleConsole(o =>
            {
                o.SingleLine = true;
                o.TimestampFormat = "yyyy-MM-dd HH:mm:ss.fff ";
            });
        }
    }

    /// <summary>
    /// Leaves out what tells an operator nothing. Orleans places grains through Polly, which would write two lines for each grain that wakes up, and it warns with a
    /// trace of everything that a grain refuses, which whoever called the grain answers or logs. The host's own lines are said better by the banner, and a start
    /// that fails is told as sentences.
    /// </summary>
    private static void AddQuiet(this ILoggingBuilder logging, IServiceCollection services)
    {
        var started = new StartedFlag();
        services.AddHostedService(provider => started.Watch(provider.GetRequiredService<IHostApplicationLifetime>()));
        logging.AddFilter("Polly", LogLevel.Warning)
            .AddFilter("Orleans", level => level >= LogLevel.Warning && started.IsSet)
            .AddFilter("Orleans.Grain.InvokeException", LogLevel.Error)
            .AddFilter("Orleans.Runtime.Silo", level => level >= LogLevel.Error && started.IsSet)
            .AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error)
            .AddFilter("Microsoft.Orleans", level => level >= LogLevel.Warning && started.IsSet)
            .AddFilter("Microsoft.Extensions.Hosting", level => level >= LogLevel.Information && started.IsSet)
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore", level => level >= LogLevel.Warning && started.IsSet);
    }

    private sealed class StartedFlag : IHostedService
    {
        public bool IsSet { get; private set; }

        public StartedFlag Watch(IHostApplicationLifetime lifetime)
        {
            lifetime.ApplicationStarted.Register(() => IsSet = true);
            return this;
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
