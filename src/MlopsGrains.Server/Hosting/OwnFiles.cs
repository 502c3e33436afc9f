using System.Runtime.InteropServices;

namespace MlopsGrains.Server.Hosting;

/// <summary>What the program writes (database, blobs, marks, backups) is for its own user: everybody else on the machine would read it past all permissions.</summary>
internal static class OwnFiles
{
    private const int NobodyElse = 0b000_111_111;

    /// <summary>Folders and files that are made from now on have modes 700 and 600. What is there keeps its own.</summary>
    public static void Begin()
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = SetMask(NobodyElse);
        }
    }

    [DllImport("libc", EntryPoint = "umask"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetMask(int mask);
}
