using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;

namespace MlopsGrains.Client;

/// <summary>The client's own traces and metrics, for <c>AddSource</c> and <c>AddMeter</c> of OpenTelemetry.</summary>
public static class ClientTelemetry
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "MlopsGrains.Client";

    private static readonly string? Version = Assembly.GetExecutingAssembly().GetName().Version?.ToString(3);

    private static readonly Meter Meter = new(Name, Version);

    internal static ActivitySource Source { get; } = new(Name, Version);

    internal static Counter<long> Batches { get; } = Meter.CreateCounter<long>("mlops.client.batches", "{batch}", "Batches that the platform stored.");

    internal static Counter<long> Dropped { get; } = Meter.CreateCounter<long>("mlops.client.dropped", "{entry}", "Entries that made room because the buffer was full.");

    internal static Counter<long> Refused { get; } = Meter.CreateCounter<long>("mlops.client.refused", "{entry}", "Entries that the platform refused.");

    internal static Counter<long> Spooled { get; } = Meter.CreateCounter<long>("mlops.client.spooled", "{batch}", "Batches that went to the spool.");

    internal static Histogram<double> BatchSeconds { get; } =
        Meter.CreateHistogram<double>("mlops.client.batch.duration", "s", "From sending a batch to the platform's answer, with its retries.");
}
