using System.Diagnostics.Metrics;
using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace MlopsGrains.Server.Hosting;

/// <summary>Structured logs, traces and metrics. Prometheus scrapes <c>/metrics</c>; OTLP export starts when OTEL_EXPORTER_OTLP_ENDPOINT is set.</summary>
internal static class Telemetry
{
    public static string Version { get; } =
        typeof(Telemetry).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0.0.0";

    public static WebApplicationBuilder AddTelemetry(this WebApplicationBuilder builder, ServerSettings settings)
    {
        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error).AddFilter("Microsoft.Orleans", LogLevel.Warning).AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        if (Console.IsOutputRedirected)
        {
            builder.Logging.AddJsonConsole(o => o.UseUtcTimestamp = true);
        }
        else
        {
            builder.Logging.AddSimpleConsole(o => o.SingleLine = true);
        }

        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService("mlopsgrains", serviceVersion: Version)
                .AddAttributes([new("mlops.role", settings.Role.ToString().ToLowerInvariant())]))
            .WithMetrics(metrics => metrics
                .AddMeter("Microsoft.Orleans", "MlopsGrains.*")
                .AddView(LimitSeries)
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddPrometheusExporter())
            .WithTracing(traces => traces
                .AddSource("Microsoft.Orleans.*", "MlopsGrains.*")
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation());
        if (!string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry.UseOtlpExporter();
        }

        return builder;
    }

    /// <summary>The exporter reserves room for every possible series of an instrument at once. Orleans' two hundred instruments have few series each: 50 MiB less.</summary>
    private static MetricStreamConfiguration? LimitSeries(Instrument instrument) =>
        instrument.Meter.Name == "Microsoft.Orleans" ? new MetricStreamConfiguration { CardinalityLimit = 64 } : null;
}
