using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace MlopsGrains.Gateway.OpenApi;

/// <summary>A message told by an example: names that end in <c>!</c> must be given, and the schema is that of the values.</summary>
internal sealed record ExampleMessage(JsonNode Example, OpenApiSchema Schema)
{
    public static ExampleMessage Parse(string text) => Of(JsonNode.Parse(text)!);

    private static ExampleMessage Of(JsonNode node) => node switch
    {
        JsonObject members => OfObject(members),
        JsonArray items => OfArray(items),
        _ => new(node.DeepClone(), new OpenApiSchema { Type = TypeOf(node) }),
    };

    private static ExampleMessage OfObject(JsonObject members)
    {
        var example = new JsonObject();
        var schema = new OpenApiSchema { Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema>(), Required = new HashSet<string>() };
        foreach (var (given, value) in members)
        {
            var name = given.TrimEnd('!');
            var member = Of(value!);
            example[name] = member.Example;
            schema.Properties[name] = member.Schema;
            if (name != given)
            {
                schema.Required.Add(name);
            }
        }

        return new(example, schema);
    }

    private static ExampleMessage OfArray(JsonArray items)
    {
        var parts = items.Select(item => Of(item!)).ToArray();
        return new(
            new JsonArray([.. parts.Select(p => p.Example)]),
            new OpenApiSchema { Type = JsonSchemaType.Array, Items = parts.Length > 0 ? parts.Select(p => p.Schema).Aggregate(Either) : new OpenApiSchema() });
    }

    /// <summary>Items of one list may hold different members; what one of them lacks need not be given.</summary>
    private static OpenApiSchema Either(OpenApiSchema first, OpenApiSchema second)
    {
        foreach (var (name, type) in second.Properties ?? new Dictionary<string, IOpenApiSchema>())
        {
            first.Properties!.TryAdd(name, type);
        }

        first.Required?.IntersectWith(second.Required!);
        return first;
    }

    private static JsonSchemaType TypeOf(JsonNode value) => value.GetValueKind() switch
    {
        System.Text.Json.JsonValueKind.String => JsonSchemaType.String,
        System.Text.Json.JsonValueKind.Number => value.ToJsonString().Contains('.', StringComparison.Ordinal) ? JsonSchemaType.Number : JsonSchemaType.Integer,
        _ => JsonSchemaType.Boolean,
    };
}
