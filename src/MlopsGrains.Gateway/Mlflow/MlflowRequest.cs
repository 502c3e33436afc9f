using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.Paging;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>
/// The fields of one MLflow message, from the query of a GET or the JSON body of the others, by their rules: names in snake or camel case, whole numbers also as
/// text, <c>null</c> is unset, unknown fields are ignored, a JSON string that holds the message is unwrapped once. A body's members are found once; each value is read by
/// <see cref="JsonReader"/> when it is asked for.
/// </summary>
internal sealed class MlflowRequest
{
    private static readonly ConcurrentDictionary<string, string> CamelNames = new(StringComparer.Ordinal);

    private static readonly Dictionary<string, string> OldNames = new() { ["run_id"] = "run_uuid" };

    private const string WholeNumber = "expected a whole number.";
    private const string Truth = "expected true or false.";

    private readonly ReadOnlySequence<byte> body;
    private readonly List<Member> members = [];
    private readonly IQueryCollection? query;

    private MlflowRequest(IQueryCollection query) => this.query = query;

    /// <summary>The message, or a part of one, that the reader stands on; the reader leaves it.</summary>
    private MlflowRequest(ReadOnlySequence<byte> body, ref JsonReader json)
    {
        this.body = body;
        json.Map();
        while (json.NextEntry(out var name))
        {
            var (index, isNull) = (json.Index, json.Kind == JsonTokenType.Null);
            json.Skip();
            members.Add(new Member(name, isNull, index, json.Consumed));
        }
    }

    public static async ValueTask<MlflowRequest> ReadAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            return new MlflowRequest(context.Request.Query);
        }

        CheckContentType(context.Request);

        // A copy: values are read while the message is handled, and the pipe uses its bytes again.
        return Parse(await RequestBody.ReadAsync(context.Request, static body => body.ToArray(), context.RequestAborted));
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

    /// <summary>A text, or <see langword="null"/> when it is not given.</summary>
    public string? Text(string name) => query is not null ? Query(name) : Find(name) is { } value ? At(value).Text() : null;

    /// <summary>Whether a member is there and holds more than nothing.</summary>
    public bool IsGiven(string name)
    {
        if (query is not null)
        {
            return Query(name) is { Length: > 0 };
        }

        if (Find(name) is not { } value)
        {
            return false;
        }

        var json = At(value);
        return json.Kind switch
        {
            JsonTokenType.String => json.Text().Length > 0,
            JsonTokenType.StartArray => json.NextItem(),
            _ => true,
        };
    }

    /// <summary>A text that must be there; empty counts as missing.</summary>
    public string Required(string name) => Text(name) is { Length: > 0 } text ? text : throw MlopsException.Missing(name);

    /// <summary>An id that some clients send as a number.</summary>
    public string? Id(string name) => query is not null ? Query(name) : Find(name) is { } value ? At(value).TextOrNumber() : null;

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
            return Query(name) is not { Length: > 0 } text ? null
                : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
                : throw MlopsException.InvalidValue(name, text, WholeNumber);
        }

        return Find(name) is { } value ? At(value).Int64(WholeNumber) : null;
    }

    public double? Double(string name) => Find(name) is { } value ? At(value).Double() : null;

    public bool? Bool(string name)
    {
        if (query is not null)
        {
            return Query(name) is not { Length: > 0 } text ? null : bool.TryParse(text, out var truth) ? truth : throw MlopsException.InvalidValue(name, text, Truth);
        }

        return Find(name) is { } value ? At(value).Truth() : null;
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

    /// <summary>The page that is asked for, of 1 to <paramref name="sizeMax"/> things.</summary>
    /// <param name="sizeUsual">When none is given.</param>
    /// <param name="sizeMax">At most.</param>
    /// <param name="zeroIsUsual">Whether 0 is none.</param>
    public PageRequest Page(int sizeUsual, int sizeMax, bool zeroIsUsual = false)
    {
        var size = Int64("max_results") ?? sizeUsual;
        return PageRequest.Mlflow(size == 0 && zeroIsUsual ? sizeUsual : size, Text("page_token"), sizeMax);
    }

    /// <summary>A list of texts; numbers in it are taken as text, as ids are.</summary>
    public IReadOnlyList<string> Texts(string name)
    {
        if (query is not null)
        {
            return [.. (query.TryGetValue(name, out var values) ? values : query[Camel(name)]).OfType<string>()];
        }

        var texts = new List<string>();
        if (Find(name) is { } value)
        {
            var json = At(value);
            json.Array();
            while (json.NextItem())
            {
                texts.Add(json.TextOrNumber());
            }
        }

        return texts;
    }

    /// <summary>A list of messages.</summary>
    public IReadOnlyList<MlflowRequest> Messages(string name)
    {
        var messages = new List<MlflowRequest>();
        if (Find(name) is { } value)
        {
            var json = At(value);
            json.Array();
            while (json.NextItem())
            {
                messages.Add(new MlflowRequest(body, ref json));
            }
        }

        return messages;
    }

    /// <summary>A message in this message, or <see langword="null"/>.</summary>
    public MlflowRequest? Message(string name)
    {
        if (Find(name) is not { } value)
        {
            return null;
        }

        var json = At(value);
        return new MlflowRequest(body, ref json);
    }

    /// <summary>The JSON of an object in this message, or <see langword="null"/>; a query carries it as text.</summary>
    public string? ObjectText(string name)
    {
        if (query is not null)
        {
            return Query(name);
        }

        if (Find(name) is not { } value)
        {
            return null;
        }

        var json = At(value);
        if (json.Kind != JsonTokenType.StartObject)
        {
            throw json.Wrong("expected an object.");
        }

        try
        {
            return StrictUtf8.GetString(body.Slice(value.Start, value.End - value.Start));
        }
        catch (DecoderFallbackException)
        {
            throw MlopsException.Invalid(name, $"{name} is not valid Unicode.");
        }
    }

    /// <summary>A list of pairs; a value that is not given is empty.</summary>
    public IReadOnlyList<Tag> Tags(string name) =>
        [.. Messages(name).Select((tag, i) => new Tag(tag.Text("key") is { Length: > 0 } key ? key : throw MlopsException.Missing($"{name}[{i}].key"), tag.Text("value") ?? ""))];

    private static UTF8Encoding StrictUtf8 { get; } = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static MlflowRequest Parse(byte[] body) => JsonReader.Read(
        new ReadOnlySequence<byte>(body), JsonRules.Mlflow, true, static (ref JsonReader json, bool _) => json.Kind == JsonTokenType.StartObject
            ? new MlflowRequest(json.Body, ref json)
            : throw MlopsException.Invalid("body", "The body is not a JSON object."));

    private JsonReader At(Member value) => new(body, JsonRules.Mlflow, value.Start);

    /// <summary>The last one of that name counts.</summary>
    private Member? Find(string name) => FindExactly(name) ?? FindExactly(Camel(name));

    private Member? FindExactly(string name)
    {
        for (var i = members.Count - 1; i >= 0; i--)
        {
            if (members[i].Name == name)
            {
                return members[i].IsNull ? null : members[i];
            }
        }

        return null;
    }

    private string? Query(string name) =>
        query!.TryGetValue(name, out var value) || query.TryGetValue(Camel(name), out value) ? value[^1] : null;

    private static string Camel(string name) => CamelNames.GetOrAdd(name, JsonMembers.Camel);

    /// <param name="Name">As it came.</param>
    /// <param name="IsNull">Whether it is unset.</param>
    /// <param name="Start">Of its value, in the message's bytes.</param>
    /// <param name="End">Behind its value.</param>
    private readonly record struct Member(string Name, bool IsNull, long Start, long End);
}
