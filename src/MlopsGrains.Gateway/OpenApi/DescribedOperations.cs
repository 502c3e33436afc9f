using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;
using MlopsGrains.Gateway.Http;

namespace MlopsGrains.Gateway.OpenApi;

/// <summary>Makes an operation of the API document of every endpoint that carries a <see cref="Description"/>.</summary>
internal static partial class DescribedOperations
{
    public static void AddDescribed(this OpenApiDocument document, EndpointDataSource endpoints)
    {
        foreach (var endpoint in endpoints.Endpoints.OfType<RouteEndpoint>())
        {
            if (endpoint.Metadata.GetMetadata<Description>() is not { } description || endpoint.Metadata.GetMetadata<SecondAddress>() is not null)
            {
                continue;
            }

            var path = RouteParameter().Replace(endpoint.RoutePattern.RawText!, "{$1}");
            if (!document.Paths.TryGetValue(path, out var item))
            {
                document.Paths[path] = item = new OpenApiPathItem();
            }

            foreach (var method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods)
            {
                ((OpenApiPathItem)item).AddOperation(new HttpMethod(method), Operation(document, endpoint, path, method, description));
            }
        }
    }

    private static OpenApiOperation Operation(OpenApiDocument document, RouteEndpoint endpoint, string path, string method, Description description)
    {
        var operation = new OpenApiOperation
        {
            OperationId = IdOf(path, method),
            Summary = description.Summary,
            Tags = endpoint.Metadata.OfType<ITagsMetadata>().Last().Tags.Select(t => new OpenApiTagReference(t, document)).ToHashSet(),
            Responses = new() { ["200"] = new OpenApiResponse { Description = "OK", Content = Content(description.Gives, description.GivesBytes) } },
        };
        AddRequest(operation, path, method, description);
        operation.AddCreationKey(endpoint.Metadata);
        operation.AddNeeds(endpoint.Metadata);
        operation.AddRefusals(Dialects.Of(path), operation.RequestBody is not null, document);
        return operation;
    }

    /// <summary>A member of the message is a parameter of the address or the query, or is part of the body.</summary>
    private static void AddRequest(OpenApiOperation operation, string path, string method, Description description)
    {
        var takes = ExampleMessage.Parse(description.Takes ?? "{}");
        var body = takes.Example.AsObject();
        var schema = takes.Schema;
        foreach (var (name, type) in schema.Properties!.ToList())
        {
            var inPath = path.Contains($"{{{name}}}", StringComparison.Ordinal);
            if (inPath || method == HttpMethods.Get || description.TakesBytes is not null)
            {
                operation.Parameters ??= [];
                operation.Parameters.Add(new OpenApiParameter
                {
                    Name = name, In = inPath ? ParameterLocation.Path : ParameterLocation.Query, Required = schema.Required!.Contains(name), Schema = type, Example = body[name]!.DeepClone(),
                });
                body.Remove(name);
                schema.Properties!.Remove(name);
                schema.Required!.Remove(name);
            }
        }

        if (description.TakesBytes is { } contentType)
        {
            operation.RequestBody = new OpenApiRequestBody { Required = true, Content = Content("", contentType) };
        }
        else if (body.Count > 0)
        {
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema, Example = body } },
            };
        }
    }

    private static Dictionary<string, OpenApiMediaType> Content(string message, string? contentType)
    {
        if (contentType is not null)
        {
            return new() { [contentType] = contentType.StartsWith("text/", StringComparison.Ordinal)
                ? new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = JsonValue.Create(message) }
                : new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" }, Example = JsonValue.Create("the file's bytes") } };
        }

        var example = ExampleMessage.Parse(message);
        return new() { ["application/json"] = new() { Schema = example.Schema, Example = example.Example } };
    }

    /// <summary>A name such as <c>mlflowRunsLogBatchPost</c>.</summary>
    private static string IdOf(string path, string method)
    {
        var words = Word().Matches(path).Select(w => w.Value).Append(method.ToLowerInvariant());
        return string.Concat(words.Select((word, i) => i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
    }

    [GeneratedRegex(@"\{\**([^}:?]+)[^}]*\}")]
    private static partial Regex RouteParameter();

    [GeneratedRegex("[a-zA-Z0-9]+")]
    private static partial Regex Word();
}
