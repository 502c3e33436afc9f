using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Shell;

/// <summary>What the process says to a script.</summary>
internal static class ExitCode
{
    /// <summary>Done, or the check passed.</summary>
    public const int Passed = 0;

    /// <summary>A gate, a check or a verification said no.</summary>
    public const int GateFailed = 1;

    /// <summary>The command line or a definition is wrong, or names something that is not there.</summary>
    public const int Usage = 2;

    /// <summary>A step failed, or the server could not be reached or could not answer.</summary>
    public const int RunFailed = 3;

    /// <summary>A person rejected it, or nobody approved in time.</summary>
    public const int ApprovalRejected = 4;

    /// <summary>The wait timed out; the run goes on.</summary>
    public const int WaitTimedOut = 5;

    /// <summary>There is nothing to judge yet.</summary>
    public const int NoData = 6;

    /// <summary>Cancelled.</summary>
    public const int Cancelled = 130;

    public static int Of(MlopsException e) => e.Kind is ErrorKind.Unavailable or ErrorKind.Overloaded ? RunFailed : Usage;
}
