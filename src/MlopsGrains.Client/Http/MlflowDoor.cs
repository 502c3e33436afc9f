using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlopsGrains.Client.Http;

/// <summary>MLflow's REST methods, for what the native API leaves to them: users, webhooks, prompts, logged models.</summary>
internal static class MlflowDoor
{
    private const string Root = "api/2.0/mlflow/";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static Task<T> LookAsync<T>(this GatewayHttp http, string method, CancellationToken cancellationToken) =>
        http.ReadAsync<T>(new GatewayCall(HttpMethod.Get, Root + method), cancellationToken, Json);

    /// <summary>A question whose message does not fit an address.</summary>
    public static Task<T> AskAsync<T>(this GatewayHttp http, string method, object body, CancellationToken cancellationToken) =>
        http.ReadAsync<T>(new GatewayCall(HttpMethod.Post, Root + method, Repeat.Always, GatewayHttp.Json(body, Json)), cancellationToken, Json);

    public static Task<T> ChangeAsync<T>(this GatewayHttp http, HttpMethod verb, string method, object body, Repeat repeat, CancellationToken cancellationToken) =>
        http.ReadAsync<T>(new GatewayCall(verb, Root + method, repeat, GatewayHttp.Json(body, Json)), cancellationToken, Json);

    public static Task ChangeAsync(this GatewayHttp http, HttpMethod verb, string method, object body, Repeat repeat, CancellationToken cancellationToken) =>
        http.DoAsync(new GatewayCall(verb, Root + method, repeat, GatewayHttp.Json(body, Json)), cancellationToken);

    /// <summary>Creates something once, whatever number of attempts it takes.</summary>
    public static Task<T> CreateOnceAsync<T>(this GatewayHttp http, string method, object body, CancellationToken cancellationToken) =>
        http.CreateAsync<T>(Root + method, GatewayHttp.Json(body, Json), idempotencyKey: null, cancellationToken, Json);

    /// <summary>A text of a filter in quotes; the grammar has no escape, so that a text with both kinds of quotes cannot be asked for.</summary>
    public static string Quote(string field, string text) =>
        !text.Contains('\'', StringComparison.Ordinal) ? $"'{text}'"
        : !text.Contains('"', StringComparison.Ordinal) ? $"\"{text}\""
        : throw Errors.MlopsException.Invalid(field, $"{field} must not hold both ' and \".");
}
