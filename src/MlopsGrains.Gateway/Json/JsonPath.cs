using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace MlopsGrains.Gateway.Json;

/// <summary>Where a token stands in a message, such as <c>metrics[3].value</c>: found by reading the message again when somebody has to be told, so that nobody else pays for it.</summary>
internal static class JsonPath
{
    /// <summary>The path of a value, of the value of a name, or of the object or list that ends there; <c>body</c> for the whole message.</summary>
    /// <param name="body">The message.</param>
    /// <param name="index">Of the token's first byte.</param>
    public static string Of(in ReadOnlySequence<byte> body, long index)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = JsonRules.DepthMax });
        var places = new List<Place>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    places[^1] = places[^1] with { Name = Name(ref reader) };
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    places.RemoveAt(places.Count - 1);
                    break;
                default:
                    if (places.Count > 0 && places[^1].Name is null)
                    {
                        places[^1] = places[^1] with { Item = places[^1].Item + 1 };
                    }

                    break;
            }

            if (reader.TokenStartIndex >= index)
            {
                break;
            }

            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                places.Add(new Place(reader.TokenType == JsonTokenType.StartObject ? "" : null, -1));
            }
        }

        return Write(places);
    }

    private static string Name(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "?";
        }
    }

    private static string Write(List<Place> places)
    {
        var path = new StringBuilder();
        foreach (var (name, item) in places)
        {
            if (name is null)
            {
                path.Append('[').Append(item.ToString(CultureInfo.InvariantCulture)).Append(']');
            }
            else if (name.Length > 0)
            {
                path.Append(path.Length > 0 ? "." : "").Append(name);
            }
        }

        return path.Length > 0 ? path.ToString() : "body";
    }

    /// <param name="Name">Of the member, in an object.</param>
    /// <param name="Item">In a list, from 0.</param>
    private readonly record struct Place(string? Name, int Item);
}
