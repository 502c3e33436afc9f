using System.Collections;
using System.Globalization;
using System.Text.Json;
using GraphQL;
using GraphQL.SystemTextJson;
using GraphQL.Types;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.OpenApi;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>
/// <c>/graphql</c>, which MLflow's web pages read with. A field of the root is answered by the method of the door that it stands for, through that method's own
/// refusals and permissions, so that both say the same.
/// </summary>
internal static class MlflowGraphEndpoint
{
    /// <summary>Methods that one request may call: the fields <c>experiment</c> and <c>modelVersions</c> of each run found are one each.</summary>
    private const int CallsMax = 1_000;

    private static readonly Lazy<ISchema> Schema = new(MlflowGraphSchema.Create);
    private static readonly GraphQLSerializer Json = new();

    public static void MapMlflowGraph(this IEndpointRouteBuilder endpoints)
    {
        var inner = endpoints.CreateApplicationBuilder();
        inner.UseMiddleware<RefusalMiddleware>().UseMiddleware<AccessMiddleware>().Run(context => context.GetEndpoint()!.RequestDelegate!(context));
        var call = inner.Build();
        endpoints.MapMethods("/graphql", ["GET", "POST"], context => AnswerAsync(context, call)).RequiresSignIn().WithTags("MLflow server").Describe(
            "The GraphQL queries of MLflow's web pages.",
            """{"query!":"query Q($data: MlflowGetExperimentInput!) { mlflowGetExperiment(input: $data) { experiment { name } } }","operationName":"Q","variables":{"data":{"experimentId":"1"}}}""",
            """{"data":{"mlflowGetExperiment":{"experiment":{"name":"iris"}}},"errors":["A sentence for each fault; null when there is none."]}""");
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate inner)
    {
        var request = await MlflowRequest.ReadAsync(context);
        var query = request.Required("query");
        var variables = request.ObjectText("variables");
        if (await MlflowGraphLimits.FaultAsync(query, variables, context.RequestAborted) is { } fault)
        {
            await WriteAsync(context, null, [fault]);
            return;
        }

        var (calls, answers) = (0, new Dictionary<string, Task<object>>(StringComparer.Ordinal));
        GraphCall call = (method, path, message) =>
        {
            context.RequestAborted.ThrowIfCancellationRequested();
            var key = $"{method} {path} {JsonSerializer.Serialize(message)}";
            if (!answers.TryGetValue(key, out var answer))
            {
                if (++calls > CallsMax)
                {
                    throw new ExecutionError($"The query needs more than {CallsMax} calls; ask for fewer runs, or without 'experiment' and 'modelVersions'.");
                }

                answers[key] = answer = CallAsync(context, inner, method, path, message);
            }

            return answer;
        };
        var result = await new DocumentExecuter().ExecuteAsync(options =>
        {
            options.Schema = Schema.Value;
            options.Query = query;
            options.OperationName = request.Text("operationName");
            options.Variables = VariablesOf(variables);
            options.UserContext = new Dictionary<string, object?> { [nameof(GraphCall)] = call };
            options.RequestServices = context.RequestServices;
            options.CancellationToken = context.RequestAborted;
        });
        var errors = result.Errors?.Select(e => e.Message).ToList() ?? [];
        result.Errors = null;
        using var answer = new MemoryStream();
        await Json.WriteAsync(answer, result, context.RequestAborted);
        using var json = JsonDocument.Parse(answer.GetBuffer().AsMemory(0, (int)answer.Length));
        await WriteAsync(context, json.RootElement.TryGetProperty("data", out var data) ? data : null, errors);
    }

    /// <summary>MLflow's form of a GraphQL answer: always 200, both members always there, an error is its text.</summary>
    private static async Task WriteAsync(HttpContext context, JsonElement? data, List<string> errors)
    {
        context.Response.ContentType = "application/json";
        await using var json = JsonText.Writer(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WritePropertyName("data");
        if (data is { } some)
        {
            some.WriteTo(json);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WritePropertyName("errors");
        if (errors.Count > 0)
        {
            JsonSerializer.Serialize(json, errors);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteEndObject();
    }

    private static Inputs? VariablesOf(string? text)
    {
        try
        {
            return text is null ? null : Json.Deserialize<Inputs>(text);
        }
        catch (JsonException)
        {
            throw MlopsException.InvalidValue("variables", text, "expected a JSON object.");
        }
    }

    /// <summary>One method of the door, as if it had been asked for by itself.</summary>
    private static async Task<object> CallAsync(HttpContext outer, RequestDelegate inner, string method, string path, IReadOnlyDictionary<string, object?> message)
    {
        path = "/ajax-api/2.0" + path;
        var endpoint = outer.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().First(e =>
            e.RoutePattern.RawText == path && e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(method) == true);
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = outer.RequestServices, RequestAborted = outer.RequestAborted };
        context.Request.Method = method;
        context.Request.Path = path;
        context.Request.Headers[MlflowRoutes.WorkspaceHeader] = outer.Request.Headers[MlflowRoutes.WorkspaceHeader];
        if (method == "GET")
        {
            context.Request.QueryString = QueryString.Create(message.SelectMany(m => Values(m.Value).Select(v => KeyValuePair.Create(m.Key, Convert.ToString(v, CultureInfo.InvariantCulture)))));
        }
        else
        {
            context.Request.ContentType = "application/json";
            context.Request.Body = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(message));
        }

        context.Features.Get<IHttpRequestFeature>()!.RawTarget = path;
        context.Response.Body = body;
        context.Features.Set(outer.Features.Get<Caller>());
        context.SetEndpoint(endpoint);
        await inner(context);
        await context.Response.BodyWriter.FlushAsync(outer.RequestAborted);
        outer.RequestAborted.ThrowIfCancellationRequested();
        using var json = JsonDocument.Parse(body.GetBuffer().AsMemory(0, (int)body.Length));
        return context.Response.StatusCode == StatusCodes.Status200OK
            ? json.RootElement.Clone()
            : new GraphRefusal(json.RootElement.GetProperty("error_code").GetString()!, json.RootElement.GetProperty("message").GetString()!);

        static IEnumerable<object?> Values(object? value) => value is IEnumerable list and not string ? list.Cast<object?>() : [value];
    }
}
