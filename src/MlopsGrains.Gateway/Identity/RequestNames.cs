using System.Buffers;
using System.Text;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace MlopsGrains.Gateway.Identity;

/// <summary>
/// The names that a request gives, wherever a door could read them from: all spellings and all repeats, so that whatever the endpoint takes was among those that
/// were checked. The body stays in its pipe for the endpoint.
/// </summary>
internal sealed class RequestNames
{
    /// <summary>Before a field's name: only the path counts.</summary>
    public const string InPath = "path:";

    private readonly HttpContext _context;
    private readonly List<(string Name, string Value)> _members = [];

    private RequestNames(HttpContext context) => _context = context;

    public static async ValueTask<RequestNames> ReadAsync(HttpContext context, bool withBody)
    {
        var names = new RequestNames(context);
        if (withBody && !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            var reader = context.Request.BodyReader;
            var body = await RequestBody.ReadToEndAsync(reader, context.RequestAborted);
            try
            {
                names.ReadBody(body, unwrap: true);
            }
            catch (InvalidOperationException)
            {
                throw MlopsException.Invalid("body", "The body holds text that is not valid Unicode.");
            }
            finally
            {
                reader.AdvanceTo(body.Start, body.End);
            }
        }

        return names;
    }

    public IEnumerable<string> Of(string field)
    {
        if (field.StartsWith(InPath, StringComparison.Ordinal))
        {
            return [(string)_context.Request.RouteValues[field[InPath.Length..]]!];
        }

        var plain = Plain(field);
        return _context.Request.RouteValues.Where(v => Plain(v.Key) == plain).Select(v => v.Value as string ?? "")
            .Concat(_context.Request.Query.Where(q => Plain(q.Key) == plain).SelectMany(q => q.Value).Select(v => v ?? ""))
            .Concat(_members.Where(m => m.Name == plain).Select(m => m.Value))
            .Where(v => v.Length > 0)
            .Distinct(StringComparer.Ordinal);
    }

    private static string Plain(string name) => name.Replace("_", "", StringComparison.Ordinal).ToUpperInvariant();

    private void ReadBody(in ReadOnlySequence<byte> body, bool unwrap)
    {
        if (body.IsEmpty)
        {
            return;
        }

        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = NativeJson.DepthMax });
        reader.Read();
        if (unwrap && reader.TokenType == JsonTokenType.String)
        {
            ReadBody(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(reader.GetString()!)), unwrap: false);
            return;
        }

        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = Plain(reader.GetString()!);
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray && !name.EndsWith('S'))
            {
                reader.Skip();
            }
            else if (reader.TokenType == JsonTokenType.StartArray)
            {
                ReadArray(ref reader, name);
            }
            else
            {
                Keep(ref reader, name);
            }
        }
    }

    private void ReadArray(ref Utf8JsonReader reader, string name)
    {
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Keep(ref reader, name);
        }
    }

    private void Keep(ref Utf8JsonReader reader, string name)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                _members.Add((name, reader.GetString()!));
                break;
            case JsonTokenType.Number:
                _members.Add((name, Encoding.UTF8.GetString(reader.HasValueSequence ? reader.ValueSequence.ToArray() : reader.ValueSpan)));
                break;
            default:
                reader.Skip();
                break;
        }
    }
}
