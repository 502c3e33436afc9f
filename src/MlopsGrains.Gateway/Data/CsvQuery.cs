using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using MlopsGrains.Data;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Data;

/// <summary>How an uploaded CSV is written, as a query says it: <c>delimiter=semicolon&amp;decimal=comma</c>.</summary>
internal sealed record CsvQuery(
    [property: FromQuery(Name = "delimiter"), Description("Between cells: comma, semicolon, tab, pipe, or the character. Found out when left out.")] string? Delimiter,
    [property: FromQuery(Name = "decimal"), Description("In numbers: point or comma. Found out when left out.")] string? Decimal,
    [property: FromQuery(Name = "encoding"), Description("Such as windows-1252 or utf-16; UTF-8 when the bytes do not tell otherwise.")] string? Encoding,
    [property: FromQuery(Name = "header"), Description("Whether the first row holds the columns' names; true when left out.")] string? Header,
    [property: FromQuery(Name = "columns"), Description("The columns' names, a,b,c, of a file without a header.")] string? Columns,
    [property: FromQuery(Name = "missing"), Description("Words for a missing value, NA,?; empty for none but an empty cell. NA, N/A, NaN, null, ? and their like when left out.")] string? Missing,
    [property: FromQuery(Name = "trim"), Description("Whether blanks around cells are left out; true when left out.")] string? Trim)
{
    public CsvOptions Options() => new(Delimiter, Decimal, Encoding, Flag("header", Header), List(Columns), List(Missing), Flag("trim", Trim));

    private static bool? Flag(string field, string? text) => text is null ? null
        : bool.TryParse(text, out var flag) ? flag
        : throw MlopsException.Invalid(field, $"{field} is '{text}'; expected true or false.");

    private static string[]? List(string? commaSeparated) => commaSeparated?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
