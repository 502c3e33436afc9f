using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Limits;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>
/// The fields of one MLflow message, from the query of a GET or the JSON body of the others, by their rules: names in snake or camel case, whole numbers also as
/// text, <c>null</c> is unset, unknown fields are ignored, a JSON string that holds the message is unwrapped once.
/// </summary>
internal sealed class MlflowRequest : IDisposable
{
    private static readonly ConcurrentDictionary<string, string> CamelNames = new(StringComparer.Ordinal);

    private static readonly Dictionary<string, string> OldNames = new() { ["run_id"] = "run_uuid" };

    private const string WholeNumber = "expected a whole number.";
    private const string RealNumber = "Please specify value as a valid double (64-bit floating point): a number, \"NaN\", \"Infinity\" or \"-Infinity\".";
    private const string Truth = "expected true or false.";

    private readonly JsonDocument? document;
    private readonly JsonElement message;
    private readonly IQueryCollection? query;

    private MlflowRequest(JsonDocument document) => (this.document, message) = (document, document.RootElement);

    private MlflowRequest(IQueryCollection query) => this.query = query;

    /// <summary>A part of a message.</summary>
    private MlflowRequest(JsonElement message) => this.message = message;

    public static async ValueTask<MlflowRequest> ReadAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            return new MlflowRequest(context.Request.Query);
        }

        CheckContentType(context.Request);
        var reader = context.Request.BodyReader;
        var body = await RequestBody.ReadToEndAsync(reader, context.RequestAborted);
        try
        {
            return new MlflowRequest(Parse(body));
        }
        finally
        {
            reader.AdvanceTo(body.End);
        }
    }

    /// <summary>POST and PUT must say that they carry JSON, as on the real server.</summary>
    public static void CheckContentType(HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method) && !HttpMethods.IsPut(request.Method))
        {
            return;
        }

        var type = request.ContentType.AsSpan();
        var parameters = type.IndexOf(';');
        if (!(parameters < 0 ? type : type[..parameters]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase))
        {
            throw MlopsException.Invalid("Content-Type", "Bad Request. Content-Type must be application/json.");
        }
    }

    public void Dispose() => document?.Dispose();

    /// <summary>A text, or <see langword="null"/> when it is not given.</summary>
    public string? Text(string name)
    {
        if (query is not null)
        {
            return Query(name);
        }

        return Find(name) is { } value ? AsText(value, name) : null;
    }

    /// <summary>Whether a member is there and holds more than nothing.</summary>
    public bool IsGiven(string name) => query is not null ? Query(name) is { Length: > 0 } : Find(name) switch
    {
        null => false,
        { ValueKind: JsonValueKind.String } text => AsText(text, name).Length > 0,
        { ValueKind: JsonValueKind.Array } list => list.GetArrayLength() > 0,
        _ => true,
    };

    /// <summary>A text that must be there; empty counts as missing.</summary>
    public string Required(string name) => Text(name) is { Length: > 0 } text ? text : throw MlopsException.Missing(name);

    /// <summary>An id that some clients send as a number.</summary>
    public string? Id(string name) =>
        query is null && Find(name) is { ValueKind: JsonValueKind.Number } number ? number.GetRawText() : Text(name);

    /// <summary>
    /// The id or name that a field holds, also under the name that old clients send; <see langword="null"/> when it is not given. What is judged and what is done are both read by this.
    /// </summary>
    public string? Name(string field) =>
        (field == "experiment_id" ? Id(field) : Text(field)) is { Length: > 0 } name ? name
        : OldNames.TryGetValue(field, out var old) && Text(old) is { Length: > 0 } given ? given
        : null;

    /// <summary>The same for a field that may hold several.</summary>
    public IReadOnlyList<string> Names(string field, bool many) => many ? Texts(field) : Name(field) is { } name ? [name] : [];

    public long? Int64(string name)
    {
        if (query is not null)
        {
            return Query(name) is { Length: > 0 } text ? ParseInt64(text, name) : null;
        }

        return Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.Number } n when n.TryGetInt64(out var whole) => whole,
            { ValueKind: JsonValueKind.Number } n when n.TryGetDouble(out var number) && JsonValues.TryWhole(number, out var whole) => whole,
            { ValueKind: JsonValueKind.String } s => ParseInt64(AsText(s, name), name),
            { } other => throw MlopsException.InvalidValue(name, other, WholeNumber),
        };
    }

    public double? Double(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } n when n.TryGetDouble(out var number) && double.IsFinite(number) => number,
        { ValueKind: JsonValueKind.String } s => AsText(s, name) switch
        {
            "NaN" => double.NaN,
            "Infinity" => double.PositiveInfinity,
            "-Infinity" => double.NegativeInfinity,
            _ => throw MlopsException.InvalidValue(name, s, RealNumber),
        },
        { } other => throw MlopsException.InvalidValue(name, other, RealNumber),
    };

    public bool? Bool(string name)
    {
        if (query is not null)
        {
            return Query(name) is { Length: > 0 } text ? ParseBool(text, name) : null;
        }

        return Find(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            { ValueKind: JsonValueKind.String } s => ParseBool(AsText(s, name), name),
            { } other => throw MlopsException.InvalidValue(name, other, Truth),
        };
    }

    /// <summary>An enumeration's value by MLflow's name for it or its number.</summary>
    public TEnum? Enum<TEnum>(string name, IReadOnlyDictionary<string, TEnum> names)
        where TEnum : struct, Enum
    {
        if (Id(name) is not { Length: > 0 } text)
        {
            return null;
        }

        if (names.TryGetValue(text, out var value))
        {
            return value;
        }

        foreach (var known in names.Values)
        {
            if (Convert.ToInt32(known, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture) == text)
            {
                return known;
            }
        }

        throw MlopsException.InvalidValue(name, text, $"expected one of {string.Join(", ", names.Keys)}.");
    }

    /// <summary>How many things an answer may hold at most: 1 to <paramref name="most"/>.</summary>
    public int MaxResults(int usual, int most) => Limit.Page("max_results", Int64("max_results") ?? usual, most);

    /// <summary>A list of texts; numbers in it are taken as text, as ids are.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (query is not null)
        {
            return [.. (query.TryGetValue(name, out var values) ? values : query[Camel(name)]).OfType<string>()];
        }

        return [.. List(name).Select((item, i) => item.ValueKind == JsonValueKind.Number ? item.GetRawText() : AsText(item, $"{name}[{i}]"))];
    }

    /// <summary>A list of messages.</summary>
    public IEnumerable<MlflowRequest> Messages(string name) => List(name).Select((item, i) => Part(item, $"{name}[{i}]"));

    /// <summary>A message in this message, or <see langword="null"/>.</summary>
    public MlflowRequest? Message(string name) => Find(name) is { } value ? Part(value, name) : null;

    /// <summary>The JSON of an object in this message, or <see langword="null"/>; a query carries it as text.</summary>
    public string? ObjectText(string name)
    {
        if (query is not null)
        {
            return Query(name);
        }

        try
        {
            return Message(name)?.message.GetRawText();
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode(name);
        }
    }

    /// <summary>A list of pairs; a value that is not given is empty.</summary>
    public IReadOnlyList<Tag> Tags(string name) =>
        [.. Messages(name).Select((tag, i) => new Tag(tag.Text("key") is { Length: > 0 } key ? key : throw MlopsException.Missing($"{name}[{i}].key"), tag.Text("value") ?? ""))];

    private static JsonDocument Parse(in ReadOnlySequence<byte> body)
    {
        if (body.IsEmpty)
        {
            return JsonDocument.Parse("{}");
        }

        var options = new JsonDocumentOptions { MaxDepth = NativeJson.DepthMax };
        // A copy: the document reads its bytes until it is disposed, and the pipe reuses its own as soon as the reader advances.
        var document = JsonDocument.Parse(body.ToArray(), options);
        if (document.RootElement.ValueKind == JsonValueKind.String)
        {
            var inner = AsText(document.RootElement, "body");
            document.Dispose();
            document = JsonDocument.Parse(inner, options);
        }

        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            document.Dispose();
            throw MlopsException.Invalid("body", "The body is not a JSON object.");
        }

        return document;
    }

    private static MlflowRequest Part(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object ? new MlflowRequest(value) : throw MlopsException.InvalidValue(name, value, "expected an object.");

    private JsonElement[] List(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()],
        { } other => throw MlopsException.InvalidValue(name, other, "expected an array."),
    };

    private JsonElement? Find(string name)
    {
        if (query is not null)
        {
            return null;
        }

        try
        {
            return (message.TryGetProperty(name, out var value) || message.TryGetProperty(Camel(name), out value)) && value.ValueKind != JsonValueKind.Null ? value : null;
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode("body");
        }
    }

    private string? Query(string name) =>
        query!.TryGetValue(name, out var value) || query.TryGetValue(Camel(name), out value) ? value[^1] : null;

    private static string AsText(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw MlopsException.InvalidValue(name, value, "expected text.");
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode(name);
        }
    }

    private static MlopsException NotUnicode(string name) => MlopsException.Invalid(name, $"{name} is not valid Unicode.");

    private static long ParseInt64(string text, string name) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? value : throw MlopsException.InvalidValue(name, text, WholeNumber);

    private static bool ParseBool(string text, string name) =>
        bool.TryParse(text, out var value) ? value : throw MlopsException.InvalidValue(name, text, Truth);

    private static string Camel(string name) => CamelNames.GetOrAdd(name, static n =>
        string.Concat(n.Split('_').Select((part, i) => i == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..])));
}
