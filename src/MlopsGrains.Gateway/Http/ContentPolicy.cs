using Microsoft.AspNetCore.Builder;

namespace MlopsGrains.Gateway.Http;

/// <summary>The Content-Security-Policy of an endpoint's answers, for those that are pages.</summary>
/// <param name="Text">The header's value.</param>
public sealed record ContentPolicy(string Text)
{
    /// <summary>
    /// Of every answer that says nothing else: whatever a browser makes of it, it loads nothing, runs nothing, is framed by nobody and has no origin. So a file that a run logged can
    /// never act as this server's page.
    /// </summary>
    internal const string Data = "sandbox; default-src 'none'; frame-ancestors 'none'";

    /// <summary>Pages of packages whose scripts stand in the page. They show nothing that a user wrote as markup.</summary>
    public const string Packaged = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";
}

/// <summary>Says a policy beside a route.</summary>
public static class ContentPolicies
{
    /// <inheritdoc cref="ContentPolicy"/>
    public static TBuilder WithContentPolicy<TBuilder>(this TBuilder builder, string policy)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ContentPolicy(policy));
}
