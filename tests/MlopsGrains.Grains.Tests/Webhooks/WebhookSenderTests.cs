using System.Net;
using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Webhooks;

public sealed class WebhookSenderTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Delivery_IsSigned_AsAnIndependentVerifierExpects()
    {
        await using var receiver = new HttpReceiver();
        using var sender = Sender();

        var outcome = await sender.Send(Delivery(receiver.Address) with { Secret = "über-secret", Body = """{"entity":"prompt","text":"ä"}""" }, Ct);

        Assert.Equal((true, 200, "heard"), (outcome.Success, outcome.Status, outcome.ResponseBody));
        var got = Assert.Single(receiver.All);
        Assert.Equal("application/json; charset=utf-8", got.Headers["Content-Type"]);
        Assert.Equal("""{"entity":"prompt","text":"ä"}""", got.Body);
        var id = got.Headers["X-MLflow-Delivery-Id"];
        var timestamp = got.Headers["X-MLflow-Timestamp"];
        Assert.InRange(long.Parse(timestamp, System.Globalization.CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        Assert.Equal("v1," + Convert.ToBase64String(HmacByItsDefinition("über-secret", $"{id}.{timestamp}.{got.Body}")), got.Headers["X-MLflow-Signature"]);
    }

    /// <summary>Computed by OpenSSL.</summary>
    [Fact]
    public void Signature_IsTheKnownOne() => Assert.Equal(
        "v1,sIrXcEkPuqIHyaJfDLDaMsQ2Vib0+ce81YglTtXdwrs=", WebhookSignature.Sign("top-secret", "0191e2c4-0000-7000-8000-000000000001", "1700000000", """{"entity":"model_version","action":"created"}"""));

    [Fact]
    public async Task WithoutSecret_NothingIsSigned()
    {
        await using var receiver = new HttpReceiver();
        using var sender = Sender();

        await sender.Send(Delivery(receiver.Address), Ct);

        Assert.DoesNotContain("X-MLflow-Signature", receiver.All[0].Headers.Keys);
    }

    [Theory]
    [InlineData(200, true, false)]
    [InlineData(204, true, false)]
    [InlineData(302, false, false)]
    [InlineData(400, false, false)]
    [InlineData(404, false, false)]
    [InlineData(429, false, true)]
    [InlineData(500, false, true)]
    [InlineData(503, false, true)]
    public async Task Answer_DecidesWhetherItIsTriedAgain(int status, bool success, bool mayRetry)
    {
        await using var receiver = new HttpReceiver { Status = _ => status };
        receiver.Headers["Location"] = receiver.Address + "elsewhere";
        receiver.Headers["Retry-After"] = "7";
        using var sender = Sender();

        var outcome = await sender.Send(Delivery(receiver.Address), Ct);

        Assert.Equal((success, mayRetry, status), (outcome.Success, outcome.MayRetry, outcome.Status));
        Assert.Equal(success ? null : TimeSpan.FromSeconds(7), outcome.RetryAfter);
        Assert.Equal("/", Assert.Single(receiver.All).Path);
    }

    [Fact]
    public async Task NobodyThere_AndNoAnswerInTime_AreTriedAgain()
    {
        var never = new TaskCompletionSource();
        await using var receiver = new HttpReceiver { Gate = never.Task };
        using var sender = Sender(o => o.AttemptTimeout = TimeSpan.FromSeconds(1));

        var silent = await sender.Send(Delivery(receiver.Address), Ct);
        var absent = await sender.Send(Delivery(new Uri($"http://127.0.0.1:{FreePort.Next()}/")), Ct);
        never.SetResult();

        Assert.Equal((false, true), (silent.Success, silent.MayRetry));
        Assert.Contains("1 s", silent.Error, StringComparison.Ordinal);
        Assert.Equal((false, true), (absent.Success, absent.MayRetry));
        Assert.NotNull(absent.Error);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("8.8.8.8,127.0.0.1")]
    [InlineData("::1")]
    [InlineData("::ffff:169.254.169.254")]
    public async Task NameThatLeadsToAPrivateAddress_IsRefusedForGood(string addresses)
    {
        await using var receiver = new HttpReceiver();
        var asked = 0;
        using var sender = new WebhookSender(new WebhookOptions { AllowHttp = true }, TimeProvider.System, (_, _) =>
        {
            asked++;
            return Task.FromResult(addresses.Split(',').Select(IPAddress.Parse).ToArray());
        });

        var outcome = await sender.Send(Delivery(new Uri($"http://public.example:{receiver.Address.Port}/")), Ct);

        Assert.Equal((false, false, 1), (outcome.Success, outcome.MayRetry, asked));
        Assert.Contains("private", outcome.Error, StringComparison.Ordinal);
        Assert.Empty(receiver.All);
    }

    [Fact]
    public async Task PrivateAddressInTheUrl_IsRefusedToo()
    {
        await using var receiver = new HttpReceiver();
        using var sender = Sender(o => o.AllowPrivateTargets = false);

        Assert.False((await sender.Send(Delivery(receiver.Address), Ct)).MayRetry);
        Assert.Empty(receiver.All);
    }

    private static WebhookSender Sender(Action<WebhookOptions>? configure = null)
    {
        var options = new WebhookOptions { AllowHttp = true, AllowPrivateTargets = true };
        configure?.Invoke(options);
        return new WebhookSender(options, TimeProvider.System, Dns.GetHostAddressesAsync);
    }

    private static LeasedDelivery Delivery(Uri url) => new(1, Guid.NewGuid().ToString(), url.AbsoluteUri, null, "{}");

    /// <summary>RFC 2104, from the hash alone.</summary>
    private static byte[] HmacByItsDefinition(string secret, string text)
    {
        var key = new byte[64];
        Encoding.UTF8.GetBytes(secret).CopyTo(key, 0);
        var inner = SHA256.HashData([.. key.Select(b => (byte)(b ^ 0x36)), .. Encoding.UTF8.GetBytes(text)]);
        return SHA256.HashData([.. key.Select(b => (byte)(b ^ 0x5c)), .. inner]);
    }
}
