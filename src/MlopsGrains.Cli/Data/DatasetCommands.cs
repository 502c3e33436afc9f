using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Data;

namespace MlopsGrains.Cli.Data;

internal static class DatasetCommands
{
    public static Command Create(CommandSet set) => set.Group("datasets", "Datasets and their immutable versions.", List(set), Versions(set), Get(set), Head(set), Diff(set), Upload(set), Fetch(set));

    private static Command List(CommandSet set) => set.Leaf("list", "Lists datasets.", ["mlops datasets list", "mlops datasets list --json"], [], async call =>
        call.List(await call.Client.Datasets.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No datasets.",
            ("NAME", d => d.Name),
            ("LATEST", d => ValueText.Whole(d.LatestVersion)),
            ("VERSIONS", d => ValueText.Whole(d.Versions.Count)),
            ("ROWS", d => d.Versions.MaxBy(v => v.Version) is { } newest ? ValueText.Whole(newest.Rows) : null)));

    private static Command Get(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The dataset." };
        var version = new Option<int?>("--version") { Description = "A version's number; the newest when left out.", HelpName = "number" };
        return set.Leaf("get", "Shows a dataset version with its columns' profile.", ["mlops datasets get customers", "mlops datasets get customers --version 2 --json"], [name, version], async call =>
            Show(call, await call.Client.Datasets.GetVersionAsync(call.Get(name), call.Get(version), call.Cancel)));
    }

    private static Command Versions(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The dataset." };
        return set.Leaf("versions", "Lists a dataset's versions, newest first.", ["mlops datasets versions customers", "mlops datasets versions customers --json"], [name], async call =>
            call.List([.. (await call.Client.Datasets.GetAsync(call.Get(name), call.Cancel)).Versions.OrderByDescending(v => v.Version)], "No versions.",
                ("VERSION", v => ValueText.Whole(v.Version)),
                ("ROWS", v => ValueText.Whole(v.Rows)),
                ("BYTES", v => ValueText.Whole(v.Length)),
                ("CREATED", v => ValueText.Time(v.CreatedAt)),
                ("DIGEST", v => v.Digest)));
    }

    private static Command Head(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The dataset." };
        var version = new Option<int?>("--version") { Description = "A version's number; the newest when left out.", HelpName = "number" };
        var rows = new Option<int>("--rows") { Description = "How many, at most 1,000.", HelpName = "number", DefaultValueFactory = _ => 10 };
        var after = new Option<long>("--after") { Description = "The row after which to begin.", HelpName = "row", DefaultValueFactory = _ => 0 };
        var text = new Option<string?>("--text") { Description = "Only rows with a cell that holds this text.", HelpName = "text" };
        string[] examples = ["mlops datasets head customers", "mlops datasets head customers --version 2 --rows 50 --after 100", "mlops datasets head customers --text Berlin --json"];
        return set.Leaf("head", "Shows rows of a version.", examples, [name, version, rows, after, text], async call =>
        {
            var found = await call.Client.Datasets.GetRowsAsync(call.Get(name), call.Get(version), call.Get(after), call.Get(rows), call.Get(text), call.Cancel);
            return call.IsJson ? call.Show(found) : call.List(found.Rows, "No rows.",
                [("ROW", r => ValueText.Whole(r.Row)), .. found.Columns.Select((column, place) => (column, (Func<DatasetRow, string?>)(r => r.Cells[place])))]);
        });
    }

    private static Command Diff(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The dataset." };
        var from = new Argument<int?>("from") { Description = "The earlier version's number; the one before when left out.", Arity = ArgumentArity.ZeroOrOne };
        var to = new Argument<int?>("to") { Description = "The later version's number; the newest when left out.", Arity = ArgumentArity.ZeroOrOne };
        string[] examples = ["mlops datasets diff customers", "mlops datasets diff customers 1", "mlops datasets diff customers 1 2 --json"];
        return set.Leaf("diff", "Shows what differs from one version to another.", examples, [name, from, to], async call =>
        {
            var found = await call.Client.Datasets.CompareAsync(call.Get(name), call.Get(from), call.Get(to), call.Cancel);
            var code = call.Show(found,
                ("dataset", found.Dataset),
                ("versions", $"{ValueText.Whole(found.From.Version)} to {ValueText.Whole(found.To.Version)}"),
                ("rows", $"{ValueText.Whole(found.From.Rows)} to {ValueText.Whole(found.To.Rows)}"),
                ("added", found.Added.Count > 0 ? string.Join(", ", found.Added) : null),
                ("removed", found.Removed.Count > 0 ? string.Join(", ", found.Removed) : null));
            return call.IsJson ? code : call.List(found.Columns, "No columns in common.",
                ("COLUMN", c => c.Name),
                ("DISTANCE", c => ValueText.Number(c.Distance)),
                ("TYPE", c => c.From.Type == c.To.Type ? ValueText.Enum(c.To.Type) : $"{ValueText.Enum(c.From.Type)} to {ValueText.Enum(c.To.Type)}"),
                ("MISSING", c => $"{ValueText.Whole(c.From.Missing)} to {ValueText.Whole(c.To.Missing)}"),
                ("MEAN", c => c.From.Mean is null && c.To.Mean is null ? null : $"{ValueText.Number(c.From.Mean)} to {ValueText.Number(c.To.Mean)}"));
        });
    }

    private static Command Fetch(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The dataset." };
        var version = new Option<int?>("--version") { Description = "A version's number; the newest when left out.", HelpName = "number" };
        var to = new Option<string?>("--to") { Description = "A file, or a folder that is there; name-version.csv here when left out.", HelpName = "path" };
        string[] examples = ["mlops datasets download customers", "mlops datasets download customers --version 2 --to old.csv"];
        return set.Leaf("download", "Saves a version's bytes as they were uploaded.", examples, [name, version, to], async call =>
        {
            var found = await call.Client.Datasets.GetVersionAsync(call.Get(name), call.Get(version), call.Cancel);
            var file = Download.FileAt(call.Get(to), $"{found.Dataset}-{ValueText.Whole(found.Version)}.csv");
            await Download.SaveAsync(call, () => call.Client.Datasets.OpenContentAsync(found.Dataset, found.Version, call.Cancel), file, found.Length);
            return call.Done(new { dataset = found.Dataset, version = found.Version, digest = found.Digest, file }, $"{found.Dataset} version {found.Version} is in {file}.");
        });
    }

    private static Command Upload(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "The dataset; made when it is new." };
        var file = new Argument<FileInfo>("file") { Description = "CSV with a header row." }.AcceptExistingOnly();
        var source = new Option<string?>("--source") { Description = "Where the data came from; the file's name when left out.", HelpName = "text" };
        var description = new Option<string?>("--description") { Description = "Free text.", HelpName = "text" };
        var csv = new CsvOptionSet();
        string[] examples =
        [
            "mlops datasets upload customers customers.csv",
            "mlops datasets upload customers customers.csv --encoding windows-1252 --decimal comma",
            "mlops datasets upload customers customers.csv --columns age,town,plan --json",
        ];
        return set.Leaf("upload", "Adds a version; the same bytes as the newest version add none.", examples, [name, file, source, description, .. csv.All], async call =>
        {
            await using var content = call.Get(file).OpenRead();
            return Show(call, await call.Client.Datasets.UploadAsync(
                call.Get(name), content, csv.Read(call), call.Get(source) ?? call.Get(file).Name, call.Get(description), call.Cancel));
        });
    }

    private static int Show(CommandCall call, DatasetVersion version)
    {
        var code = call.Show(version,
            ("dataset", version.Dataset),
            ("version", ValueText.Whole(version.Version)),
            ("digest", version.Digest),
            ("bytes", ValueText.Whole(version.Length)),
            ("rows", ValueText.Whole(version.Rows)),
            ("source", version.Source),
            ("description", version.Description),
            ("read as", version.Original is { } original ? Shown(original.Csv) : null),
            ("note", version.Notes is { Count: > 0 } notes ? string.Join(' ', notes) : null),
            ("created", $"{ValueText.Time(version.CreatedAt)} by {version.CreatedBy}"));
        return call.IsJson ? code : call.List(version.Columns, "No columns.",
            ("COLUMN", c => c.Name),
            ("TYPE", c => ValueText.Enum(c.Type)),
            ("MISSING", c => ValueText.Whole(c.Missing)),
            ("DISTINCT", c => ValueText.Whole(c.Distinct)),
            ("MIN", c => ValueText.Number(c.Min)),
            ("MEAN", c => ValueText.Number(c.Mean)),
            ("MAX", c => ValueText.Number(c.Max)));
    }

    private static string Shown(CsvOptions csv) =>
        $"delimiter '{(csv.Delimiter == "\t" ? "\\t" : csv.Delimiter)}', decimal '{csv.Decimal}', {csv.Encoding}{(csv.Header == false ? ", no header" : "")}";
}
