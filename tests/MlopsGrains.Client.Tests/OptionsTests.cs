using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Client.Tests;

public sealed class OptionsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Create_WithFaults_NamesEachSetting()
    {
        var options = new MlopsGrainsClientOptions
        {
            BaseAddress = new Uri("ftp://x"), ApiKey = "two words", Timeout = TimeSpan.Zero, RetryCountMax = -1, RetryDelayMax = TimeSpan.FromDays(1),
        };

        var e = Assert.Throws<ArgumentException>(() => MlopsGrainsClient.Create(options));

        Assert.All(["BaseAddress", "ApiKey", "Timeout", "RetryCountMax", "RetryDelayMax"], s => Assert.Contains($"MlopsGrains:{s} ", e.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("two words", e.Message, StringComparison.Ordinal); // A key is a secret, also a wrong one.
    }

    [Theory]
    [InlineData("a:b", "p", null, "User must have")]
    [InlineData("ada", null, null, "go together")]
    [InlineData(null, "p", null, "go together")]
    [InlineData("ada", "p", "key", "two ways to sign in")]
    public void SignIn_WithFaults_NamesThem(string? user, string? password, string? key, string fault)
    {
        var e = Assert.Throws<ArgumentException>(() => MlopsGrainsClient.Create(new MlopsGrainsClientOptions { User = user, Password = password, ApiKey = key }));

        Assert.Contains(fault, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task User_IsSentByBasicAuthentication()
    {
        var gateway = new StubGateway().Then(System.Net.HttpStatusCode.OK, """{"name":"ada","kind":"user","isAdministrator":false}""");
        using var client = gateway.Connect(configure: o => (o.User, o.Password) = ("ada", "pässword"));

        var caller = await client.WhoAmIAsync(Cancel);

        Assert.Equal(("ada", "user", false), (caller.Name, caller.Kind, caller.IsAdministrator));
        Assert.Equal("Basic " + Convert.ToBase64String("ada:pässword"u8), gateway.Requests[0].Authorization);
    }

    [Fact]
    public void Tracking_WithFaults_NamesEachSetting()
    {
        var tracking = new TrackingOptions
        {
            BatchEntriesMax = 1001, BatchAgeMax = TimeSpan.Zero, BufferEntriesMax = 10, WhenFull = (BufferFull)7, FlushTimeout = TimeSpan.Zero, SpoolDirectory = "",
            SpoolBytesMax = 1, SystemMetricsInterval = TimeSpan.FromMilliseconds(1), Offline = (OfflineStart)7,
        };

        var e = Assert.Throws<ArgumentException>(() => MlopsGrainsClient.Create(new MlopsGrainsClientOptions { Tracking = tracking }));

        Assert.All(
            ["BatchEntriesMax", "BatchAgeMax", "BufferEntriesMax", "WhenFull", "FlushTimeout", "SpoolDirectory", "SpoolBytesMax", "SystemMetricsInterval", "Offline"],
            s => Assert.Contains($"MlopsGrains:Tracking:{s} ", e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void OfflineStart_WithoutASpool_IsAFault()
    {
        var options = new MlopsGrainsClientOptions { Tracking = new TrackingOptions { Offline = OfflineStart.Auto } };

        Assert.Contains("MlopsGrains:Tracking:Offline is Auto and needs MlopsGrains:Tracking:SpoolDirectory", Assert.Throws<ArgumentException>(() => MlopsGrainsClient.Create(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_WithFaults_DoesNotStart()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddMlopsGrainsClient(o => o.RetryCountMax = 21);
        using var host = builder.Build();

        var e = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Cancel));

        Assert.Contains("MlopsGrains:RetryCountMax is 21; expected 0–20.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Registered_ReadsConfiguration_CodeWins()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["MlopsGrains:BaseAddress"] = "https://mlops.test/a", ["MlopsGrains:Timeout"] = "00:00:09", ["MlopsGrains:Tracking:WhenFull"] = "DropOldest" });
        builder.Services.AddMlopsGrainsClient(o => o.Timeout = TimeSpan.FromSeconds(5));
        using var host = builder.Build();

        Assert.Equal("https://mlops.test/a/", host.Services.GetRequiredService<MlopsGrainsClient>().BaseAddress.AbsoluteUri);
        var options = host.Services.GetRequiredService<IOptions<MlopsGrainsClientOptions>>().Value;
        Assert.Equal((TimeSpan.FromSeconds(5), BufferFull.DropOldest), (options.Timeout, options.Tracking.WhenFull));
    }

    [Fact]
    public async Task Registered_WithoutConfiguration_TakesHandlers()
    {
        using var gateway = new StubGateway().Then(System.Net.HttpStatusCode.OK, """{"version":"1","role":"all","storage":"sqlite"}""");
        var services = new ServiceCollection();
        services.AddMlopsGrainsClient().ConfigurePrimaryHttpMessageHandler(() => gateway);
        await using var provider = services.BuildServiceProvider();

        Assert.Equal(new ServerInfo("1", "all", "sqlite"), await provider.GetRequiredService<MlopsGrainsClient>().GetInfoAsync(Cancel));
    }
}
