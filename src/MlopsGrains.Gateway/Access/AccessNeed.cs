using Microsoft.AspNetCore.Builder;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Access;

/// <summary>What an endpoint asks of its callers, said beside its route. An endpoint that says nothing does not start.</summary>
internal abstract record AccessNeed
{
    /// <summary>A sentence for the API document.</summary>
    public abstract string InWords { get; }
}

/// <summary>Nobody is asked who they are: it tells nothing about what the platform holds.</summary>
internal sealed record OpenToAll : AccessNeed
{
    public override string InWords => "Open to everybody.";
}

/// <summary>The address carries a key of its own, made for one purpose and checked by the endpoint, so that no other credentials are asked for.</summary>
internal sealed record CarriesItsKey : AccessNeed
{
    public override string InWords => "The address carries its own key.";
}

/// <summary>Whoever is signed in.</summary>
/// <param name="Shows">Whether the answer holds only what the caller may read.</param>
internal sealed record SignedIn(bool Shows = false) : AccessNeed
{
    public override string InWords => Shows ? "Shows what the caller may READ." : "Open to whoever is signed in.";
}

/// <summary>Administrators and API keys.</summary>
internal sealed record AdministratorsOnly : AccessNeed
{
    public override string InWords => "For administrators and API keys.";
}

/// <summary>The user whom the message names, besides administrators.</summary>
internal sealed record TheUserItself(string Field) : AccessNeed
{
    public override string InWords => $"For the user that `{Field}` names, administrators and API keys.";
}

/// <summary>A level on what a field names.</summary>
/// <param name="Level">At least this one.</param>
/// <param name="Target">What the field names.</param>
/// <param name="Field">A parameter of the address, or a member of the message.</param>
internal sealed record LevelNeed(PermissionLevel Level, AccessTarget Target, string Field) : AccessNeed
{
    /// <summary>Whether the field may be left out; nothing is asked for then.</summary>
    public bool Optional { get; init; }

    /// <summary>What is meant when the field is left out.</summary>
    public string? Otherwise { get; init; }

    /// <summary>Whether the field holds several names; the level is needed on each.</summary>
    public bool Many { get; init; }

    /// <summary>Whether what is not there yet is created, which whoever is signed in may do.</summary>
    public bool OrCreates { get; init; }

    public override string InWords =>
        $"Needs {Level.ToString().ToUpperInvariant()} on {Target.InWords} that `{Field}` names{(Optional ? ", if it is given" : OrCreates ? "; whoever is signed in may create one" : "")}.";
}

/// <summary>The words that endpoints say beside their routes.</summary>
public static class AccessNeeds
{
    /// <inheritdoc cref="LevelNeed"/>
    internal static TBuilder Requires<TBuilder>(
        this TBuilder builder, PermissionLevel level, AccessTarget target, string field, bool optional = false, string? otherwise = null, bool many = false, bool orCreates = false)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new LevelNeed(level, target, field) { Optional = optional, Otherwise = otherwise, Many = many, OrCreates = orCreates });

    /// <summary>Whoever is signed in.</summary>
    public static TBuilder RequiresSignIn<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new SignedIn());

    /// <summary>Whoever is signed in is shown what they may read, and nothing else: the handler asks <see cref="CallerAccess.ReadableAsync"/>.</summary>
    internal static TBuilder ShowsReadable<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new SignedIn(Shows: true));

    /// <summary>Administrators and API keys.</summary>
    public static TBuilder RequiresAdministrator<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new AdministratorsOnly());

    /// <inheritdoc cref="TheUserItself"/>
    internal static TBuilder RequiresSelf<TBuilder>(this TBuilder builder, string field)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new TheUserItself(field));

    /// <summary>Nobody is asked who they are: it tells nothing about what the platform holds.</summary>
    public static TBuilder RequiresNothing<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new OpenToAll());

    /// <inheritdoc cref="CarriesItsKey"/>
    internal static TBuilder RequiresItsKey<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new CarriesItsKey());
}
