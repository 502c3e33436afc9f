using System.CommandLine;
using System.Text.Json;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Governance;

namespace MlopsGrains.Cli.Governance;

internal static class AuditCommands
{
    public static Command Create(CommandSet set) => set.Group("audit", "The hash-chained record of every change.", Verify(set), Events(set), Search(set));

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
            return List(call, events);
        });
    }

    private static Command Search(CommandSet set)
    {
        var actor = new Option<string>("--actor") { Description = "Who.", HelpName = "name" };
        var action = new Option<string>("--action") { Description = "What was done, or with a dot at its end all of its noun: run.", HelpName = "action" };
        var subject = new Option<string>("--subject") { Description = "To what, or how its name begins: model/churn.", HelpName = "subject" };
        var from = new Option<DateTimeOffset?>("--from") { Description = "Not before this time.", HelpName = "time" };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Before this time.", HelpName = "time" };
        var limit = new Option<int?>("--limit") { Description = "At most this many (100).", HelpName = "count" };
        string[] examples = ["mlops audit search --subject model/churn", "mlops audit search --actor ada --action run. --from 2026-11-01 --json"];
        return set.Leaf("search", "Finds events, newest first.", examples, [actor, action, subject, from, to, limit], async call =>
        {
            var query = new AuditQuery(call.Get(actor), call.Get(action), call.Get(subject), call.Get(from), call.Get(to));
            return List(call, await call.Client.Audit.SearchAsync(query, call.Cancel).Take(call.Get(limit) ?? 100).ToListAsync(call.Cancel));
        });
    }

    private static int List(CommandCall call, IReadOnlyList<AuditEvent> events) => call.List(events, "No events.",
        ("SEQUENCE", e => ValueText.Whole(e.Sequence)),
        ("TIME", e => ValueText.Time(e.Time)),
        ("ACTOR", e => e.Actor),
        ("ACTION", e => e.Action),
        ("SUBJECT", e => e.Subject),
        ("DETAIL", e => ValueText.Pairs(e.Detail)));

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
