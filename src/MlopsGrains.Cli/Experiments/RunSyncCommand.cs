using System.CommandLine;
using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli.Experiments;

internal static class RunSyncCommand
{
    public static Command Create(CommandSet set)
    {
        var spool = new Argument<string>("directory") { Description = "The trainers' spool directory." };
        string[] examples = ["mlops runs sync spool", "mlops runs sync /var/spool/training --server http://127.0.0.1:5080 --json"];
        return set.Leaf("sync", "Delivers what trainers left in a spool while the platform was away; again delivers nothing twice.", examples, [spool], async call =>
        {
            var replay = await call.Client.ReplaySpoolAsync(call.Get(spool), call.Cancel);
            call.Show(replay,
                ("platform", call.Client.BaseAddress.ToString()),
                ("delivered", ValueText.Whole(replay.Delivered)),
                ("refused", ValueText.Whole(replay.Refused)),
                ("remaining", ValueText.Whole(replay.Remaining)));
            return replay.Remaining > 0 ? ExitCode.RunFailed : ExitCode.Passed;
        });
    }
}
