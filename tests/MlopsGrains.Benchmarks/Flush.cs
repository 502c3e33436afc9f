using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MlopsGrains.Benchmarks;

/// <summary>What the disk's flush costs, since the gain of a group commit depends on it.</summary>
internal static class Flush
{
    private const int Flushes = 400;
    private const int BlockBytes = 8192;

    /// <summary>The median time of an fdatasync after a block was written over in place, as a write-ahead log does.</summary>
    public static TimeSpan Measure(string path)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite);
        var block = new byte[BlockBytes];
        for (var i = 0; i < Flushes; i++)
        {
            RandomAccess.Write(file, block, (long)i * BlockBytes);
        }

        RandomAccess.FlushToDisk(file);
        var times = new TimeSpan[Flushes];
        for (var i = 0; i < Flushes; i++)
        {
            RandomAccess.Write(file, block, (long)i * BlockBytes);
            var started = Stopwatch.GetTimestamp();
            if (fdatasync(file) != 0)
            {
                throw new IOException($"fdatasync failed with {Marshal.GetLastPInvokeError()}");
            }

            times[i] = Stopwatch.GetElapsedTime(started);
        }

        Array.Sort(times);
        return times[Flushes / 2];
    }

    /// <summary>Sleeps for less than a millisecond, which .NET's own sleep cannot.</summary>
    public static void Wait(TimeSpan time) => _ = usleep((uint)time.TotalMicroseconds);

#pragma warning disable IDE1006, SYSLIB1054, CA5392 // The C library's names; two calls without marshalling need no generator.
    [DllImport("libc", SetLastError = true)]
    private static extern int fdatasync(SafeHandle file);

    [DllImport("libc")]
    private static extern int usleep(uint microseconds);
#pragma warning restore IDE1006, SYSLIB1054, CA5392
}
