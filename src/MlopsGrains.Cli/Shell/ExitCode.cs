using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Shell;

/// <summary>What the process says to a script. The table is the only one: help and docs show it.</summary>
internal static class ExitCode
{
    public const int Passed = 0;
    public const int GateFailed = 1;
    public const int Usage = 2;
    public const int RunFailed = 3;
    public const int ApprovalRejected = 4;
    public const int WaitTimedOut = 5;
    public const int NoData = 6;
    public const int Fault = 70;
    public const int Cancelled = 130;

    public static IReadOnlyList<(int Code, string Meaning)> Table { get; } =
    [
        (Passed, "Done, or the check passed."),
        (GateFailed, "A gate, a check or a verification said no."),
        (Usage, "The command line, a file or a request is wrong, names what is not there, or may not do this."),
        (RunFailed, "A step or a run failed, or the server could not be reached or could not answer."),
        (ApprovalRejected, "A person rejected it, or nobody approved in time."),
        (WaitTimedOut, "The wait timed out; the run goes on."),
        (NoData, "There is nothing to judge yet."),
        (Fault, "A fault of mlops itself; --verbose shows where."),
        (Cancelled, "Stopped by Ctrl-C, or the pipeline run was cancelled."),
    ];

    public static int Of(MlopsException e) => e.Kind is ErrorKind.Unavailable or ErrorKind.Overloaded or ErrorKind.DataLoss ? RunFailed : Usage;
}
