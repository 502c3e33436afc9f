using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Json;

/// <summary>Reads a message with the reader that stands on its first value, to that value's end.</summary>
internal delegate TResult JsonRead<TState, TResult>(ref JsonReader json, TState state);

/// <summary>
/// The one reader of messages in JSON, forward over their own bytes. Every refusal names the path of what is wrong; types, unknown, missing and repeated members are handled alike at every door, by its
/// <see cref="JsonRules"/>. Nothing is allocated but what is handed out.
/// <code>
/// var at = json.Object(Members);
/// while (json.Next(ref at, out var member))
/// {
///     switch (member) { case Key: key = json.Text(); break; case Step: step = json.Int64(); break; }
/// }
/// </code>
/// </summary>
internal ref struct JsonReader
{
    private const string RealNumber = "Please specify value as a valid double (64-bit floating point): a number, \"NaN\", \"Infinity\" or \"-Infinity\".";
    private const string WholeNumber = "expected a whole number.";

    /// <summary>A sign and nineteen digits, each of them possibly an escape of six bytes.</summary>
    private const int NumberTextBytesMax = 20 * 6;

    private readonly ReadOnlySequence<byte> body;
    private readonly long start;
    private readonly JsonRules rules;
    private Utf8JsonReader reader;

    /// <param name="body">The message.</param>
    /// <param name="rules">Of the door.</param>
    /// <param name="start">Where in it the value begins that is to be read.</param>
    public JsonReader(in ReadOnlySequence<byte> body, JsonRules rules, long start = 0)
    {
        this.body = body;
        this.start = start;
        this.rules = rules;
        reader = new Utf8JsonReader(start == 0 ? body : body.Slice(start), new JsonReaderOptions { MaxDepth = JsonRules.DepthMax, AllowMultipleValues = start > 0 });
        reader.Read();
    }

    /// <summary>The whole message.</summary>
    public readonly ReadOnlySequence<byte> Body => body;

    /// <summary>The kind of value that it stands on.</summary>
    public readonly JsonTokenType Kind => reader.TokenType;

    /// <summary>Where the value begins that it stands on.</summary>
    public readonly long Index => start + reader.TokenStartIndex;

    /// <summary>Behind what was read.</summary>
    public readonly long Consumed => start + reader.BytesConsumed;

    /// <summary>The path of what it stands on.</summary>
    public readonly string Path => JsonPath.Of(body, Index);

    /// <summary>The tokens themselves, for layers that read many like values.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public ref Utf8JsonReader Tokens => ref reader;

    /// <summary>Reads a whole message.</summary>
    public static TResult Read<TState, TResult>(ReadOnlySequence<byte> body, JsonRules rules, TState state, JsonRead<TState, TResult> read)
    {
        if (rules.MayBeWrapped && body.IsEmpty)
        {
            body = new ReadOnlySequence<byte>("{}"u8.ToArray());
        }

        try
        {
            var json = new JsonReader(body, rules);
            if (rules.MayBeWrapped && json.Kind == JsonTokenType.String)
            {
                var inner = Encoding.UTF8.GetBytes(json.Text());
                json.End();
                return Read(new ReadOnlySequence<byte>(inner), rules with { MayBeWrapped = false }, state, read);
            }

            var result = read(ref json, state);
            json.End();
            return result;
        }
        catch (Exception e) when (e is InvalidOperationException or DecoderFallbackException)
        {
            // The JSON reader's word for bytes that are no UTF-8, or for half a surrogate pair.
            throw MlopsException.Invalid("body", "The body holds text that is not valid Unicode.");
        }
    }

    /// <summary>Enters the object that it stands on.</summary>
    public JsonObject Object(JsonMembers members)
    {
        Map();
        return new JsonObject(members);
    }

    /// <summary>Moves to the value of the object's next member that is set; <see langword="false"/> at its end.</summary>
    public bool Next(ref JsonObject at, out int member)
    {
        while (true)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.EndObject)
            {
                member = -1;
                return false;
            }

            member = at.Members.Find(ref reader, at.Last);
            if (member < 0)
            {
                SkipUnknown(at.Members);
                continue;
            }

            if (!rules.SkipsUnknown && (at.Seen & (1UL << member)) != 0)
            {
                throw TypedFaults.GivenTwice(Path);
            }

            at.Seen |= 1UL << member;
            at.Last = member;
            reader.Read();
            if (reader.TokenType != JsonTokenType.Null)
            {
                return true;
            }
        }
    }

    /// <summary>Enters an object whose members may have any names.</summary>
    public void Map()
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Wrong("expected an object.");
        }
    }

    /// <summary>Moves to the value of the map's next member, <c>null</c> too; <see langword="false"/> at its end.</summary>
    public bool NextEntry(out string name)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            name = "";
            return false;
        }

        name = Decoded();
        reader.Read();
        return true;
    }

    /// <summary>Enters the list that it stands on.</summary>
    public void Array()
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Wrong("expected an array.");
        }
    }

    /// <summary>Moves to the list's next item; <see langword="false"/> at its end.</summary>
    public bool NextItem() => reader.Read() && reader.TokenType != JsonTokenType.EndArray;

    /// <summary>Items from the one that it stands on to the end of their list.</summary>
    public int CountItems()
    {
        var count = 0;
        do
        {
            count++;
            reader.Skip();
        }
        while (NextItem());

        return count;
    }

    public void Skip() => reader.Skip();

    public string Text()
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw Wrong("expected text.");
        }

        return Decoded();
    }

    /// <summary>A text; a number as it is written, as some clients send ids.</summary>
    public string TextOrNumber() => reader.TokenType == JsonTokenType.Number ? Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan) : Text();

    /// <summary>A whole number; also <c>1e3</c> and <c>2.0</c>, and digits in a text where the door takes those.</summary>
    public long Int64(string rule = WholeNumber) => TryInt64(out var value) ? value : throw Wrong(rule);

    public bool TryInt64(out long value)
    {
        if (reader.TokenType == JsonTokenType.Number)
        {
            // Digits alone that do not fit are not rounded to a number that does.
            return reader.TryGetInt64(out value) || (IsWrittenAsReal() && reader.TryGetDouble(out var number) && TryWhole(number, out value));
        }

        value = 0;
        return rules.ScalarsInText && reader.TokenType == JsonTokenType.String && TryInt64InText(out value);
    }

    /// <summary>A finite number, or one of the three texts for what JSON has no number for.</summary>
    public double Double() => TryDouble(out var value) ? value : throw Wrong(RealNumber);

    public bool TryDouble(out double value)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Number:
                return reader.TryGetDouble(out value) && double.IsFinite(value);
            case JsonTokenType.String:
                return TryDoubleInText(out value);
            default:
                value = 0;
                return false;
        }
    }

    public bool Truth() => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        JsonTokenType.String when rules.ScalarsInText && bool.TryParse(Text(), out var truth) => truth,
        _ => throw Wrong("expected true or false."),
    };

    /// <summary>The refusal of the value that it stands on.</summary>
    public MlopsException Wrong(string rule)
    {
        var copy = reader;
        using var value = JsonDocument.ParseValue(ref copy);
        try
        {
            return MlopsException.InvalidValue(Path, value.RootElement, rule);
        }
        catch (InvalidOperationException)
        {
            return NotUnicode();
        }
    }

    /// <summary>The refusal of the object at whose end it stands: it lacks a member.</summary>
    public MlopsException Missing(string member) => MlopsException.Missing(PathOf(member));

    /// <summary>The path of a member of the object at whose end it stands.</summary>
    public string PathOf(string member) => Path is var path && path == "body" ? member : $"{path}.{member}";

    /// <summary>Refuses what comes after the message.</summary>
    public void End() => reader.Read();

    private void SkipUnknown(JsonMembers members)
    {
        if (!rules.SkipsUnknown)
        {
            throw TypedFaults.UnknownMember(Path, members.Names);
        }

        reader.Read();
        reader.Skip();
    }

    private bool IsWrittenAsReal() => (reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan).ContainsAny(".eE"u8);

    private static bool TryWhole(double number, out long value)
    {
        value = 0;
        if (!(number >= -9223372036854775808d && number < 9223372036854775808d) || Math.Truncate(number) != number)
        {
            return false;
        }

        value = (long)number;
        return true;
    }

    private bool TryInt64InText(out long value)
    {
        value = 0;
        if ((reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length) > NumberTextBytesMax)
        {
            return false;
        }

        Span<byte> text = stackalloc byte[NumberTextBytesMax];
        try
        {
            text = text[..reader.CopyString(text)];
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode();
        }

        return Utf8Parser.TryParse(text, out value, out var read) && read == text.Length;
    }

    private bool TryDoubleInText(out double value)
    {
        try
        {
            value = reader.ValueTextEquals("NaN"u8) ? double.NaN
                : reader.ValueTextEquals("Infinity"u8) ? double.PositiveInfinity
                : reader.ValueTextEquals("-Infinity"u8) ? double.NegativeInfinity
                : 0;
            return !double.IsFinite(value);
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode();
        }
    }

    private string Decoded()
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode();
        }
    }

    private MlopsException NotUnicode() => MlopsException.Invalid(Path, $"{Path} is not valid Unicode.");
}
