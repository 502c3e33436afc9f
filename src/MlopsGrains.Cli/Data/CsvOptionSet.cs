using System.CommandLine;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Data;

namespace MlopsGrains.Cli.Data;

/// <summary>How a CSV is written, where that should not be found out.</summary>
internal sealed class CsvOptionSet
{
    private readonly Option<string?> delimiter = new("--delimiter") { Description = "Between cells: comma, semicolon, tab or pipe; found out when left out.", HelpName = "name" };
    private readonly Option<string?> point = new("--decimal") { Description = "In numbers: point or comma; found out when left out.", HelpName = "name" };
    private readonly Option<string?> encoding = new("--encoding") { Description = "Such as windows-1252 or utf-16; UTF-8 when the bytes do not tell.", HelpName = "name" };
    private readonly Option<bool> noHeader = new("--no-header") { Description = "The first row is data; columns are called c1, c2 …" };
    private readonly Option<string?> columns = new("--columns") { Description = "The columns' names, of a file without a header.", HelpName = "a,b,c" };
    private readonly Option<string?> missing = new("--missing") { Description = "Words for a missing value; \"\" for none but an empty cell.", HelpName = "NA,?" };
    private readonly Option<bool> keepBlanks = new("--keep-blanks") { Description = "Keeps blanks around cells." };

    public IReadOnlyList<Symbol> All => [delimiter, point, encoding, noHeader, columns, missing, keepBlanks];

    public CsvOptions Read(CommandCall call) => new(
        call.Get(delimiter), call.Get(point), call.Get(encoding), call.Get(noHeader) ? false : null, List(call.Get(columns)), List(call.Get(missing)), call.Get(keepBlanks) ? false : null);

    private static string[]? List(string? commaSeparated) => commaSeparated?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
