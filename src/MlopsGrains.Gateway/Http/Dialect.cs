using Microsoft.AspNetCore.Http;

namespace MlopsGrains.Gateway.Http;

/// <summary>In which protocol's words a refusal is written.</summary>
internal enum Dialect
{
    /// <summary>RFC 9457 problem details.</summary>
    Native,

    /// <summary><c>{"error_code","message"}</c>.</summary>
    Mlflow,

    /// <summary><c>{"error"}</c>.</summary>
    OpenInference,
}

internal static class Dialects
{
    private static readonly PathString[] MlflowPaths = ["/api/2.0", "/api/3.0", "/ajax-api", "/get-artifact", "/model-versions/get-artifact", "/v1/traces", "/graphql"];

    /// <summary>By the path as it was sent, so that a refused traversal is answered in the words of the protocol it was tried on.</summary>
    public static Dialect Of(HttpContext context) => Of(new PathString(RequestTarget.RawPath(context)));

    public static Dialect Of(PathString path) =>
        path.StartsWithSegments("/v2", StringComparison.Ordinal) ? Dialect.OpenInference
        : MlflowPaths.Any(p => path.StartsWithSegments(p, StringComparison.Ordinal)) ? Dialect.Mlflow
        : Dialect.Native;
}
