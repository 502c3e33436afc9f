using System.Text.Encodings.Web;
using System.Text.Json;
using MlopsGrains.Texts;

namespace MlopsGrains.Errors;

/// <summary>What kind of refusal an <see cref="MlopsException"/> is. Each door maps a kind to its own status once.</summary>
public enum ErrorKind
{
    /// <summary>The caller's input breaks a rule or a limit (HTTP 400).</summary>
    InvalidInput = 0,

    /// <summary>The named thing does not exist (HTTP 404).</summary>
    NotFound = 1,

    /// <summary>A thing of that name exists already (HTTP 409; MLflow: 400 RESOURCE_ALREADY_EXISTS).</summary>
    AlreadyExists = 2,

    /// <summary>The thing is in a state that does not allow this, or someone else was first (HTTP 409).</summary>
    Conflict = 3,

    /// <summary>More bytes than the limit (HTTP 413).</summary>
    TooLarge = 4,

    /// <summary>The platform is busy; nothing was changed; try again later (HTTP 429 with Retry-After).</summary>
    Overloaded = 5,

    /// <summary>Known but not able to serve now (HTTP 503 with Retry-After).</summary>
    Unavailable = 6,

    /// <summary>The feature is not supported here (HTTP 501).</summary>
    NotSupported = 7,

    /// <summary>What was stored is damaged or missing; trying again does not help (HTTP 500).</summary>
    DataLoss = 8,

    /// <summary>The input keeps every rule, but what comes of it is not an answer, such as a score that is infinite (HTTP 422; MLflow: 400).</summary>
    Unprocessable = 9,

    /// <summary>The caller is known, may see the thing, and may not do this with it (HTTP 403).</summary>
    PermissionDenied = 10,
}

/// <summary>A refusal that the caller can act on. Its message says what was expected, what came, and the limit. Crosses the wire as itself.</summary>
[GenerateSerializer, Alias("mlops.Exception")]
public sealed class MlopsException : Exception
{
    private const int ShownCharactersMax = 300;

    private static readonly JsonSerializerOptions ShownJson = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Needed by the serializer; use the factories.</summary>
    public MlopsException(string message) : base(message)
    {
    }

    /// <summary>A refusal of the given kind; <paramref name="field"/> is the path of the offending input, such as <c>metrics[0].key</c>.</summary>
    public MlopsException(ErrorKind kind, string message, string? field = null) : base(message)
    {
        Kind = kind;
        Field = field;
    }

    /// <summary>What kind of refusal this is.</summary>
    [Id(0)]
    public ErrorKind Kind { get; private set; }

    /// <summary>The path of the offending input, or <see langword="null"/> when no single field is to blame.</summary>
    [Id(1)]
    public string? Field { get; private set; }

    /// <summary>Where in the text of <see cref="Field"/> the fault begins, in characters from 0; <see langword="null"/> when the whole of it is meant.</summary>
    [Id(2)]
    public int? Position { get; private set; }

    /// <summary>How many characters from <see cref="Position"/> on are at fault; 0 where something is missing.</summary>
    [Id(3)]
    public int? Length { get; private set; }

    /// <summary>The same refusal, with the place in the text of its field.</summary>
    /// <param name="position">In characters from 0.</param>
    /// <param name="length">In characters; 0 where something is missing.</param>
    public MlopsException At(int position, int length) => new(Kind, Message, Field) { Position = position, Length = length };

    /// <summary>The input at <paramref name="field"/> breaks a rule.</summary>
    public static MlopsException Invalid(string field, string message) => new(ErrorKind.InvalidInput, message, field);

    /// <summary>The value that came for <paramref name="field"/> breaks a rule, which <paramref name="rule"/> says. In the words of the tracking protocol, whose clients look for them.</summary>
    public static MlopsException InvalidValue(string field, object? value, string rule) =>
        Invalid(field, $"Invalid value {Shown(value)} for parameter '{field}' supplied: {rule}");

    /// <summary>Nothing came for <paramref name="field"/>.</summary>
    public static MlopsException Missing(string field) => Invalid(field, $"Missing value for required parameter '{field}'.");

    /// <summary>The text that came for <paramref name="field"/> has <paramref name="length"/> characters where at most <paramref name="lengthMax"/> may be.</summary>
    public static MlopsException TooLong(string field, long length, long lengthMax) =>
        Invalid(field, $"'{field}' exceeds the maximum length of {lengthMax} characters; it has {length}.");

    /// <summary>The thing named by <paramref name="what"/> and <paramref name="id"/> does not exist.</summary>
    public static MlopsException NotFound(string what, string id) => new(ErrorKind.NotFound, $"{what} '{id.Shorten(ShownCharactersMax)}' not found.");

    /// <summary>A thing of that name is there already.</summary>
    public static MlopsException AlreadyExists(string what, string id) => new(ErrorKind.AlreadyExists, $"{what} '{id}' already exists.");

    /// <summary>The caller is known and may not do this.</summary>
    public static MlopsException Denied(string message) => new(ErrorKind.PermissionDenied, message);

    /// <summary>The present state does not allow this.</summary>
    public static MlopsException Conflict(string message) => new(ErrorKind.Conflict, message);

    /// <summary>The platform is busy; nothing was changed.</summary>
    public static MlopsException Overloaded(string message) => new(ErrorKind.Overloaded, message);

    /// <summary>Known but not able to serve now.</summary>
    public static MlopsException Unavailable(string message) => new(ErrorKind.Unavailable, message);

    /// <summary>A value as JSON has it, cut where it is long.</summary>
    private static string Shown(object? value)
    {
        var json = value is JsonElement element ? element.GetRawText() : JsonSerializer.Serialize(value, ShownJson);
        return json.Shorten(ShownCharactersMax);
    }
}
