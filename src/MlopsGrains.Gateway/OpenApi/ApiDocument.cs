using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Idempotency;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.OpenApi;

/// <summary>
/// The OpenAPI document of every door. Endpoints with typed parameters describe themselves; those that read and write their own messages carry a
/// <see cref="Description"/>. Nothing is told here that belongs to one endpoint.
/// </summary>
internal static class ApiDocument
{
    public const string Name = "v1";

    public static string Version { get; } =
        typeof(ApiDocument).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private const string About =
        """
        Four doors to one platform:

        * **Native** (`/api/v1`): datasets, experiments, runs, models, deployments, monitors, pipelines and the audit chain. Refusals are problem details that name the field.
        * **MLflow** (`/api/2.0`, `/api/3.0`): what MLflow's clients call; set the tracking URI to this server. Every method is served under `/ajax-api` too.
        * **Open Inference** (`/v2`): scoring, for serving clients of any language.
        * **Operation**: health, version and metrics.
        """;

    private static readonly (string Group, Func<string, bool> Holds)[] Groups =
    [
        ("Native", tag => !IsMlflow(tag) && tag is not ("Open Inference" or "Operation")),
        ("MLflow", IsMlflow),
        ("Open Inference", tag => tag == "Open Inference"),
        ("Operation", tag => tag == "Operation"),
    ];

    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi(Name, o =>
    {
        o.AddOperationTransformer(CompleteAsync);
        o.AddDocumentTransformer((document, context, _) =>
        {
            document.Info.Title = "MlopsGrains";
            document.Info.Version = Version;
            document.Info.Description = About;
            document.Servers = []; // The document is the same whichever address it was asked from.
            document.AddErrors();
            document.AddSecurity(context.ApplicationServices.GetRequiredService<IOptions<AuthenticationOptions>>().Value.IsConfigured);
            document.AddDescribed(context.ApplicationServices.GetRequiredService<EndpointDataSource>());
            document.AddGroups();
            return Task.CompletedTask;
        });
    });

    /// <summary>Adds what a typed endpoint does not say by its types: refusals, the example of its body, the key of a creation.</summary>
    private static Task CompleteAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.AddRefusals(Dialect.Native, operation.RequestBody is not null, context.Document!);
        operation.AddCreationKey(metadata);
        operation.AddNeeds(metadata);
        if (metadata.OfType<BodyExample>().LastOrDefault() is { } example)
        {
            foreach (var (type, content) in operation.RequestBody!.Content!)
            {
                content.Example = type.EndsWith("json", StringComparison.Ordinal) ? JsonNode.Parse(example.Text) : JsonValue.Create(example.Text);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>Says that an endpoint which creates takes an <c>Idempotency-Key</c>.</summary>
    public static void AddCreationKey(this OpenApiOperation operation, IEnumerable<object> metadata)
    {
        if (metadata.OfType<Creates>().Any())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = RequestKey.Header,
                In = ParameterLocation.Header,
                Description = "The same request with the same key is answered as the first time and creates nothing twice.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = IIdempotencyStoreGrain.SentKeyLengthMax },
            });
        }
    }

    /// <summary>Says who may call an endpoint.</summary>
    public static void AddNeeds(this OpenApiOperation operation, IEnumerable<object> metadata) =>
        operation.Description = string.Join(' ', metadata.OfType<AccessNeed>().Select(n => n.InWords).Distinct());

    private static void AddSecurity(this OpenApiDocument document, bool required)
    {
        document.Components ??= new();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key (`Authentication:ApiKeys`)." },
            ["user"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "basic", Description = "A user's name and password (`Authentication:Administrator`)." },
        };
        document.Security = [Of("key"), Of("user")];
        if (!required)
        {
            document.Security.Add([]); // Nobody is asked who they are.
        }

        OpenApiSecurityRequirement Of(string scheme) => new() { [new OpenApiSecuritySchemeReference(scheme, document)] = [] };
    }

    private static void AddGroups(this OpenApiDocument document)
    {
        var tags = document.Paths.SelectMany(p => p.Value.Operations!.Values).SelectMany(o => o.Tags!).Select(t => t.Name!).Distinct().ToList();
        document.Tags = tags.Select(t => new OpenApiTag { Name = t }).ToHashSet();
        document.Extensions = new Dictionary<string, IOpenApiExtension>
        {
            ["x-tagGroups"] = new JsonNodeExtension(new JsonArray([.. Groups.Select(g => new JsonObject
            {
                ["name"] = g.Group,
                ["tags"] = new JsonArray([.. tags.Where(g.Holds).Select(t => JsonValue.Create(t))]),
            })])),
        };
    }

    private static bool IsMlflow(string tag) => tag.StartsWith("MLflow", StringComparison.Ordinal);
}
