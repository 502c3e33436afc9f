using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Client;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Models;

internal static class PromptCommands
{
    public static Command Create(CommandSet set) => set.Group(
        "prompts", "Prompts: texts with versions and aliases.", List(set), Get(set), Versions(set), Register(set), Delete(set),
        set.Group("aliases", "Names that move between versions.", SetAlias(set), DeleteAlias(set)));

    private static Argument<string> PromptArgument() => new("prompt") { Description = "The prompt." };

    private static Argument<string> AliasArgument() => new("alias") { Description = "Letters, digits, _ and -; not latest, not a number." };

    private static Command List(CommandSet set) => set.Leaf("list", "Lists prompts.", ["mlops prompts list", "mlops prompts list --json"], [], async call =>
        call.List(await call.Client.Prompts.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No prompts.",
            ("NAME", p => p.Name),
            ("LATEST", p => ValueText.Whole(p.LatestVersion)),
            ("ALIASES", p => ValueText.Pairs(p.Aliases)),
            ("UPDATED", p => ValueText.Time(p.UpdatedAt)),
            ("TAGS", p => ValueText.Pairs(p.Tags))));

    private static Command Get(CommandSet set)
    {
        var prompt = PromptArgument();
        var reference = new Option<string>("--version") { Description = "A version's number, an alias or latest.", HelpName = "reference", DefaultValueFactory = _ => "latest" };
        var text = new Option<bool>("--text") { Description = "Only the text, as it is." };
        return set.Leaf("get", "Shows a version of a prompt.", ["mlops prompts get summary", "mlops prompts get summary --version production --text"], [prompt, reference, text], async call =>
        {
            var version = await call.Client.Prompts.GetVersionAsync(call.Get(prompt), call.Get(reference)!, call.Cancel);
            return call.Get(text) ? call.Text(version, version.Text) : Show(call, version);
        });
    }

    private static Command Versions(CommandSet set)
    {
        var prompt = PromptArgument();
        return set.Leaf("versions", "Lists a prompt's versions, newest first.", ["mlops prompts versions summary", "mlops prompts versions summary --json"], [prompt], async call =>
            call.List(await call.Client.Prompts.ListVersionsAsync(call.Get(prompt), call.Cancel), "No versions.",
                ("VERSION", v => ValueText.Whole(v.Version)),
                ("ALIASES", v => v.Aliases.Count == 0 ? null : string.Join(", ", v.Aliases)),
                ("TEXT", v => v.Text),
                ("CREATED", v => ValueText.Time(v.CreatedAt)),
                ("MESSAGE", v => v.Message)));
    }

    private static Command Register(CommandSet set)
    {
        var prompt = PromptArgument();
        var file = new Option<FileInfo?>("--file") { Description = "The text is in this file.", HelpName = "path" };
        var text = new Option<string?>("--text") { Description = "The text; variables are written {{name}}.", HelpName = "text" };
        var message = new Option<string?>("--message") { Description = "Why it changed.", HelpName = "text" };
        string[] examples = ["mlops prompts register summary --text \"Sum up: {{text}}\"", "mlops prompts register summary --file summary.txt --message \"shorter\""];
        var command = set.Leaf("register", "Adds a version; creates the prompt when it is new.", examples, [prompt, file, text, message], async call =>
        {
            var content = call.Get(file) is { } given ? await File.ReadAllTextAsync(given.FullName, call.Cancel) : call.Get(text)!;
            return Show(call, await call.Client.Prompts.RegisterAsync(
                call.Get(prompt), content.Length > 0 ? content : throw MlopsException.Invalid("text", "the text is empty."), call.Get(message), cancellationToken: call.Cancel));
        });
        command.Validators.Add(result =>
        {
            if (result.GetResult(file) is null == result.GetResult(text) is null)
            {
                result.AddError("Give either --file or --text.");
            }
        });
        return command;
    }

    private static Command Delete(CommandSet set)
    {
        var (prompt, yes) = (PromptArgument(), CommandSet.YesOption());
        var version = new Option<int?>("--version") { Description = "Only this version, by number.", HelpName = "number" };
        return set.Leaf("delete", "Removes a prompt, or one of its versions.", ["mlops prompts delete summary --version 3 --yes", "mlops prompts delete summary"], [prompt, version, yes], async call =>
        {
            var (name, number) = (call.Get(prompt), call.Get(version));
            var what = number is { } one ? $"Prompt {name} version {one}" : $"Prompt {name} with all versions";
            await call.ConfirmAsync(yes, $"{what} goes.");
            await (number is { } only ? call.Client.Prompts.DeleteVersionAsync(name, only, call.Cancel) : call.Client.Prompts.DeleteAsync(name, call.Cancel));
            return call.Done(new { prompt = name, version = number }, $"{what} is gone.");
        });
    }

    private static Command SetAlias(CommandSet set)
    {
        var (prompt, alias) = (PromptArgument(), AliasArgument());
        var version = new Argument<int>("version") { Description = "The version's number." };
        return set.Leaf("set", "Points an alias at a version.", ["mlops prompts aliases set summary production 3"], [prompt, alias, version], async call =>
        {
            await call.Client.Prompts.SetAliasAsync(call.Get(prompt), call.Get(alias), call.Get(version), call.Cancel);
            return call.Done(new { prompt = call.Get(prompt), alias = call.Get(alias), version = call.Get(version) }, $"{call.Get(prompt)}@{call.Get(alias)} is now version {call.Get(version)}.");
        });
    }

    private static Command DeleteAlias(CommandSet set)
    {
        var (prompt, alias) = (PromptArgument(), AliasArgument());
        return set.Leaf("delete", "Removes an alias; an absent one changes nothing.", ["mlops prompts aliases delete summary staging"], [prompt, alias], async call =>
        {
            await call.Client.Prompts.DeleteAliasAsync(call.Get(prompt), call.Get(alias), call.Cancel);
            return call.Done(new { prompt = call.Get(prompt), alias = call.Get(alias), version = (int?)null }, $"{call.Get(prompt)}@{call.Get(alias)} is gone.");
        });
    }

    private static int Show(CommandCall call, PromptVersion version) => call.Show(version,
        ("prompt", version.Prompt),
        ("version", ValueText.Whole(version.Version)),
        ("message", version.Message),
        ("aliases", version.Aliases.Count == 0 ? null : string.Join(", ", version.Aliases)),
        ("tags", ValueText.Lines(version.Tags)),
        ("created", $"{ValueText.Time(version.CreatedAt)} by {version.CreatedBy}"),
        ("text", version.Text));
}
