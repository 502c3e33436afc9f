using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Experiments;

namespace MlopsGrains.Cli.Experiments;

internal static class GcCommand
{
    public static Command Create(CommandSet set)
    {
        var olderThan = new Option<TimeSpan?>("--older-than") { Description = "Deleted at least this long ago (0s, 12h, 90d); the server's setting (30d) when left out.", HelpName = "duration", CustomParser = ValueText.Age };
        var dryRun = new Option<bool>("--dry-run") { Description = "Counts what would go and removes nothing." };
        var yes = CommandSet.YesOption();
        string[] examples = ["mlops gc --dry-run", "mlops gc --older-than 90d --yes --json"];
        return set.Leaf("gc", "Removes deleted runs, logged models and experiments for good, and bytes that nothing has named for a day or longer.", examples, [olderThan, dryRun, yes], async call =>
        {
            if (!call.Get(dryRun))
            {
                await call.ConfirmAsync(yes, "What was deleted is removed for good.");
                call.WhenStopped = "stopped; what was removed until now stays removed.";
            }

            RetentionStep? total = null;
            await foreach (var step in call.Client.Retention.CollectAsync(call.Get(olderThan), call.Get(dryRun), call.Cancel))
            {
                total = step with
                {
                    Runs = step.Runs + (total?.Runs ?? 0),
                    LoggedModels = step.LoggedModels + (total?.LoggedModels ?? 0),
                    ArtifactFiles = step.ArtifactFiles + (total?.ArtifactFiles ?? 0),
                    Experiments = step.Experiments + (total?.Experiments ?? 0),
                    BlobsRemoved = step.BlobsRemoved + (total?.BlobsRemoved ?? 0),
                    BlobBytesFreed = step.BlobBytesFreed + (total?.BlobBytesFreed ?? 0),
                    Skipped = step.Skipped is null || total?.Skipped is null ? step.Skipped ?? total?.Skipped : [.. total.Skipped.Concat(step.Skipped).Take(RetentionStep.SkippedMax)],
                };
            }

            return call.Show(total!,
                ("dry run", total!.DryRun ? "yes" : "no"),
                ("deleted before", ValueText.Time(total.DeletedBefore)),
                ("runs", ValueText.Whole(total.Runs)),
                ("logged models", ValueText.Whole(total.LoggedModels)),
                ("artifact files", total.DryRun ? null : ValueText.Whole(total.ArtifactFiles)),
                ("experiments", ValueText.Whole(total.Experiments)),
                ("blobs removed", total.DryRun ? null : ValueText.Whole(total.BlobsRemoved)),
                ("blob bytes freed", total.DryRun ? null : ValueText.Whole(total.BlobBytesFreed)),
                ("blobs that may go later", ValueText.Whole(total.BlobCandidates)),
                ("could not be removed", total.Skipped is null ? null : string.Join("; ", total.Skipped)));
        });
    }
}
