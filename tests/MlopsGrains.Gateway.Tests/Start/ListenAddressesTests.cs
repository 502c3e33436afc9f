using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MlopsGrains.Server.Hosting;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Start;

/// <summary>Addresses beyond this machine, however they are given.</summary>
public sealed class ListenAddressesTests
{
    /// <summary>The web server binds every address for any name that it does not know, and only <c>localhost</c> is one that it knows.</summary>
    [Theory]
    [InlineData("http://localhost:5080", true)]
    [InlineData("http://LOCALHOST:5080", true)]
    [InlineData("http://127.0.0.1:5080", true)]
    [InlineData("http://127.1.2.3:5080", true)]
    [InlineData("http://[::1]:5080", true)]
    [InlineData("http://[::ffff:127.0.0.1]:5080", true)]
    [InlineData("http://loopback:5080", false)]
    [InlineData("http://localhost.:5080", false)]
    [InlineData("http://localhost.example.org:5080", false)]
    [InlineData("http://0.0.0.0:5080", false)]
    [InlineData("http://[::]:5080", false)]
    [InlineData("http://10.0.0.5:5080", false)]
    [InlineData("https://ml.example.org", false)]
    public void Url_IsLocal_WhenOnlyThisMachineReachesIt(string url, bool local)
    {
        Assert.Equal(local, !new ServerSettings { Urls = url }.Faults(authenticationConfigured: false).Any());
        Assert.Empty(new ServerSettings { Urls = url }.Faults(authenticationConfigured: true));
    }

    [Theory]
    [InlineData("http://*:0")]
    [InlineData("http://loopback:0")]
    public async Task EndpointOfTheConfiguration_WithoutAuthentication_IsRefused(string url)
    {
        using var directory = new TempDirectory();

        var refused = await Assert.ThrowsAsync<InvalidSettingsException>(() => ServerFixture.StartAsync(directory.Path, builder => builder.Configuration["Kestrel:Endpoints:a:Url"] = url));

        Assert.Contains("other machines can reach, but no authentication is configured", Assert.Single(refused.Faults), StringComparison.Ordinal);
        Assert.Contains("Kestrel:Endpoints", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlainHttpBeyondThisMachine_IsWarnedOf()
    {
        using var directory = new TempDirectory();
        using var log = new Log();
        await using var app = await ServerFixture.StartAsync(directory.Path, builder =>
        {
            builder.Logging.AddProvider(log);
            builder.Configuration["Kestrel:Endpoints:a:Url"] = "http://0.0.0.0:0";
            builder.Configuration["Authentication:ApiKeys:0:Name"] = "ci";
            builder.Configuration["Authentication:ApiKeys:0:KeySha256"] = new string('0', 64);
        });

        Assert.Single(log.Lines, l => l.Contains("is plain HTTP", StringComparison.Ordinal) && l.Contains("0.0.0.0", StringComparison.Ordinal));
        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    private sealed class Log : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
