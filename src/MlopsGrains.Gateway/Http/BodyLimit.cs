using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Http;

/// <summary>How many bytes an endpoint's body may have, by the setting that says so. Endpoints without one have <see cref="Json"/>.</summary>
/// <param name="Setting">The setting's name.</param>
/// <param name="Bytes">Its value.</param>
/// <param name="IsStreamed">Whether the endpoint passes the body on as it comes, and holds none of it.</param>
internal sealed record BodyLimit(string Setting, Func<GatewayOptions, long> Bytes, bool IsStreamed = false)
{
    public static BodyLimit Json { get; } = new("Gateway:JsonBodyBytesMax", o => o.JsonBodyBytesMax);

    public static BodyLimit Inputs { get; } = new("Gateway:InputsBodyBytesMax", o => o.InputsBodyBytesMax);

    public static BodyLimit Dataset { get; } = new("Gateway:DatasetBytesMax", o => o.DatasetBytesMax, IsStreamed: true);

    public static BodyLimit Artifact { get; } = new("Gateway:ArtifactBytesMax", o => o.ArtifactBytesMax, IsStreamed: true);

    public MlopsException Refuse(GatewayOptions options) =>
        new(ErrorKind.TooLarge, $"The body is too large; at most {Bytes(options)} bytes ({Setting}).", "body");
}

internal static class BodyLimitConvention
{
    /// <summary>Gives an endpoint another body limit than <see cref="BodyLimit.Json"/>.</summary>
    public static TBuilder WithBodyLimit<TBuilder>(this TBuilder builder, BodyLimit limit)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(limit);
}

internal sealed class BodyLimitMiddleware(RequestDelegate next, BodyBudget budget, IOptions<GatewayOptions> options)
{
    public Task InvokeAsync(HttpContext context)
    {
        var limit = context.GetEndpoint()?.Metadata.GetMetadata<BodyLimit>() ?? BodyLimit.Json;
        var bytes = limit.Bytes(options.Value);
        if (context.Request.ContentLength > bytes)
        {
            throw limit.Refuse(options.Value);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = bytes;
        }

        return !limit.IsStreamed && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true && context.Features.Get<IRequestBodyPipeFeature>() is { } body
            ? HoldAsync(context, body)
            : next(context);
    }

    private async Task HoldAsync(HttpContext context, IRequestBodyPipeFeature body)
    {
        using var held = new BudgetedBody(body, budget);
        context.Features.Set<IRequestBodyPipeFeature>(held);
        try
        {
            await next(context);
        }
        finally
        {
            context.Features.Set(body);
        }
    }
}
