using System.CommandLine;
using System.Globalization;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Deployments;

namespace MlopsGrains.Cli.Deployments;

internal static class DeploymentCommands
{
    public static Command Create(CommandSet set) => set.Group(
        "deployments", "Served models: revisions and traffic.", List(set), Get(set), Deploy(set), Rollback(set), Traffic(set), Metrics(set), Lineage(set));

    private static Argument<string> NameArgument() => new("name") { Description = "The deployment." };

    private static Command List(CommandSet set) => set.Leaf("list", "Lists deployments.", ["mlops deployments list", "mlops deployments list --json"], [], async call =>
        call.List(await call.Client.Deployments.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No deployments.",
            ("NAME", d => d.Name),
            ("SERVES", Serves),
            ("REVISIONS", d => ValueText.Whole(d.Revisions.Count)),
            ("UPDATED", d => ValueText.Time(d.UpdatedAt))));

    private static Command Get(CommandSet set)
    {
        var name = NameArgument();
        return set.Leaf("get", "Shows a deployment's revisions and traffic.", ["mlops deployments get churn", "mlops deployments get churn --json"], [name], async call =>
            Show(call, await call.Client.Deployments.GetAsync(call.Get(name), call.Cancel)));
    }

    private static Command Deploy(CommandSet set)
    {
        var name = NameArgument();
        var model = new Option<string?>("--model") { Description = "The registered model; named like the deployment when left out.", HelpName = "model" };
        var version = new Option<string>("--version") { Description = "A version's number, an alias or latest.", HelpName = "reference", DefaultValueFactory = _ => "latest" };
        return set.Leaf("deploy", "Serves a model version with all traffic.", ["mlops deployments deploy churn --version champion", "mlops deployments deploy churn-eu --model churn --version 3"], [name, model, version], async call =>
            Show(call, await call.Client.Deployments.DeployAsync(call.Get(name), call.Get(model) ?? call.Get(name), call.Get(version)!, call.Cancel)));
    }

    private static Command Rollback(CommandSet set)
    {
        var name = NameArgument();
        return set.Leaf("rollback", "Sends all traffic back to the revision before.", ["mlops deployments rollback churn"], [name], async call =>
            Show(call, await call.Client.Deployments.RollbackAsync(call.Get(name), call.Cancel)));
    }

    private static Command Traffic(CommandSet set)
    {
        var name = NameArgument();
        var shares = new Argument<IReadOnlyList<TrafficShare>>("shares")
        {
            Description = "revision=percent, whole percents that add up to 100.",
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result =>
            {
                var parsed = new List<TrafficShare>();
                foreach (var (revision, percent) in ValueText.Assignments(result))
                {
                    if (int.TryParse(revision, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                        && int.TryParse(percent.TrimEnd('%'), NumberStyles.None, CultureInfo.InvariantCulture, out var share))
                    {
                        parsed.Add(new TrafficShare(number, share));
                    }
                    else
                    {
                        result.AddError($"'{revision}={percent}' must be written revision=percent with whole numbers, such as 2=10.");
                    }
                }

                return parsed;
            },
        };
        return set.Leaf("traffic", "Splits traffic between revisions.", ["mlops deployments traffic churn 1=90 2=10"], [name, shares], async call =>
            Show(call, await call.Client.Deployments.SetTrafficAsync(call.Get(name), call.Get(shares), call.Cancel)));
    }

    private static Command Metrics(CommandSet set)
    {
        var name = NameArgument();
        var since = new Option<TimeSpan?>("--since") { Description = "How far back, such as 1h (usual) or 7d; at most 30d.", HelpName = "time", CustomParser = ValueText.Duration };
        return set.Leaf("metrics", "Shows what each revision was asked, and how long it took.", ["mlops deployments metrics churn", "mlops deployments metrics churn --since 7d --json"], [name, since], async call =>
        {
            var metrics = await call.Client.Deployments.MetricsAsync(call.Get(name), call.Get(since) is { } span ? TimeProvider.System.GetUtcNow() - span : null, cancellationToken: call.Cancel);
            return call.IsJson ? call.Show(metrics) : call.List(metrics.Revisions, "No requests.",
                ("REVISION", r => r.Revision == 0 ? "others" : ValueText.Whole(r.Revision)),
                ("REQUESTS", r => ValueText.Whole(r.Total.Requests)),
                ("ROWS", r => ValueText.Whole(r.Total.Rows)),
                ("REFUSED", r => ValueText.Whole(r.Total.Refused)),
                ("FAILED", r => ValueText.Whole(r.Total.Failed)),
                ("P50 MS", r => ValueText.Number(r.Total.P50Ms)),
                ("P99 MS", r => ValueText.Number(r.Total.P99Ms)));
        });
    }

    private static Command Lineage(CommandSet set)
    {
        var name = NameArgument();
        return set.Leaf("lineage", "Shows what each revision was made of: data, run, model.", ["mlops deployments lineage churn", "mlops deployments lineage churn --json"], [name], async call =>
            call.List((await call.Client.Deployments.LineageAsync(call.Get(name), call.Cancel)).Revisions, "No revisions.",
                ("REVISION", r => ValueText.Whole(r.Revision.Number)),
                ("TRAFFIC", r => ValueText.Whole(r.Percent) + " %"),
                ("MODEL", r => $"{r.Revision.Model} {ValueText.Whole(r.Revision.ModelVersion)}"),
                ("RUN", r => r.Run?.RunId ?? "-"),
                ("DATA", r => r.DatasetVersion is { } data ? $"{r.Dataset} {ValueText.Whole(data.Version)} {data.Digest[..12]}" : "-"),
                ("PIPELINE RUN", r => r.PipelineRunId ?? "-")));
    }

    private static int Show(CommandCall call, Deployment deployment)
    {
        var code = call.Show(deployment,
            ("name", deployment.Name),
            ("serves", Serves(deployment)),
            ("created", ValueText.Time(deployment.CreatedAt)),
            ("updated", ValueText.Time(deployment.UpdatedAt)));
        return call.IsJson ? code : call.List(deployment.Revisions, "No revisions.",
            ("REVISION", r => ValueText.Whole(r.Number)),
            ("MODEL", r => $"{r.Model} version {r.ModelVersion}"),
            ("TRAFFIC", r => $"{deployment.Traffic.FirstOrDefault(t => t.Revision == r.Number)?.Percent ?? 0} %"),
            ("DIGEST", r => ValueText.Short(r.Digest)),
            ("CREATED", r => ValueText.Time(r.CreatedAt)),
            ("BY", r => r.CreatedBy));
    }

    private static string Serves(Deployment deployment) => string.Join(", ", deployment.Traffic.Where(t => t.Percent > 0).Select(t =>
        deployment.Revisions.FirstOrDefault(r => r.Number == t.Revision) is { } r ? $"{r.Model} version {r.ModelVersion} ({t.Percent} %)" : $"revision {t.Revision} ({t.Percent} %)"));
}
