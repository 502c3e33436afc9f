using System.Diagnostics.Metrics;
using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MlopsGrains.Server.Hosting;

/// <summary>Traces and metrics. Prometheus scrapes <c>/metrics</c>; traces, and OTLP export of both, begin when OTEL_EXPORTER_OTLP_ENDPOINT is set.</summary>
internal static class Telemetry
{
    public static string Version { get; } =
        typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    /// <summary>Whether traces and metrics are sent somewhere.</summary>
    public static bool HasCollector(IConfiguration configuration) => !string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);

    public static WebApplicationBuilder AddTelemetry(this WebApplicationBuilder builder, ServerSettings settings)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("mlopsgrains", serviceVersion: Version)
                .AddAttributes([new("mlops.role", settings.Role.ToString().ToLowerInvariant())]))
            .WithMetrics(metrics => metrics
                .AddMeter("Microsoft.Orleans", "MlopsGrains.*")
                .AddView(LimitSeries)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddPrometheusExporter());
        if (HasCollector(builder.Configuration))
        {
            // Without a place for them to go to, every request and grain call would make spans for nobody.
            telemetry.WithTracing(traces => traces
                .AddSource("Microsoft.Orleans.*", "MlopsGrains.*")
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation());
            telemetry.UseOtlpExporter();
        }

        return builder;
    }

    /// <summary>The exporter reserves room for every possible series of an instrument at once. Orleans' two hundred instruments have few series each: 50 MiB less.</summary>
    private static MetricStreamConfiguration? LimitSeries(Instrument instrument) =>
        instrument.Meter.Name == "Microsoft.Orleans" ? new MetricStreamConfiguration { CardinalityLimit = 64 } : null;
}
