using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace MlopsGrains.Storage.Damage;

/// <summary>The damage that this process has met, each thing once. It is said in the log when it is met first, and counted by the gauge <c>mlops.storage.damaged</c>.</summary>
public sealed partial class DamageList : IDisposable
{
    /// <summary>More are counted and not kept.</summary>
    public const int ItemsMax = 1000;

    private readonly ConcurrentDictionary<string, StoredDamage> items = new(StringComparer.Ordinal);
    private readonly ILogger logger;
    private readonly Meter? own;

    public DamageList(ILogger<DamageList>? logger = null, IMeterFactory? meters = null)
    {
        this.logger = logger ?? NullLogger<DamageList>.Instance;
        own = meters is null ? new Meter(StorageMetrics.MeterName) : null;
        (meters?.Create(StorageMetrics.MeterName) ?? own!).CreateObservableGauge(
            "mlops.storage.damaged", () => Count, "{thing}", "Stored things that this process found damaged");
    }

    public int Count => items.Count;

    /// <summary>In the order of their keys.</summary>
    public IReadOnlyList<StoredDamage> Items => [.. items.OrderBy(item => item.Key, StringComparer.Ordinal).Select(item => item.Value)];

    /// <summary>Whether it was not known.</summary>
    public bool Report(StoredDamage damage)
    {
        ArgumentNullException.ThrowIfNull(damage);
        if (items.Count >= ItemsMax || !items.TryAdd(damage.Key, damage))
        {
            return false;
        }

        LogDamaged(damage.Place, damage.Name, damage.Entry, damage.Reason);
        return true;
    }

    public void Report(IEnumerable<StoredDamage> some)
    {
        foreach (var one in some)
        {
            Report(one);
        }
    }

    public void Dispose() => own?.Dispose();

    [LoggerMessage(Level = LogLevel.Error, Message = "Stored bytes are damaged: {Place} '{Name}' {Entry}: {Reason} Everything else goes on; see docs/storage.md for what to do")]
    private partial void LogDamaged(string place, string name, string entry, string reason);
}
