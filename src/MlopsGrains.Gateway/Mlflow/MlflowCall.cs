using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.OpenApi;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>One MLflow request with its message, and the way to answer it: always 200 and a JSON object.</summary>
internal sealed class MlflowCall(HttpContext context, MlflowRequest request)
{
    private static readonly byte[] EmptyObject = "{}"u8.ToArray();

    public HttpContext Context { get; } = context;

    public MlflowRequest Request { get; } = request;

    public IGrainFactory Grains { get; } = context.RequestServices.GetRequiredService<IGrainFactory>();

    public CancellationToken Aborted => Context.RequestAborted;

    /// <summary>Answers the empty message.</summary>
    public Task Done() => Done(Context);

    public static Task Done(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = EmptyObject.Length;
        return context.Response.Body.WriteAsync(EmptyObject, 0, EmptyObject.Length, context.RequestAborted);
    }

    /// <summary>Answers a message whose members <paramref name="write"/> writes.</summary>
    public async Task Answer(Action<Utf8JsonWriter> write)
    {
        Context.Response.ContentType = "application/json";
        await using var json = JsonText.Writer(Context.Response.BodyWriter);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    }
}

/// <summary>Maps MLflow service methods, each under both of the prefixes that clients use.</summary>
internal static class MlflowRoutes
{
    public const string WorkspaceHeader = "X-MLFLOW-WORKSPACE";

    /// <param name="endpoints">Where to.</param>
    /// <param name="methods">HTTP methods, separated by a space.</param>
    /// <param name="path">The path after the generation, such as <c>/mlflow/runs/get</c>.</param>
    /// <param name="handler">Reads the message, calls one grain, answers.</param>
    /// <param name="generation">Of the protocol: 2, or 3 for its newer methods.</param>
    public static IEndpointConventionBuilder MapMlflowMethod(this IEndpointRouteBuilder endpoints, string methods, string path, Func<MlflowCall, Task> handler, int generation = 2) =>
        endpoints.MapMlflowRaw(
            methods,
            path,
            async context =>
            {
                var request = await MlflowRequest.ReadAsync(context);
                await context.RequireAsync(request);
                await handler(new MlflowCall(context, request));
            },
            generation);

    /// <summary>The same for handlers that read the body themselves.</summary>
    public static IEndpointConventionBuilder MapMlflowRaw(this IEndpointRouteBuilder endpoints, string methods, string path, RequestDelegate handler, int generation = 2)
    {
        var first = $"/api/{generation}.0{path}";
        return new Addresses([
            endpoints.MapMlflowPage(methods, first, handler),
            endpoints.MapMlflowPage(methods, $"/ajax-api/{generation}.0{path}", handler).WithMetadata(new SecondAddress(first))]);
    }

    /// <summary>The same for an address that has no prefix.</summary>
    public static IEndpointConventionBuilder MapMlflowPage(this IEndpointRouteBuilder endpoints, string methods, string path, RequestDelegate handler) =>
        endpoints.MapMethods(path, methods.Split(' '), context =>
        {
            RefuseWorkspace(context);
            return handler(context);
        });

    /// <summary>All that the route requires, for the names of the message. Whoever reads a message itself asks so before anything else.</summary>
    public static ValueTask RequireAsync(this HttpContext context, MlflowRequest request) =>
        context.Features.Get<AccessGate>() is { } gate ? gate.AskAsync(request.Names, context.RequestAborted) : default;

    /// <summary>There is one workspace, without a name; who asks for another one must not be answered from it.</summary>
    private static void RefuseWorkspace(HttpContext context)
    {
        if (!Microsoft.Extensions.Primitives.StringValues.IsNullOrEmpty(context.Request.Headers[WorkspaceHeader]) && context.GetEndpoint()?.Metadata.GetMetadata<InAnyWorkspace>() is null)
        {
            throw new FeatureDisabledException(
                WorkspaceHeader, $"{WorkspaceHeader} is set, but this server has no workspaces (workspaces_enabled is false). Leave the header out.");
        }
    }

    private sealed class Addresses(IReadOnlyList<IEndpointConventionBuilder> endpoints) : IEndpointConventionBuilder
    {
        public void Add(Action<EndpointBuilder> convention)
        {
            foreach (var endpoint in endpoints)
            {
                endpoint.Add(convention);
            }
        }
    }
}

/// <summary>Marks the endpoint that tells clients whether there are workspaces, and is asked with the header that names one.</summary>
internal sealed record InAnyWorkspace;
