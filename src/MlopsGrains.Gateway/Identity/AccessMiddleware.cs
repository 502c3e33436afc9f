using System.Collections.Concurrent;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MlopsGrains.Gateway.Identity;

/// <summary>Holds every request of a user to the rule of its route. Nothing is asked of administrators and API keys.</summary>
internal sealed class AccessMiddleware(RequestDelegate next, IGrainFactory grains, Accounts accounts, Owners owners)
{
    /// <summary>Below <c>/{api|ajax-api}/2.0/mlflow-artifacts/{artifacts|presigned}</c>; uploads in parts have one segment more.</summary>
    private const int ArtifactSegments = 4;

    private const string ArtifactScheme = "mlflow-artifacts:";
    private const string ModelScheme = "models:";
    private const string RunScheme = "runs:";

    private readonly ConcurrentDictionary<(Endpoint, string), AccessRule> _rules = new();

    public Task InvokeAsync(HttpContext context) =>
        context.Features.Get<Caller>() is { MayAll: false } caller && context.GetEndpoint() is { } endpoint
            ? CheckAsync(context, caller, endpoint)
            : next(context);

    private async Task CheckAsync(HttpContext context, Caller caller, Endpoint endpoint)
    {
        var rule = _rules.GetOrAdd((endpoint, context.Request.Method), static key =>
            AccessRules.Find(key.Item2, (key.Item1 as RouteEndpoint)?.RoutePattern.RawText ?? ""));
        try
        {
            if (!await AllowsAsync(rule, context, caller, endpoint))
            {
                throw new PermissionDeniedException();
            }

            await next(context);
        }
        catch (PermissionDeniedException) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync("Permission denied", context.RequestAborted);
        }
    }

    private async ValueTask<bool> AllowsAsync(AccessRule rule, HttpContext context, Caller caller, Endpoint endpoint)
    {
        if (rule.Administrators || accounts.Default < rule.Default)
        {
            return false;
        }

        if (rule.Needs.Count == 0)
        {
            return true;
        }

        // A body that is not JSON holds no names.
        var names = await RequestNames.ReadAsync(context, withBody: endpoint.Metadata.GetMetadata<BodyLimit>() is null);
        foreach (var need in rule.Needs)
        {
            if (need.Target == AccessTarget.Self)
            {
                if (need.Fields.SelectMany(names.Of).Any(name => name != caller.Name))
                {
                    return false;
                }

                continue;
            }

            await foreach (var on in TargetsAsync(need, names, context))
            {
                if (on is null ? accounts.Default < need.Level : !await Access.MayAsync(context, caller, need.Level, on))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>What must be checked; <see langword="null"/> for something that only the default level speaks for. What does not exist is left to the endpoint.</summary>
    private async IAsyncEnumerable<PermissionOn?> TargetsAsync(AccessNeed need, RequestNames names, HttpContext context)
    {
        if (need.Target == AccessTarget.Artifact)
        {
            foreach (var path in ArtifactPaths(need, names, context))
            {
                yield return Experiment(path.TrimStart('/').Split('/')[0]) is { } on ? on : null;
            }

            yield break;
        }

        var any = false;
        foreach (var name in need.Fields.SelectMany(names.Of))
        {
            any = true;
            switch (need.Target)
            {
                case AccessTarget.Experiment:
                    yield return new PermissionOn(PermissionKind.Experiment, name);
                    break;
                case AccessTarget.ExperimentName:
                    if (await grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).FindByName(name, context.RequestAborted) is { } found)
                    {
                        yield return new PermissionOn(PermissionKind.Experiment, found.ExperimentId);
                    }

                    break;
                case AccessTarget.RegisteredModel:
                    yield return new PermissionOn(PermissionKind.RegisteredModel, name);
                    break;
                case AccessTarget.ModelSource when SourceModel(name) is { } model:
                    yield return new PermissionOn(PermissionKind.RegisteredModel, model);
                    break;
                default:
                    if (await OwnerAsync(need.Target, name, context.RequestAborted) is { } experiment)
                    {
                        yield return new PermissionOn(PermissionKind.Experiment, experiment);
                    }

                    break;
            }
        }

        // A run without an experiment goes to the first one.
        if (!any && need.Target == AccessTarget.Experiment)
        {
            yield return new PermissionOn(PermissionKind.Experiment, "0");
        }
    }

    private async ValueTask<string?> OwnerAsync(AccessTarget target, string name, CancellationToken cancellationToken) => target switch
    {
        AccessTarget.Run => await owners.OfRun(name, cancellationToken),
        AccessTarget.LoggedModel => await owners.OfLoggedModel(name, cancellationToken),
        AccessTarget.ModelSource when name.StartsWith(RunScheme, StringComparison.Ordinal) => await owners.OfRun(name[RunScheme.Length..].TrimStart('/').Split('/')[0], cancellationToken),
        AccessTarget.ModelSource when name.StartsWith(ModelScheme, StringComparison.Ordinal) => await owners.OfLoggedModel(name[ModelScheme.Length..].TrimStart('/'), cancellationToken),
        AccessTarget.ModelSource when name.StartsWith(ArtifactScheme, StringComparison.Ordinal) => Experiment(name[ArtifactScheme.Length..].TrimStart('/').Split('/')[0])?.Id,
        _ => null,
    };

    /// <summary>The registered model that a version is copied from: <c>models:/name/3</c>, <c>models:/name@alias</c>.</summary>
    private static string? SourceModel(string source)
    {
        if (!source.StartsWith(ModelScheme, StringComparison.Ordinal))
        {
            return null;
        }

        var path = source[ModelScheme.Length..].TrimStart('/');
        var end = path.IndexOfAny(['/', '@']);
        return end <= 0 ? null : path[..end];
    }

    /// <summary>The rest of the address where it names a file; else the fields.</summary>
    private static IEnumerable<string> ArtifactPaths(AccessNeed need, RequestNames names, HttpContext context)
    {
        var pattern = ((RouteEndpoint)context.GetEndpoint()!).RoutePattern.RawText!;
        if (pattern.EndsWith("/{**path}", StringComparison.Ordinal))
        {
            return [RequestTarget.Rest(context, pattern.Contains("/mpu/", StringComparison.Ordinal) ? ArtifactSegments + 1 : ArtifactSegments)];
        }

        return need.Fields.SelectMany(names.Of);
    }

    private static PermissionOn? Experiment(string id) => id.Length > 0 && id.All(char.IsAsciiDigit) ? new PermissionOn(PermissionKind.Experiment, id) : null;
}
