using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Grains.Webhooks;

/// <summary>
/// Sends one attempt. The connection goes to the very address that was checked, so that a name which resolves to another one a moment later leads nowhere;
/// redirects and proxies are not followed.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    private const int ResponseBytesMax = 4 * 1024;

    private readonly WebhookOptions options;
    private readonly TimeProvider time;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> resolve;
    private readonly HttpClient http;

    public WebhookSender(IOptions<WebhookOptions> options, TimeProvider time)
        : this(options.Value, time, Dns.GetHostAddressesAsync)
    {
    }

    internal WebhookSender(WebhookOptions options, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        (this.options, this.time, this.resolve) = (options, time, resolve);
        http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = Connect,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxConnectionsPerServer = options.ParallelPerWebhook * 4,
            ActivityHeadersPropagator = null,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public async Task<DeliveryOutcome> Send(LeasedDelivery delivery, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.AttemptTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = Request(delivery);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            var status = (int)response.StatusCode;
            var body = await Beginning(response, both.Token);
            return response.IsSuccessStatusCode
                ? new DeliveryOutcome(true, false, status, body)
                : new DeliveryOutcome(false, status is 408 or 429 or >= 500, status, body, RetryAfter: RetryAfter(response));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new DeliveryOutcome(false, true, Error: $"There was no answer within {options.AttemptTimeout.TotalSeconds:0.#} s.");
        }
        catch (HttpRequestException e) when (Refused(e) is { } refused)
        {
            return new DeliveryOutcome(false, false, Error: refused.Message);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or UriFormatException)
        {
            return new DeliveryOutcome(false, true, Error: e.InnerException?.Message is { Length: > 0 } inner ? $"{e.Message}: {inner}" : e.Message);
        }
    }

    public void Dispose() => http.Dispose();

    private HttpRequestMessage Request(LeasedDelivery delivery)
    {
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = new HttpRequestMessage(HttpMethod.Post, delivery.Url) { Content = new StringContent(delivery.Body, Encoding.UTF8, "application/json") };
        request.Headers.UserAgent.ParseAdd("MlopsGrains");
        request.Headers.Add("X-MLflow-Delivery-Id", delivery.DeliveryId);
        request.Headers.Add("X-MLflow-Timestamp", timestamp);
        if (delivery.Secret is { } secret)
        {
            request.Headers.Add("X-MLflow-Signature", WebhookSignature.Sign(secret, delivery.DeliveryId, timestamp, delivery.Body));
        }

        return request;
    }

    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var addresses = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await resolve(host, cancellationToken);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        if (!options.AllowPrivateTargets && !Array.TrueForAll(addresses, PublicAddress.IsPublic))
        {
            throw new RefusedTargetException($"'{host}' leads to a private, loopback or link-local address; this server does not deliver to those (Webhooks:AllowPrivateTargets).");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow(),
        _ => null,
    };

    private static async Task<string> Beginning(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[ResponseBytesMax];
        var read = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(bytes, 0, read);
    }

    private static RefusedTargetException? Refused(Exception e)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is RefusedTargetException refused)
            {
                return refused;
            }
        }

        return null;
    }

    private sealed class RefusedTargetException(string message) : Exception(message);
}
