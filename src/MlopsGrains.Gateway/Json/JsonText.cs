using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace MlopsGrains.Gateway.Json;

/// <summary>
/// How every door writes text in JSON: <c>'</c>, <c>+</c>, <c>&lt;</c> and letters of any alphabet as themselves. Answers are <c>application/json</c> that no browser
/// sniffs, so nothing has to be hidden from HTML, and clients look for words in the bytes.
/// </summary>
internal static class JsonText
{
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Utf8JsonWriter Writer(IBufferWriter<byte> output) => new(output, Options);
}
