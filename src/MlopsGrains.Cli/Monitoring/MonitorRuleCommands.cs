using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Cli.Monitoring;

/// <summary>Rules of monitors: what is not said stays as it is.</summary>
internal static class MonitorRuleCommands
{
    public static Command Configure(CommandSet set)
    {
        var (deployment, rules) = (MonitorCommands.DeploymentArgument(), new RuleOptions());
        return set.Leaf(
            "configure", "Sets or replaces the rules; windows begin anew.",
            ["mlops monitors configure churn --reference 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --window-rows 1000", "mlops monitors configure churn --effect-floor 0.2"],
            [deployment, .. rules.All],
            async call =>
            {
                var status = await call.Client.Monitors.ConfigureAsync(call.Get(deployment), rules.Read(call, await PresentAsync(call, call.Get(deployment))), call.Cancel);
                return call.Show(status, ("deployment", status.Deployment), ("generation", ValueText.Whole(status.Generation)), ("reference rows", ValueText.Whole(status.ReferenceRows)));
            });
    }

    public static Command BackTest(CommandSet set)
    {
        var (deployment, rules) = (MonitorCommands.DeploymentArgument(), new RuleOptions());
        return set.Leaf(
            "back-test", "Says what other rules would have said of the stored windows.",
            ["mlops monitors back-test churn --effect-floor 0.2", "mlops monitors back-test churn --raise-after 3 --json"],
            [deployment, .. rules.Judging],
            async call =>
            {
                var present = await PresentAsync(call, call.Get(deployment)) ?? throw MlopsException.NotFound("Monitor", call.Get(deployment));
                var test = await call.Client.Monitors.BackTestAsync(call.Get(deployment), rules.Read(call, present), call.Cancel);
                return call.IsJson ? call.Show(test) : call.List(test.Windows, "No stored windows.",
                    ("WINDOW", w => ValueText.Whole(w.Window)),
                    ("CLOSED", w => ValueText.Time(w.ClosedAt)),
                    ("ROWS", w => ValueText.Whole(w.Rows)),
                    ("WAS", w => ValueText.Enum(w.Before) + (w.WasRaised ? ", alert" : "")),
                    ("WOULD BE", w => ValueText.Enum(w.Outcome) + (w.IsRaised ? ", alert" : w.IsCleared ? ", cleared" : "")),
                    ("DRIFTED", w => MonitorCommands.Names(w.Drifted)));
            });
    }

    private static async Task<MonitorRules?> PresentAsync(CommandCall call, string deployment)
    {
        try
        {
            return (await call.Client.Monitors.GetAsync(deployment, call.Cancel)).Rules;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }

    private sealed class RuleOptions
    {
        private readonly Option<string?> reference = new("--reference") { Description = "SHA-256 of the stored reference rows (CSV).", HelpName = "digest" };
        private readonly Option<string[]> features = new("--feature") { Description = "A column to watch; may be given again. All inputs when none is.", HelpName = "name" };
        private readonly Option<int?> windowRows = new("--window-rows") { Description = $"A window closes at this many rows, {MonitorLimits.WindowRowsMin} or more.", HelpName = "count" };
        private readonly Option<int?> windowSeconds = new("--window-seconds") { Description = "… or after this time.", HelpName = "seconds" };
        private readonly Option<double?> alpha = new("--alpha") { Description = "False-alarm rate over all features, up to 0.5.", HelpName = "rate" };
        private readonly Option<double?> effectFloor = new("--effect-floor") { Description = "Smallest Jensen–Shannon distance that counts, 0–1.", HelpName = "distance" };
        private readonly Option<int?> raiseAfter = new("--raise-after") { Description = "Drift in this many of three windows raises the alert, 1–3.", HelpName = "windows" };
        private readonly Option<string?> pipeline = new("--pipeline") { Description = "Started once by each alert; an empty text for none.", HelpName = "name" };

        public IReadOnlyList<Option> All => [reference, features, windowRows, windowSeconds, alpha, effectFloor, raiseAfter, pipeline];

        /// <summary>Those that change how a stored window is judged.</summary>
        public IReadOnlyList<Option> Judging => [features, alpha, effectFloor, raiseAfter];

        public MonitorRules Read(CommandCall call, MonitorRules? present)
        {
            var rules = present ?? new MonitorRules(call.Get(reference) ?? throw MlopsException.Invalid("reference", "--reference is required for a new monitor."));
            return rules with
            {
                ReferenceDigest = call.Get(reference) ?? rules.ReferenceDigest,
                Features = call.Get(features) is { Length: > 0 } named ? named : rules.Features,
                WindowRows = call.Get(windowRows) ?? rules.WindowRows,
                WindowSeconds = call.Get(windowSeconds) ?? rules.WindowSeconds,
                Alpha = call.Get(alpha) ?? rules.Alpha,
                EffectFloor = call.Get(effectFloor) ?? rules.EffectFloor,
                RaiseAfter = call.Get(raiseAfter) ?? rules.RaiseAfter,
                Pipeline = call.Get(pipeline) switch { null => rules.Pipeline, "" => null, var name => name },
            };
        }
    }
}
