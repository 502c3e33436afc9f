using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Cli.Monitoring;

internal static class AlertCommands
{
    public static Command Create(CommandSet set) => set.Group("alerts", "Alerts of all monitors.", List(set), Acknowledge(set), Silence(set), Comment(set));

    private static Option<string?> AlertOption() => new("--alert") { Description = "The alert's id; the open one when left out.", HelpName = "id" };

    private static Command List(CommandSet set)
    {
        var state = new Option<AlertState>("--state") { Description = "Which alerts.", DefaultValueFactory = _ => AlertState.Open };
        return set.Leaf("list", "Lists alerts, newest first.", ["mlops alerts list", "mlops alerts list --state mine --json"], [state], async call =>
        {
            var alerts = await call.Client.Alerts.ListAsync(call.Get(state), call.Cancel).ToListAsync(call.Cancel);
            return call.List(alerts, "No alerts.",
                ("DEPLOYMENT", a => a.Deployment),
                ("ID", a => a.AlertId),
                ("RAISED", a => ValueText.Time(a.RaisedAt)),
                ("CLOSED", a => ValueText.Time(a.ClosedAt)),
                ("HAS IT", a => a.AcknowledgedBy),
                ("SILENCED UNTIL", a => ValueText.Time(a.SilencedUntil)),
                ("FEATURES", a => MonitorCommands.Names(a.Features)));
        });
    }

    private static Command Acknowledge(CommandSet set)
    {
        var (deployment, alert) = (MonitorCommands.DeploymentArgument(), AlertOption());
        return set.Leaf("ack", "Takes an open alert: you have it from now on.", ["mlops alerts ack churn"], [deployment, alert], async call =>
            Show(call, await call.Client.Alerts.AcknowledgeAsync(call.Get(deployment), await IdAsync(call, call.Get(deployment), call.Get(alert)), call.Cancel)));
    }

    private static Command Silence(CommandSet set)
    {
        var (deployment, alert) = (MonitorCommands.DeploymentArgument(), AlertOption());
        var length = new Option<TimeSpan?>("--for") { Description = "Whole minutes, such as 4h or 30m; 0s ends a silence.", HelpName = "time", Required = true, CustomParser = ValueText.Age };
        var reason = new Option<string>("--why") { Description = "Why, at most 1,000 characters.", HelpName = "text", Required = true };
        return set.Leaf("silence", "Lets an open alert wait for nobody for a time.", ["mlops alerts silence churn --for 4h --why \"a known price change\""], [deployment, length, reason, alert], async call =>
        {
            var silence = new AlertSilence((int)Math.Min(int.MaxValue, Math.Ceiling((call.Get(length) ?? TimeSpan.Zero).TotalMinutes)), call.Get(reason)!);
            return Show(call, await call.Client.Alerts.SilenceAsync(call.Get(deployment), await IdAsync(call, call.Get(deployment), call.Get(alert)), silence, call.Cancel));
        });
    }

    private static Command Comment(CommandSet set)
    {
        var (deployment, alert) = (MonitorCommands.DeploymentArgument(), AlertOption());
        var text = new Argument<string>("text") { Description = "What you found, at most 1,000 characters." };
        return set.Leaf("comment", "Comments on an alert.", ["mlops alerts comment churn \"the supplier changed the unit\""], [deployment, text, alert], async call =>
            Show(call, await call.Client.Alerts.CommentAsync(call.Get(deployment), await IdAsync(call, call.Get(deployment), call.Get(alert)), call.Get(text), call.Cancel)));
    }

    private static async Task<string> IdAsync(CommandCall call, string deployment, string? given) => given is { Length: > 0 }
        ? given
        : (await call.Client.Monitors.GetAsync(deployment, call.Cancel)).OpenAlert?.AlertId ?? throw MlopsException.NotFound("Open alert of monitor", deployment);

    private static int Show(CommandCall call, Alert alert) => call.Show(alert,
        ("deployment", alert.Deployment),
        ("alert", alert.AlertId),
        ("raised", ValueText.Time(alert.RaisedAt)),
        ("closed", ValueText.Time(alert.ClosedAt)),
        ("has it", alert.AcknowledgedBy),
        ("silenced until", ValueText.Time(alert.SilencedUntil)),
        ("message", alert.Message),
        ("acts", alert.Acts is { Count: > 0 } acts ? string.Join('\n', acts.Select(a => $"{ValueText.Time(a.At)} {a.By} {ValueText.Enum(a.Kind)}{(a.Text is { } said ? ": " + said : "")}")) : null));
}
