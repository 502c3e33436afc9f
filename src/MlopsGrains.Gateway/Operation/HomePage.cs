using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.OpenApi;

namespace MlopsGrains.Gateway.Operation;

/// <summary>The page at <c>/</c>, which leads on. It is the same for everybody and says nothing about what the platform holds.</summary>
internal static class HomePage
{
    public const string Icon =
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='5' cy='5' r='3' fill='%233b5fe0'/%3E%3Ccircle cx='11' cy='6' r='3' fill='%238fa8ff'/%3E%3Ccircle cx='8' cy='11' r='3' fill='%232f55d0'/%3E%3C/svg%3E";

    private const string Begin = "<style>";
    private const string End = "</style>";

    private static readonly string Template = Read().Replace("{{icon}}", Icon, StringComparison.Ordinal);

    /// <summary>No script, no other origin, and no style but the page's own.</summary>
    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style())))}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    public static void MapHome(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet("/", Show).ExcludeFromDescription().RequiresNothing();

    private static IResult Show(HttpContext context, IOptions<GatewayOptions> options, IOptions<AuthenticationOptions> authentication)
    {
        var address = options.Value.PublicUrl?.TrimEnd('/') ?? $"{context.Request.Scheme}://{context.Request.Host}";
        context.Response.Headers.ContentSecurityPolicy = Policy;
        context.Response.Headers.Vary = "Accept, Host";
        return context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
            ? Results.Content(Page(address, authentication.Value.IsConfigured), "text/html; charset=utf-8")
            : Results.Json(new { name = "mlopsgrains", docs = address + "/docs", openapi = $"{address}/openapi/{ApiDocument.Name}.json", health = address + "/health" });
    }

    /// <param name="address">Where the reader reaches the server.</param>
    /// <param name="signIn">Whether the server asks who its callers are.</param>
    public static string Page(string address, bool signIn) => Template
        .Replace("{{sign-in}}", signIn ? "signed" : "open", StringComparison.Ordinal)
        .Replace("{{python-key}}", signIn ? "\nexport MLFLOW_TRACKING_TOKEN=<your key>" : "", StringComparison.Ordinal)
        .Replace("{{curl-key}}", signIn ? " -H 'Authorization: Bearer <your key>'" : "", StringComparison.Ordinal)
        .Replace("{{mlops-key}}", signIn ? "\nexport MLOPS_API_KEY=<your key>" : "", StringComparison.Ordinal)
        .Replace("<your key>", WebUtility.HtmlEncode("<your key>"), StringComparison.Ordinal)
        .Replace("{{address}}", WebUtility.HtmlEncode(address), StringComparison.Ordinal);

    private static string Style() => Template[(Template.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)..Template.IndexOf(End, StringComparison.Ordinal)];

    private static string Read()
    {
        using var reader = new StreamReader(typeof(HomePage).Assembly.GetManifestResourceStream("Home.html")!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
