using System.CommandLine;
using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli;

internal static class ModelCommands
{
    public static Command Create(CommandSet set) => set.Group(
        "models", "Registered models, versions and aliases.", List(set), Get(set), Versions(set), set.Group("alias", "Names that move between versions.", SetAlias(set), DeleteAlias(set)));

    private static Argument<string> ModelArgument() => new("model") { Description = "The registered model." };

    private static Argument<string> AliasArgument() => new("alias") { Description = "Letters, digits, _ and -; not latest, not a number." };

    private static Command List(CommandSet set) => set.Leaf("list", "Lists registered models.", ["mlops models list", "mlops models list --json"], [], async call =>
        call.List(await call.Client.Models.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No models.",
            ("NAME", m => m.Name),
            ("LATEST", m => Words.Whole(m.LatestVersion)),
            ("ALIASES", m => Words.Pairs(m.Aliases)),
            ("UPDATED", m => Words.Time(m.UpdatedAt))));

    private static Command Get(CommandSet set)
    {
        var model = ModelArgument();
        var reference = new Option<string?>("--version") { Description = "A version's number, an alias or latest: shows that version.", HelpName = "reference" };
        return set.Leaf("get", "Shows a model, or one of its versions.", ["mlops models get churn", "mlops models get churn --version challenger --json"], [model, reference], async call =>
        {
            if (call.Get(reference) is not { } wanted)
            {
                var head = await call.Client.Models.GetAsync(call.Get(model), call.Cancel);
                return call.Show(head,
                    ("name", head.Name),
                    ("description", head.Description),
                    ("latest", Words.Whole(head.LatestVersion)),
                    ("aliases", Words.Pairs(head.Aliases)),
                    ("created", Words.Time(head.CreatedAt)),
                    ("updated", Words.Time(head.UpdatedAt)));
            }

            var version = await call.Client.Models.GetVersionAsync(call.Get(model), wanted, call.Cancel);
            return call.Show(version,
                ("model", version.Model),
                ("version", Words.Whole(version.Version)),
                ("format", version.Format),
                ("digest", version.Blob.Digest),
                ("bytes", Words.Whole(version.Blob.Length)),
                ("inputs", string.Join(", ", version.Signature.Inputs.Select(i => $"{i.Name}:{i.Datatype}"))),
                ("outputs", string.Join(", ", version.Signature.Outputs.Select(o => $"{o.Name}:{o.Datatype}"))),
                ("metrics", Words.Pairs(version.Metrics.Select(m => KeyValuePair.Create(m.Key, Words.Number(m.Value))))),
                ("run", version.Lineage.RunId),
                ("pipeline run", version.Lineage.PipelineRunId),
                ("dataset", version.Lineage.Dataset is { } dataset ? $"{dataset} version {version.Lineage.DatasetVersion}" : null),
                ("aliases", version.Aliases.Count == 0 ? null : string.Join(", ", version.Aliases)),
                ("created", $"{Words.Time(version.CreatedAt)} by {version.CreatedBy}"));
        });
    }

    private static Command Versions(CommandSet set)
    {
        var model = ModelArgument();
        return set.Leaf("versions", "Lists a model's versions, newest first.", ["mlops models versions churn", "mlops models versions churn --json"], [model], async call =>
            call.List(await call.Client.Models.ListVersionsAsync(call.Get(model), call.Cancel), "No versions.",
                ("VERSION", v => Words.Whole(v.Version)),
                ("FORMAT", v => v.Format),
                ("ALIASES", v => v.Aliases.Count == 0 ? null : string.Join(", ", v.Aliases)),
                ("METRICS", v => Words.Pairs(v.Metrics.Select(m => KeyValuePair.Create(m.Key, Words.Number(m.Value))))),
                ("RUN", v => v.Lineage.RunId),
                ("CREATED", v => Words.Time(v.CreatedAt))));
    }

    private static Command SetAlias(CommandSet set)
    {
        var (model, alias) = (ModelArgument(), AliasArgument());
        var version = new Argument<int>("version") { Description = "The version's number." };
        return set.Leaf("set", "Points an alias at a version.", ["mlops models alias set churn champion 3"], [model, alias, version], async call =>
        {
            await call.Client.Models.SetAliasAsync(call.Get(model), call.Get(alias), call.Get(version), call.Cancel);
            return call.Done(
                new { model = call.Get(model), alias = call.Get(alias), version = call.Get(version) },
                $"{call.Get(model)}@{call.Get(alias)} is now version {call.Get(version)}.");
        });
    }

    private static Command DeleteAlias(CommandSet set)
    {
        var (model, alias) = (ModelArgument(), AliasArgument());
        return set.Leaf("delete", "Removes an alias; an absent one changes nothing.", ["mlops models alias delete churn challenger"], [model, alias], async call =>
        {
            await call.Client.Models.DeleteAliasAsync(call.Get(model), call.Get(alias), call.Cancel);
            return call.Done(new { model = call.Get(model), alias = call.Get(alias), version = (int?)null }, $"{call.Get(model)}@{call.Get(alias)} is gone.");
        });
    }
}
