using Microsoft.AspNetCore.Builder;

namespace MlopsGrains.Gateway.OpenApi;

/// <summary>
/// What the API document says about an endpoint whose handler reads and writes its messages itself. The messages are told by an example each, from which their
/// schema follows; a name that ends in <c>!</c> must be given.
/// </summary>
/// <param name="Summary">What it does, in one sentence.</param>
/// <param name="Takes">A request: its members are found in the address, in the query of a GET and of a request whose body is bytes, or in the body.</param>
/// <param name="TakesBytes">The content type of a body that is no JSON.</param>
/// <param name="Gives">An answer; the empty object when nothing is to be said.</param>
/// <param name="GivesBytes">The content type of an answer that is no JSON.</param>
public sealed record Description(string Summary, string? Takes, string? TakesBytes, string Gives, string? GivesBytes);

/// <summary>A body that an endpoint with typed parameters takes.</summary>
internal sealed record BodyExample(string Text);

/// <summary>An endpoint that is another address of one that the document describes.</summary>
internal sealed record SecondAddress(string First);

/// <summary>Says beside an endpoint's route what the API document tells about it.</summary>
public static class Descriptions
{
    internal const string Bytes = "application/octet-stream";

    /// <inheritdoc cref="Description"/>
    public static TBuilder Describe<TBuilder>(this TBuilder builder, string summary, string? takes = null, string gives = "{}", string? takesBytes = null, string? givesBytes = null)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new Description(summary, takes, takesBytes, gives, givesBytes));

    /// <inheritdoc cref="BodyExample"/>
    internal static TBuilder WithExample<TBuilder>(this TBuilder builder, string body)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new BodyExample(body));
}
