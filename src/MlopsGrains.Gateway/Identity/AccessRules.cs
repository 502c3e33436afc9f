using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Identity;

/// <summary>What a request is about, and where its names are: path values, query and the message's own members, in whatever spelling a door takes them.</summary>
internal enum AccessTarget
{
    /// <summary>Experiments by id.</summary>
    Experiment,

    /// <summary>An experiment by name.</summary>
    ExperimentName,

    /// <summary>The experiments of runs.</summary>
    Run,

    /// <summary>The experiments of logged models.</summary>
    LoggedModel,

    /// <summary>Registered models by name.</summary>
    RegisteredModel,

    /// <summary>The experiment at the beginning of an artifact's path.</summary>
    Artifact,

    /// <summary>What a model version is made from: a run, a logged model, another registered model, files of an experiment. Other places are nobody's here.</summary>
    ModelSource,

    /// <summary>The user by name; only that user itself.</summary>
    Self,
}

/// <param name="Level">The level that is needed.</param>
/// <param name="Target">What on.</param>
/// <param name="Fields">Where the names are.</param>
internal sealed record AccessNeed(PermissionLevel Level, AccessTarget Target, params string[] Fields);

/// <summary>Who may call an endpoint.</summary>
/// <param name="Needs">All must hold, for every name that is given.</param>
/// <param name="Default">The level that everybody must have by default, for what has no levels of its own.</param>
/// <param name="Administrators">Only administrators (and API keys).</param>
internal sealed record AccessRule(IReadOnlyList<AccessNeed> Needs, PermissionLevel Default = PermissionLevel.None, bool Administrators = false);

/// <summary>
/// Every rule of both doors in one place, by method and route. A route that is not listed is never open by mistake: one of MLflow's is for administrators, any other
/// is judged by the default level, to read for GET and to change for all else.
/// </summary>
internal static class AccessRules
{
    private static readonly Dictionary<string, AccessRule> Rules = new(StringComparer.Ordinal);

    private static readonly AccessRule Anyone = new([]);
    private static readonly AccessRule Administrators = new([], Administrators: true);
    private static readonly AccessRule ReadByDefault = new([], PermissionLevel.Read);
    private static readonly AccessRule EditByDefault = new([], PermissionLevel.Edit);

    static AccessRules()
    {
        const string E = "/mlflow/experiments/", R = "/mlflow/runs/", L = "/mlflow/logged-models", M = "/mlflow/registered-models/", V = "/mlflow/model-versions/";
        const string N = "/api/v1";

        // Searches show what the caller may see.
        Add(Anyone, "POST " + E + "create", "GET " + E + "search", "POST " + E + "search", "POST " + R + "search", "POST " + E + "search-datasets",
            "POST " + L + "/search", "POST " + M + "create", "GET " + M + "search", "GET " + V + "search", "GET /mlflow/server-info", "GET /version", "GET /health",
            "GET " + N + "/experiments", "POST " + N + "/experiments", "POST " + N + "/runs/search", "GET " + N + "/models", "POST " + N + "/models", "POST " + N + "/blobs",
            "GET " + N + "/info", "GET " + N + "/whoami", "GET /openapi/{documentName}.json", "GET /docs/{documentName?}");

        Add(On(PermissionLevel.Read, AccessTarget.Experiment, "experiment_id"), "GET " + E + "get");
        Add(On(PermissionLevel.Read, AccessTarget.ExperimentName, "experiment_name"), "GET " + E + "get-by-name");
        Add(On(PermissionLevel.Edit, AccessTarget.Experiment, "experiment_id"),
            "POST " + E + "update", "POST " + E + "set-experiment-tag", "POST " + E + "delete-experiment-tag", "POST " + R + "create", "POST " + L, "POST " + N + "/runs",
            "PUT " + N + "/runs/{id}");
        Add(On(PermissionLevel.Manage, AccessTarget.Experiment, "experiment_id"), "POST " + E + "delete", "POST " + E + "restore");

        string[] run = ["run_id", "run_uuid", "run_ids"];
        Add(On(PermissionLevel.Read, AccessTarget.Run, run), "GET " + R + "get", "GET /mlflow/metrics/get-history", "GET /mlflow/metrics/get-history-bulk",
            "GET /mlflow/metrics/get-history-bulk-interval", "GET /mlflow/artifacts/list", "GET /get-artifact");
        Add(On(PermissionLevel.Edit, AccessTarget.Run, run), "POST " + R + "update", "POST " + R + "log-metric", "POST " + R + "log-parameter", "POST " + R + "log-batch",
            "POST " + R + "set-tag", "POST " + R + "delete-tag", "POST " + R + "log-inputs", "POST " + R + "outputs", "POST " + R + "log-model", "POST /mlflow/upload-artifact");
        Add(On(PermissionLevel.Manage, AccessTarget.Run, run), "POST " + R + "delete", "POST " + R + "restore");

        const string A = "/mlflow-artifacts/";
        Add(On(PermissionLevel.Read, AccessTarget.Artifact, "path"), "GET " + A + "artifacts", "GET " + A + "artifacts/{**path}", "GET " + A + "presigned/{**path}");
        Add(On(PermissionLevel.Edit, AccessTarget.Artifact, "path"), "PUT " + A + "artifacts/{**path}", "POST " + A + "mpu/create/{**path}",
            "POST " + A + "mpu/complete/{**path}", "POST " + A + "mpu/abort/{**path}");
        Add(On(PermissionLevel.Manage, AccessTarget.Artifact, "path"), "DELETE " + A + "artifacts/{**path}");

        string[] logged = ["model_id"];
        Add(On(PermissionLevel.Read, AccessTarget.LoggedModel, logged), "GET " + L + "/{model_id}", "GET " + L + "/{model_id}/artifacts/directories", "GET " + L + "/{model_id}/artifacts/files");
        Add(On(PermissionLevel.Edit, AccessTarget.LoggedModel, logged), "PATCH " + L + "/{model_id}", "PATCH " + L + "/{model_id}/tags", "DELETE " + L + "/{model_id}/tags/{**tag_key}",
            "POST " + L + "/{model_id}/params");
        Add(On(PermissionLevel.Manage, AccessTarget.LoggedModel, logged), "DELETE " + L + "/{model_id}");

        Add(On(PermissionLevel.Read, AccessTarget.RegisteredModel, "name"), "GET " + M + "get", "GET " + M + "get-latest-versions", "POST " + M + "get-latest-versions", "GET " + M + "alias",
            "GET " + V + "get", "GET " + V + "get-download-uri", "GET /model-versions/get-artifact",
            "GET " + N + "/models/{name}", "GET " + N + "/models/{name}/versions", "GET " + N + "/models/{name}/versions/{reference}");
        Add(On(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name"), "POST " + M + "rename", "PATCH " + M + "update", "POST " + M + "set-tag", "DELETE " + M + "delete-tag",
            "POST " + M + "alias", "DELETE " + M + "alias", "PATCH " + V + "update", "POST " + V + "transition-stage", "POST " + V + "set-tag", "DELETE " + V + "delete-tag");
        Add(On(PermissionLevel.Manage, AccessTarget.RegisteredModel, "name"), "DELETE " + M + "delete", "DELETE " + V + "delete");

        // Who registers a version must be able to read what it is made from, or the registry would be a way around.
        Add(
            new AccessRule([
                new(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name"),
                new(PermissionLevel.Read, AccessTarget.Run, "run_id"),
                new(PermissionLevel.Read, AccessTarget.LoggedModel, "model_id"),
                new(PermissionLevel.Read, AccessTarget.ModelSource, "source"),
            ]),
            "POST " + V + "create");

        // Native routes name things in their path alone: a body may hold members of the same names that mean something else.
        Route(PermissionLevel.Edit, AccessTarget.RegisteredModel, "name", "POST " + N + "/models/{name}/versions", "PUT " + N + "/models/{name}/aliases/{alias}",
            "DELETE " + N + "/models/{name}/aliases/{alias}", "PATCH " + N + "/models/{name}", "POST " + N + "/models/{name}/rename", "PUT " + N + "/models/{name}/tags/{**key}",
            "DELETE " + N + "/models/{name}/tags/{**key}", "PATCH " + N + "/models/{name}/versions/{version:int}", "PUT " + N + "/models/{name}/versions/{version:int}/stage",
            "PUT " + N + "/models/{name}/versions/{version:int}/tags/{**key}", "DELETE " + N + "/models/{name}/versions/{version:int}/tags/{**key}");
        Route(PermissionLevel.Manage, AccessTarget.RegisteredModel, "name", "DELETE " + N + "/models/{name}", "DELETE " + N + "/models/{name}/versions/{version:int}");
        Route(PermissionLevel.Read, AccessTarget.Experiment, "id", "GET " + N + "/experiments/{id}", "GET " + N + "/experiments/{id}/events",
            "POST " + N + "/experiments/{id}/groups", "POST " + N + "/experiments/{id}/groups/compare");
        Route(PermissionLevel.Manage, AccessTarget.Experiment, "id", "DELETE " + N + "/experiments/{id}", "POST " + N + "/experiments/{id}/restore");
        Route(PermissionLevel.Manage, AccessTarget.Run, "id", "DELETE " + N + "/runs/{id}", "POST " + N + "/runs/{id}/restore");
        Route(PermissionLevel.Read, AccessTarget.Run, "id", "GET " + N + "/runs/{id}", "GET " + N + "/runs/{id}/metrics", "GET " + N + "/runs/{id}/events",
            "GET " + N + "/runs/{id}/artifacts/{**path}", "GET " + N + "/runs/{id}/artifact-list");
        Route(PermissionLevel.Edit, AccessTarget.Run, "id", "PATCH " + N + "/runs/{id}", "POST " + N + "/runs/{id}/batches", "PUT " + N + "/runs/{id}/artifacts/{**path}",
            "POST " + N + "/runs/{id}/heartbeat");

        // Each field is held to the rule of the method that answers it.
        Add(Anyone, "GET /graphql", "POST /graphql");

        // Nothing is behind these.
        Add(Anyone, "POST " + R + "create-promptlab-run", "GET /mlflow/gateway-proxy", "POST /mlflow/gateway-proxy", "GET /jobs/{**path}", "POST /jobs/{**path}");
        Add(ReadByDefault, "GET /v2", "POST /v2/models/{name}/infer", "POST /v2/models/{name}/versions/{version}/infer");

        foreach (var method in (string[])["GET", "POST", "PATCH", "DELETE"])
        {
            Add(Administrators, $"{method} /mlflow/webhooks", $"{method} /mlflow/webhooks/{{webhook_id}}", $"{method} /mlflow/webhooks/{{webhook_id}}/test");
        }

        Add(Administrators, "POST /mlflow/users/create", "GET /mlflow/users/list", "PATCH /mlflow/users/update-admin", "DELETE /mlflow/users/delete",
            "GET /metrics", "* /orleans/{**rest}", "GET " + N + "/webhooks/{id}/deliveries", "POST " + N + "/webhooks/{id}/deliveries/retry", "POST " + N + "/retention/gc",
            "GET " + N + "/audit/events", "GET " + N + "/audit/verification", "GET " + N + "/storage/damage");
        Add(On(PermissionLevel.Read, AccessTarget.Self, "username"), "GET /mlflow/users/get", "PATCH /mlflow/users/update-password");
        foreach (var call in (string[])["POST {0}create", "GET {0}get", "PATCH {0}update", "DELETE {0}delete"])
        {
            Add(On(PermissionLevel.Manage, AccessTarget.Experiment, "experiment_id"), string.Format(System.Globalization.CultureInfo.InvariantCulture, call, E + "permissions/"));
            Add(On(PermissionLevel.Manage, AccessTarget.RegisteredModel, "name"), string.Format(System.Globalization.CultureInfo.InvariantCulture, call, M + "permissions/"));
        }
    }

    /// <param name="method">The request's method.</param>
    /// <param name="pattern">The endpoint's route.</param>
    public static AccessRule Find(string method, string pattern)
    {
        method = method == "HEAD" ? "GET" : method;
        var route = WithoutPrefix(pattern);
        return Rules.TryGetValue($"{method} {route}", out var rule) || Rules.TryGetValue($"* {route}", out rule) ? rule
            : route.StartsWith("/mlflow", StringComparison.Ordinal) ? Administrators
            : method == "GET" ? ReadByDefault
            : EditByDefault;
    }

    /// <summary>MLflow's methods are the same under each of its prefixes.</summary>
    private static string WithoutPrefix(string pattern)
    {
        var path = pattern.StartsWith("/ajax-api/", StringComparison.Ordinal) ? "/" + pattern[6..] : pattern;
        return path.StartsWith("/api/2.0/", StringComparison.Ordinal) || path.StartsWith("/api/3.0/", StringComparison.Ordinal) ? path[8..] : path;
    }

    private static AccessRule On(PermissionLevel level, AccessTarget target, params string[] fields) => new([new AccessNeed(level, target, fields)]);

    private static void Route(PermissionLevel level, AccessTarget target, string field, params string[] routes) =>
        Add(On(level, target, RequestNames.InPath + field), routes);

    private static void Add(AccessRule rule, params string[] routes)
    {
        foreach (var route in routes)
        {
            Rules.Add(route, rule);
        }
    }
}
