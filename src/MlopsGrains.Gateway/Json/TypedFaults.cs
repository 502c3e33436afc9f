using System.Collections;
using System.Text.Json;
using System.Text.RegularExpressions;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Json;

/// <summary>
/// What is wrong with a body that does not fit its message's type, in the words of <see cref="JsonReader"/>: the serializer's own words name types of ours. Its
/// <see cref="JsonException"/> says the path, and in a sentence what it missed.
/// </summary>
internal static partial class TypedFaults
{
    public static MlopsException Of(JsonException e)
    {
        var path = e.Path is { Length: > 1 } given && given[0] == '$' ? given[1..].TrimStart('.') : null;
        if (Missing().Match(e.Message) is { Success: true } missing)
        {
            return MlopsException.Missing(path is null ? missing.Groups["name"].Value : $"{path}.{missing.Groups["name"].Value}");
        }

        return path is null ? MlopsException.Invalid("body", $"The body is not the expected JSON{Position(e)}.")
            : Null().IsMatch(e.Message) ? MlopsException.Missing(path)
            : Unknown().Match(e.Message) is { Success: true } unknown ? UnknownMember(path, MembersOf(unknown.Groups["type"].Value))
            : Twice().IsMatch(e.Message) ? GivenTwice(path)
            : MlopsException.Invalid(path, $"Invalid value for parameter '{path}' supplied: {RuleOf(e, path)}{Position(e)}");
    }

    public static MlopsException UnknownMember(string path, IEnumerable<string> expected) =>
        MlopsException.Invalid(path, string.Join(", ", expected) is { Length: > 0 } names ? $"Unknown field '{path}'; expected one of {names}." : $"Unknown field '{path}'.");

    public static MlopsException GivenTwice(string path) => MlopsException.Invalid(path, $"{path} is given twice.");

    private static IEnumerable<string> MembersOf(string type) => FindType(type) is { } found ? NativeJson.Options.GetTypeInfo(found).Properties.Select(p => p.Name) : [];

    /// <summary>The serializer names the type of the value, or of the object whose member it is.</summary>
    private static string RuleOf(JsonException e, string path)
    {
        if (Converted().Match(e.Message) is not { Success: true } match)
        {
            return "it is not JSON";
        }

        var name = match.Groups["type"].Value.TrimEnd('.');
        var type = FindType(name) ?? Type.GetType(name);
        if (type is { IsEnum: false } && FindType(name) is not null)
        {
            var member = path[(path.LastIndexOf('.') + 1)..].Split('[')[0];
            type = NativeJson.Options.GetTypeInfo(type).Properties.FirstOrDefault(p => p.Name == member)?.PropertyType ?? type;
        }

        return type is null ? "expected another value." : RuleOf(Nullable.GetUnderlyingType(type) ?? type);
    }

    private static string RuleOf(Type type) =>
        type.IsEnum ? $"expected one of {string.Join(", ", Enum.GetNames(type).Select(JsonNamingPolicy.CamelCase.ConvertName))}."
        : type == typeof(string) ? "expected text."
        : type == typeof(bool) ? "expected true or false."
        : type == typeof(int) ? "expected a whole number of 32 bits."
        : type == typeof(long) ? "expected a whole number of 64 bits."
        : type == typeof(double) ? "expected a finite number."
        : type.Name.Contains("Dictionary", StringComparison.Ordinal) || !typeof(IEnumerable).IsAssignableFrom(type) ? "expected an object."
        : "expected an array.";

    private static Type? FindType(string name) => typeof(TypedFaults).Assembly.GetType(name) ?? typeof(MlopsException).Assembly.GetType(name);

    private static string Position(JsonException e) => e.LineNumber is { } line && e.BytePositionInLine is { } column ? $" (line {line + 1}, byte {column + 1})" : "";

    [GeneratedRegex("missing required properties including: '(?<name>[^']+)'")]
    private static partial Regex Missing();

    [GeneratedRegex("doesn't allow (setting )?null")]
    private static partial Regex Null();

    [GeneratedRegex("could not be mapped to any .NET member contained in type '(?<type>[^']+)'")]
    private static partial Regex Unknown();

    [GeneratedRegex("^Duplicate property")]
    private static partial Regex Twice();

    [GeneratedRegex(@"could not be converted to (?:System\.Nullable`1\[)?(?<type>[\w.+`]+)")]
    private static partial Regex Converted();
}
