using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;

namespace MlopsGrains.Client.Experiments.Context;

/// <summary>
/// Reads processor, memory, collector, disk, network and NVIDIA graphics figures. Names and units are MLflow's where it has one; megabytes are 10⁶ bytes.
/// Network and collector figures count from the first sample.
/// </summary>
internal sealed class MachineProbe(TimeProvider time) : IDisposable
{
    private const double Megabyte = 1e6;
    private static readonly TimeSpan GpuTimeout = TimeSpan.FromSeconds(5);

    private readonly Process process = Process.GetCurrentProcess();
    private readonly (long Received, long Sent) networkAtStart = Network();
    private readonly int[] collectionsAtStart = [GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2)];
    private (long Busy, long Total) cores = Cores();
    private (TimeSpan Used, long At) own = (Environment.CpuUsage.TotalTime, time.GetTimestamp());
    private bool hasGpu = true;

    public async Task<IReadOnlyDictionary<string, double>> ReadAsync(CancellationToken cancellationToken)
    {
        var sample = new Dictionary<string, double>(StringComparer.Ordinal);
        ReadProcessor(sample);
        ReadMemory(sample);
        ReadDisk(sample);
        var (received, sent) = Network();
        sample["system/network_receive_megabytes"] = (received - networkAtStart.Received) / Megabyte;
        sample["system/network_transmit_megabytes"] = (sent - networkAtStart.Sent) / Megabyte;
        if (hasGpu)
        {
            await ReadGpuAsync(sample, cancellationToken);
        }

        return sample;
    }

    public void Dispose() => process.Dispose();

    private void ReadProcessor(Dictionary<string, double> sample)
    {
        var now = (Used: Environment.CpuUsage.TotalTime, At: time.GetTimestamp());
        var elapsed = time.GetElapsedTime(own.At, now.At);
        if (elapsed > TimeSpan.Zero)
        {
            sample["system/process_cpu_cores"] = (now.Used - own.Used) / elapsed;
        }

        own = now;
        var all = Cores();
        if (all.Total > cores.Total)
        {
            sample["system/cpu_utilization_percentage"] = 100.0 * (all.Busy - cores.Busy) / (all.Total - cores.Total);
        }

        cores = all;
    }

    private void ReadMemory(Dictionary<string, double> sample)
    {
        process.Refresh();
        sample["system/process_memory_megabytes"] = process.WorkingSet64 / Megabyte;
        var collector = GC.GetGCMemoryInfo();
        sample["system/gc_heap_megabytes"] = GC.GetTotalMemory(forceFullCollection: false) / Megabyte;
        sample["system/gc_pause_percentage"] = collector.PauseTimePercentage;
        for (var generation = 0; generation < collectionsAtStart.Length; generation++)
        {
            sample[string.Create(CultureInfo.InvariantCulture, $"system/gc_gen{generation}_collections")] = GC.CollectionCount(generation) - collectionsAtStart[generation];
        }

        var (used, total) = Memory(collector);
        if (total > 0)
        {
            sample["system/system_memory_usage_megabytes"] = used / Megabyte;
            sample["system/system_memory_usage_percentage"] = 100 * used / total;
        }
    }

    private static void ReadDisk(Dictionary<string, double> sample)
    {
        var drive = new DriveInfo(Path.GetPathRoot(Environment.CurrentDirectory)!);
        double used = drive.TotalSize - drive.TotalFreeSpace;
        sample["system/disk_usage_megabytes"] = used / Megabyte;
        sample["system/disk_usage_percentage"] = drive.TotalSize == 0 ? 0 : 100 * used / drive.TotalSize;
        sample["system/disk_available_megabytes"] = drive.AvailableFreeSpace / Megabyte;
    }

    private async Task ReadGpuAsync(Dictionary<string, double> sample, CancellationToken cancellationToken)
    {
        var answer = await ToolProcess.ReadAsync(
            "nvidia-smi", ["--query-gpu=utilization.gpu,memory.used,memory.total,power.draw", "--format=csv,noheader,nounits"], null, 64 * 1024, GpuTimeout, cancellationToken);
        hasGpu = answer is not null;
        var gpu = 0;
        foreach (var line in answer?.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            var cells = line.Split(',', StringSplitOptions.TrimEntries);
            var prefix = string.Create(CultureInfo.InvariantCulture, $"system/gpu_{gpu++}_");
            const double Mebibyte = 1048576;
            if (Number(cells, 0) is { } utilisation)
            {
                sample[prefix + "utilization_percentage"] = utilisation;
            }

            if (Number(cells, 1) is { } used && Number(cells, 2) is { } total and > 0)
            {
                sample[prefix + "memory_usage_megabytes"] = used * Mebibyte / Megabyte;
                sample[prefix + "memory_usage_percentage"] = 100 * used / total;
            }

            if (Number(cells, 3) is { } power)
            {
                sample[prefix + "power_usage_watts"] = power;
            }
        }
    }

    private static double? Number(string[] cells, int index) =>
        index < cells.Length && double.TryParse(cells[index], NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>Ticks of all cores since the machine started; zero where the system does not say.</summary>
    private static (long Busy, long Total) Cores()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (0, 0);
        }

        using var reader = new StreamReader("/proc/stat");
        var ticks = (reader.ReadLine() ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        const int Idle = 3, WaitsForDisk = 4;
        return ticks.Length < 5 ? (0, 0) : (ticks.Sum() - ticks[Idle] - ticks[WaitsForDisk], ticks.Sum());
    }

    private static (double Used, double Total) Memory(GCMemoryInfo collector)
    {
        if (!OperatingSystem.IsLinux())
        {
            return (collector.MemoryLoadBytes, collector.TotalAvailableMemoryBytes);
        }

        double total = 0, available = 0;
        foreach (var line in File.ReadLines("/proc/meminfo"))
        {
            const double Kibibyte = 1024;
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            total = words[0] == "MemTotal:" ? Kibibyte * long.Parse(words[1], CultureInfo.InvariantCulture) : total;
            if (words[0] == "MemAvailable:")
            {
                available = Kibibyte * long.Parse(words[1], CultureInfo.InvariantCulture);
                break;
            }
        }

        return (total - available, total);
    }

    private static (long Received, long Sent) Network()
    {
        long received = 0, sent = 0;
        foreach (var card in NetworkInterface.GetAllNetworkInterfaces().Where(c => c.NetworkInterfaceType != NetworkInterfaceType.Loopback))
        {
            var counts = card.GetIPStatistics();
            received += counts.BytesReceived;
            sent += counts.BytesSent;
        }

        return (received, sent);
    }
}
