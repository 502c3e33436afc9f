using Microsoft.OpenApi;
using MlopsGrains.Gateway.Http;

namespace MlopsGrains.Gateway.OpenApi;

/// <summary>How the API document tells refusals, in the words of each door.</summary>
internal static class ApiErrors
{
    private static readonly (string Status, string Text)[] Refusals =
    [
        ("400", "The input breaks a rule or a limit; the message names where."),
        ("401", "Authentication is configured and no valid key or password came."),
        ("403", "The user may see the thing and not do this with it; the message says what is lacking."),
        ("404", "There is no such thing, or the user may not know that there is."),
        ("409", "It exists already, or its state does not allow this."),
        ("413", "The body is larger than its limit."),
        ("429", "The platform is busy; nothing was changed. Wait for `Retry-After`."),
        ("503", "The silo that serves this did not answer. Wait for `Retry-After`."),
    ];

    private static readonly Dictionary<Dialect, (string Schema, string ContentType, string Example)> Forms = new()
    {
        [Dialect.Native] = ("Problem", "application/problem+json",
            """{"type!":"about:blank","title!":"Bad Request","status!":400,"detail!":"Invalid value 0 for parameter 'limit' supplied: It must be a positive integer, at most 1000","instance!":"/api/v1/runs","field":"limit","kind":"invalidInput","traceId!":"4bf92f3577b34da6a3ce929d0e0e4736"}"""),
        [Dialect.Mlflow] = ("MlflowError", "application/json", """{"error_code!":"RESOURCE_DOES_NOT_EXIST","message!":"No such experiment: 7."}"""),
        [Dialect.OpenInference] = ("OpenInferenceError", "application/json", """{"error!":"Missing value for required parameter 'inputs'."}"""),
    };

    /// <summary>Adds the messages of each door's refusals, and its answers by status.</summary>
    public static void AddErrors(this OpenApiDocument document)
    {
        foreach (var (name, contentType, example) in Forms.Values)
        {
            var message = ExampleMessage.Parse(example);
            message.Schema.Examples = [message.Example];
            document.AddComponent<IOpenApiSchema>(name, message.Schema);
            foreach (var (status, text) in Refusals)
            {
                // Who is not let in is told before a door's dialect is known.
                var (type, schema) = status is "401" ? ("text/plain", (IOpenApiSchema)new OpenApiSchema { Type = JsonSchemaType.String }) : (contentType, new OpenApiSchemaReference(name, document));
                document.AddComponent<IOpenApiResponse>(name + status, new OpenApiResponse { Description = text, Content = new Dictionary<string, OpenApiMediaType> { [type] = new() { Schema = schema } } });
            }
        }
    }

    /// <summary>Adds what every endpoint of a door may answer instead. MLflow says 400 where others say 409.</summary>
    public static void AddRefusals(this OpenApiOperation operation, Dialect dialect, bool hasBody, OpenApiDocument document)
    {
        operation.Responses ??= [];
        foreach (var (status, _) in Refusals.Where(r => (r.Status != "413" || hasBody) && (r.Status != "409" || dialect != Dialect.Mlflow)))
        {
            operation.Responses[status] = new OpenApiResponseReference(Forms[dialect].Schema + status, document);
        }
    }
}
