using System.Net;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Access;

namespace MlopsGrains.Gateway.Tests.Access;

public sealed class SignInThrottleTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress There = IPAddress.Parse("192.0.2.2");

    private readonly Clock time = new();

    [Fact]
    public void User_HasItsGuesses_FromWhereverTheyCome_AndTheyComeBackWithTime()
    {
        var throttle = Throttle(user: 3, address: 100);
        Assert.All(Enumerable.Range(0, 3), i => Assert.Null(throttle.Take("ada", IPAddress.Parse($"192.0.2.{i}"))));

        Assert.Equal(TimeSpan.FromSeconds(20), throttle.Take("ada", Here));
        Assert.Null(throttle.Take("bob", Here));
        time.Now += TimeSpan.FromSeconds(20);
        Assert.Null(throttle.Take("ada", Here));
        Assert.NotNull(throttle.Take("ada", Here));
    }

    [Fact]
    public void Address_HasItsGuesses_ForWhomeverTheyAre_AndOthersGoOn()
    {
        var throttle = Throttle(user: 100, address: 3);
        Assert.All(Enumerable.Range(0, 3), i => Assert.Null(throttle.Take($"user {i}", Here)));

        Assert.NotNull(throttle.Take("ada", Here));
        Assert.NotNull(throttle.Take("ada", IPAddress.Parse("::ffff:192.0.2.1")));
        Assert.Null(throttle.Take("ada", There));
    }

    [Fact]
    public void AddressesOfOneIPv6Network_AreOne()
    {
        var throttle = Throttle(user: 100, address: 1);
        Assert.Null(throttle.Take("ada", IPAddress.Parse("2001:db8::1")));

        Assert.NotNull(throttle.Take("ada", IPAddress.Parse("2001:db8::ffff:1")));
        Assert.Null(throttle.Take("ada", IPAddress.Parse("2001:db8:0:1::1")));
    }

    [Fact]
    public void RightPassword_CostsNoGuess()
    {
        var throttle = Throttle(user: 1, address: 1);
        Assert.All(Enumerable.Range(0, 20), _ =>
        {
            Assert.Null(throttle.Take("ada", Here));
            throttle.GiveBack("ada", Here);
        });
    }

    [Fact]
    public void RefusedGuess_CostsTheAddressNothing()
    {
        var throttle = Throttle(user: 1, address: 3);
        throttle.Take("ada", Here);
        Assert.All(Enumerable.Range(0, 20), _ => Assert.NotNull(throttle.Take("ada", Here)));

        Assert.Null(throttle.Take("bob", Here));
    }

    [Fact]
    public void Zero_IsNoLimit() => Assert.All(Enumerable.Range(0, 1000), _ => Assert.Null(Throttle(0, 0).Take("ada", Here)));

    private SignInThrottle Throttle(int user, int address) => new(Options.Create(new AuthenticationOptions { FailuresPerUser = user, FailuresPerAddress = address }), time);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.UtcTicks;
    }
}
