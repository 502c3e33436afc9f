using System.Diagnostics;
using System.Runtime.InteropServices;
using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Server.Hosting.Cluster;

/// <summary>
/// Ends a silo that the others have declared dead, at once and without another word to anybody: its grains live elsewhere by now, and whatever it still did would be done twice.
/// Whoever supervises the process starts it again, and it joins as a new silo.
/// </summary>
internal sealed partial class Eviction(IMembershipTable members, ILocalSiloDetails silo, ILogger<Eviction> logger) : IAfterPause, IFatalErrorHandler
{
    /// <summary>The process's exit code.</summary>
    public const int ExitCode = 3;

    public async Task CheckAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        var table = await members.ReadRowAsync(silo.SiloAddress, cancellationToken);
        if (table.TryGet(silo.SiloAddress)?.Item1.Status is null or SiloStatus.Dead)
        {
            End($"The others declared it dead while it did not run, for {pause.TotalSeconds:F1} s.", null);
        }
    }

    public bool IsUnexpected(Exception exception) => true;

    /// <summary>Orleans' own way of ending takes two seconds, in which it goes on serving, and leaves a core dump.</summary>
    public void OnFatalException(object? sender, string? context, Exception? exception) => End(context ?? $"{sender} failed.", exception);

    /// <summary>Nothing may run on: neither finalizers nor the host's shutdown, which would wait for calls that must not be made any more.</summary>
    private void End(string reason, Exception? exception)
    {
        Ends(logger, silo.SiloAddress, reason, exception);

        // The log's own thread writes within this time; calls and writes are held or refused meanwhile.
        Thread.Sleep(100);
        if (!OperatingSystem.IsWindows())
        {
            ExitNow(ExitCode);
        }

        Process.GetCurrentProcess().Kill();
    }

    [DllImport("libc", EntryPoint = "_exit"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ExitNow(int code);

    [LoggerMessage(LogLevel.Critical, "Silo {Silo} is no member of its cluster any more. The process ends with exit code 3, so that its supervisor starts it again. {Reason}")]
    private static partial void Ends(ILogger logger, SiloAddress silo, string reason, Exception? exception);
}
