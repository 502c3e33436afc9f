using System.CommandLine;
using MlopsGrains.Cli.Experiments;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Experiments;
using MlopsGrains.Models;

namespace MlopsGrains.Cli.Models;

internal static class ModelCommands
{
    public static Command Create(CommandSet set)
    {
        var tags = set.Group("tags", "Tags of a model, or with --version of one of its versions.", SetTag(set), DeleteTag(set));
        var aliases = set.Group("aliases", "Names that move between versions.", SetAlias(set), DeleteAlias(set));
        return set.Group(
            "models", "Registered models, versions and aliases.", List(set), Get(set), Versions(set), Fetch(set), Describe(set), Rename(set), Delete(set),
            tags, set.Formerly("tag", tags), aliases, set.Formerly("alias", aliases));
    }

    private static Argument<string> ModelArgument() => new("model") { Description = "The registered model." };

    private static string? Tensors(IReadOnlyList<TensorSpec>? tensors) => tensors is null ? null : string.Join(", ", tensors.Select(t => $"{t.Name}:{t.Datatype}"));

    private static Argument<string> AliasArgument() => new("alias") { Description = "Letters, digits, _ and -; not latest, not a number." };

    private static Command List(CommandSet set) => set.Leaf("list", "Lists registered models.", ["mlops models list", "mlops models list --json"], [], async call =>
        call.List(await call.Client.Models.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No models.",
            ("NAME", m => m.Name),
            ("LATEST", m => ValueText.Whole(m.LatestVersion)),
            ("ALIASES", m => ValueText.Pairs(m.Aliases)),
            ("UPDATED", m => ValueText.Time(m.UpdatedAt))));

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
                    ("latest", ValueText.Whole(head.LatestVersion)),
                    ("aliases", ValueText.Lines(head.Aliases)),
                    ("tags", ValueText.Lines(head.Tags)),
                    ("created", ValueText.Time(head.CreatedAt)),
                    ("updated", ValueText.Time(head.UpdatedAt)));
            }

            var version = await call.Client.Models.GetVersionAsync(call.Get(model), wanted, call.Cancel);
            return call.Show(version,
                ("model", version.Model),
                ("version", ValueText.Whole(version.Version)),
                ("format", version.Format),
                ("digest", version.Blob?.Digest),
                ("bytes", version.Blob is { } blob ? ValueText.Whole(blob.Length) : null),
                ("inputs", Tensors(version.Signature?.Inputs)),
                ("outputs", Tensors(version.Signature?.Outputs)),
                ("metrics", ValueText.Lines(version.Metrics.Select(m => KeyValuePair.Create(m.Key, ValueText.Number(m.Value))))),
                ("run", version.Lineage.RunId),
                ("pipeline run", version.Lineage.PipelineRunId),
                ("dataset", version.Lineage.Dataset is { } dataset ? $"{dataset} version {version.Lineage.DatasetVersion}" : null),
                ("aliases", version.Aliases.Count == 0 ? null : string.Join(", ", version.Aliases)),
                ("stage", version.Stage == ModelStage.None ? null : version.Stage.ToString()),
                ("tags", ValueText.Lines(version.Tags)),
                ("source", version.Source),
                ("description", version.Description),
                ("created", $"{ValueText.Time(version.CreatedAt)} by {version.CreatedBy}"));
        });
    }

    private static Command Versions(CommandSet set)
    {
        var model = ModelArgument();
        return set.Leaf("versions", "Lists a model's versions, newest first.", ["mlops models versions churn", "mlops models versions churn --json"], [model], async call =>
            call.List(await call.Client.Models.ListVersionsAsync(call.Get(model), call.Cancel), "No versions.",
                ("VERSION", v => ValueText.Whole(v.Version)),
                ("FORMAT", v => v.Format),
                ("ALIASES", v => v.Aliases.Count == 0 ? null : string.Join(", ", v.Aliases)),
                ("METRICS", v => ValueText.Pairs(v.Metrics.Select(m => KeyValuePair.Create(m.Key, ValueText.Number(m.Value))))),
                ("RUN", v => v.Lineage.RunId),
                ("CREATED", v => ValueText.Time(v.CreatedAt))));
    }

    private static Command Fetch(CommandSet set)
    {
        var model = ModelArgument();
        var reference = new Option<string>("--version") { Description = "A version's number, an alias or latest.", HelpName = "reference", DefaultValueFactory = _ => "latest" };
        var to = new Option<string?>("--to") { Description = "A file, or a folder; the current folder when left out.", HelpName = "path" };
        string[] examples = ["mlops models download churn", "mlops models download churn --version champion --to ./model"];
        return set.Leaf("download", "Saves a version's model file, or the files that it was registered from.", examples, [model, reference, to], async call =>
        {
            var version = await call.Client.Models.GetVersionAsync(call.Get(model), call.Get(reference)!, call.Cancel);
            if (version.Blob is not { } blob)
            {
                var (tree, path) = VersionFiles.Find(call.Client, version);
                return await ArtifactFiles.DownloadAsync(call, tree, path, call.Get(to));
            }

            var file = Download.FileAt(call.Get(to), $"{version.Model}-{ValueText.Whole(version.Version)}.{(version.Format == "onnx" ? "onnx" : "zip")}");
            await Download.SaveAsync(call, () => call.Client.Blobs.OpenAsync(blob.Digest, call.Cancel), file, blob.Length);
            return call.Done(new { model = version.Model, version = version.Version, digest = blob.Digest, file }, $"{version.Model} version {version.Version} is in {file}.");
        });
    }

    private static Argument<string> KeyArgument() => new("key") { Description = $"The tag's key, at most {TrackingLimits.KeyLengthMax} characters." };

    private static Option<int?> VersionOption() => new("--version") { Description = "One of the model's versions, by number.", HelpName = "number" };

    private static string Of(string model, int? version) => version is { } number ? $"{model} version {number}" : model;

    private static Command Describe(CommandSet set)
    {
        var (model, version) = (ModelArgument(), VersionOption());
        var text = new Argument<string>("text") { Description = $"The new description, at most {RegistryLimits.DescriptionLengthMax:N0} characters." };
        return set.Leaf("describe", "Changes a description.", ["mlops models describe churn \"Who is about to leave\"", "mlops models describe churn \"Trained on May\" --version 3"], [model, text, version], async call =>
        {
            if (call.Get(version) is { } number)
            {
                await call.Client.Models.UpdateVersionAsync(call.Get(model), number, call.Get(text), call.Cancel);
            }
            else
            {
                await call.Client.Models.UpdateAsync(call.Get(model), call.Get(text), call.Cancel);
            }

            return call.Done(new { model = call.Get(model), version = call.Get(version), description = call.Get(text) }, $"{Of(call.Get(model), call.Get(version))} has a new description.");
        });
    }

    private static Command Rename(CommandSet set)
    {
        var model = ModelArgument();
        var name = new Argument<string>("new-name") { Description = "A name that is free." };
        return set.Leaf("rename", "Gives a model another name; what is deployed goes on being served.", ["mlops models rename churn churn-eu"], [model, name], async call =>
        {
            await call.Client.Models.RenameAsync(call.Get(model), call.Get(name), call.Cancel);
            return call.Done(new { model = call.Get(name), before = call.Get(model) }, $"{call.Get(model)} is now {call.Get(name)}.");
        });
    }

    private static Command Delete(CommandSet set)
    {
        var (model, version, yes) = (ModelArgument(), VersionOption(), CommandSet.YesOption());
        return set.Leaf("delete", "Removes a model, or one of its versions; what is deployed goes on being served.", ["mlops models delete churn --version 3", "mlops models delete churn --yes"], [model, version, yes], async call =>
        {
            await call.ConfirmAsync(yes, $"{Of(call.Get(model), call.Get(version))} goes{(call.Get(version) is null ? " with all versions" : "")}.");
            if (call.Get(version) is { } number)
            {
                await call.Client.Models.DeleteVersionAsync(call.Get(model), number, call.Cancel);
            }
            else
            {
                await call.Client.Models.DeleteAsync(call.Get(model), call.Cancel);
            }

            return call.Done(new { model = call.Get(model), version = call.Get(version) }, $"{Of(call.Get(model), call.Get(version))} is gone.");
        });
    }

    private static Command SetTag(CommandSet set)
    {
        var (model, version) = (ModelArgument(), VersionOption());
        var (key, value) = (KeyArgument(), new Argument<string>("value") { Description = "At most 100,000 characters." });
        return set.Leaf("set", "Sets a tag.", ["mlops models tags set churn team growth", "mlops models tags set churn checked yes --version 3"], [model, key, value, version], async call =>
        {
            await call.Client.Models.SetTagAsync(call.Get(model), call.Get(key), call.Get(value), call.Get(version), call.Cancel);
            return call.Done(new { model = call.Get(model), version = call.Get(version), key = call.Get(key), value = call.Get(value) }, $"{Of(call.Get(model), call.Get(version))} has {call.Get(key)} = {call.Get(value)}.");
        });
    }

    private static Command DeleteTag(CommandSet set)
    {
        var (model, version) = (ModelArgument(), VersionOption());
        var key = KeyArgument();
        return set.Leaf("delete", "Removes a tag; an absent one changes nothing.", ["mlops models tags delete churn team"], [model, key, version], async call =>
        {
            await call.Client.Models.DeleteTagAsync(call.Get(model), call.Get(key), call.Get(version), call.Cancel);
            return call.Done(new { model = call.Get(model), version = call.Get(version), key = call.Get(key), value = (string?)null }, $"{Of(call.Get(model), call.Get(version))} has no {call.Get(key)}.");
        });
    }

    private static Command SetAlias(CommandSet set)
    {
        var (model, alias) = (ModelArgument(), AliasArgument());
        var version = new Argument<int>("version") { Description = "The version's number." };
        return set.Leaf("set", "Points an alias at a version.", ["mlops models aliases set churn champion 3"], [model, alias, version], async call =>
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
        return set.Leaf("delete", "Removes an alias; an absent one changes nothing.", ["mlops models aliases delete churn challenger"], [model, alias], async call =>
        {
            await call.Client.Models.DeleteAliasAsync(call.Get(model), call.Get(alias), call.Cancel);
            return call.Done(new { model = call.Get(model), alias = call.Get(alias), version = (int?)null }, $"{call.Get(model)}@{call.Get(alias)} is gone.");
        });
    }
}
