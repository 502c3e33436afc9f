using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Http;

/// <summary>The bytes of request bodies that this process holds in memory, over all requests: many slow senders must not fill it.</summary>
internal sealed class BodyBudget
{
    private readonly long max;
    private readonly Counter<long> refused;
    private long held;

    public BodyBudget(IOptions<GatewayOptions> options, IMeterFactory meters)
    {
        max = options.Value.BufferedBytesMax;
        var meter = meters.Create("MlopsGrains.Gateway");
        meter.CreateObservableGauge("mlops.gateway.bodies.held", () => Held, "{byte}", "Bytes of request bodies that are held in memory.");
        refused = meter.CreateCounter<long>("mlops.gateway.bodies.refused", "{request}", "Requests refused because the bodies of all requests held too many bytes.");
    }

    public long Held => Volatile.Read(ref held);

    public void Take(long bytes)
    {
        if (Interlocked.Add(ref held, bytes) > max)
        {
            Interlocked.Add(ref held, -bytes);
            refused.Add(1);
            throw MlopsException.Overloaded($"The bodies of the requests that are being read have {max} bytes together, the most that are held at a time (Gateway:BufferedBytesMax); try again.");
        }
    }

    public void Return(long bytes) => Interlocked.Add(ref held, -bytes);
}
