using System.CommandLine;
using System.Text.Json;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Governance;

namespace MlopsGrains.Cli.Governance;

internal static class AuditCommands
{
    public static Command Create(CommandSet set) => set.Group("audit", "The hash-chained record of every change.", Verify(set), Events(set));

    private static Command Verify(CommandSet set)
    {
        var file = new Option<FileInfo>("--file") { Description = "Verifies an export (mlops audit events --json) instead of asking the server.", HelpName = "path" };
        file.AcceptExistingOnly();
        string[] examples = ["mlops audit verify", "mlops audit verify --file audit.json"];
        return set.Leaf("verify", "Recomputes every hash on this machine; exit code 1 when the chain is broken.", examples, [file], async call =>
        {
            var verification = call.Get(file) is { } export ? await VerifyAsync(export, call.Cancel) : await call.Client.Audit.VerifyAsync(call.Cancel);
            call.Show(verification,
                ("valid", verification.Valid ? "yes" : "no"),
                ("events", ValueText.Whole(verification.Events)),
                ("head", verification.HeadHash),
                ("waiting", verification.Waiting is not { } waiting ? null : waiting.Since is { } since ? $"{ValueText.Whole(waiting.Events)}, since {ValueText.Time(since)}" : ValueText.Whole(waiting.Events)),
                ("broken at", verification.BrokenAt is { } at ? ValueText.Whole(at) : null),
                ("reason", verification.Reason));
            return verification.Valid ? ExitCode.Passed : ExitCode.GateFailed;
        });
    }

    private static Command Events(CommandSet set)
    {
        var after = new Option<long>("--after") { Description = "Begins after this sequence.", HelpName = "sequence" };
        var limit = new Option<int?>("--limit") { Description = "At most this many; all when left out.", HelpName = "count" };
        return set.Leaf("events", "Lists events, oldest first.", ["mlops audit events", "mlops audit events --after 100 --limit 20 --json"], [after, limit], async call =>
        {
            var events = await call.Client.Audit.EventsAsync(Math.Max(0, call.Get(after)), call.Cancel).Take(call.Get(limit) ?? int.MaxValue).ToListAsync(call.Cancel);
            return call.List(events, "No events.",
                ("SEQUENCE", e => ValueText.Whole(e.Sequence)),
                ("TIME", e => ValueText.Time(e.Time)),
                ("ACTOR", e => e.Actor),
                ("ACTION", e => e.Action),
                ("SUBJECT", e => e.Subject),
                ("DETAIL", e => ValueText.Pairs(e.Detail)));
        });
    }

    private static async Task<AuditVerification> VerifyAsync(FileInfo export, CancellationToken cancellationToken)
    {
        await using var content = export.OpenRead();
        var verification = AuditHash.Verify(null, []);
        await foreach (var auditEvent in JsonSerializer.DeserializeAsyncEnumerable<AuditEvent>(content, JsonSerializerOptions.Web, cancellationToken))
        {
            verification = AuditHash.Verify(verification, [auditEvent ?? throw new JsonException("an event is null.")]);
        }

        return verification;
    }
}
