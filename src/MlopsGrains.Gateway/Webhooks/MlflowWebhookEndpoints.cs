using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Gateway.Webhooks;

/// <summary>MLflow's webhook methods.</summary>
internal static class MlflowWebhookEndpoints
{
    private const int PageDefault = 100;
    private const string ExampleId = """{"webhook_id!":"1b4e28ba-2fa1-11d2-883f-0016d3cca427"}""";
    private const string Example =
        """{"webhook_id":"1b4e28ba-2fa1-11d2-883f-0016d3cca427","name":"deploys","description":"Tells the deployer.","url":"https://example.org/hook","events":[{"entity":"MODEL_VERSION","action":"CREATED"}],"status":"ACTIVE","creation_timestamp":1764000000000,"last_updated_timestamp":1764000000000}""";

    /// <summary>In the order of their numbers, from 1.</summary>
    private static readonly string[] Entities =
    [
        "REGISTERED_MODEL", "MODEL_VERSION", "MODEL_VERSION_TAG", "MODEL_VERSION_ALIAS", "PROMPT", "PROMPT_VERSION", "PROMPT_TAG", "PROMPT_VERSION_TAG", "PROMPT_ALIAS", "BUDGET_POLICY",
    ];

    private static readonly string[] Actions = ["CREATED", "UPDATED", "DELETED", "SET", "EXCEEDED"];

    private static readonly Dictionary<string, WebhookStatus> Statuses = new() { ["ACTIVE"] = WebhookStatus.Active, ["DISABLED"] = WebhookStatus.Disabled };

    public static void MapMlflowWebhooks(this IEndpointRouteBuilder endpoints)
    {
        endpoints = endpoints.MapGroup("").WithTags("MLflow webhooks");
        const string Root = "/mlflow/webhooks";
        endpoints.MapMlflowMethod("POST", Root, Create).CreatesOnce().RequiresAdministrator()
            .Describe("Creates a webhook: an address that is told of events of the registry.", """{"name!":"deploys","url!":"https://example.org/hook","events!":[{"entity!":"MODEL_VERSION","action!":"CREATED"}],"description":"Tells the deployer.","secret":"at-least-as-long-as-this","status":"ACTIVE"}""", gives: $$"""{"webhook":{{Example}}}""");
        endpoints.MapMlflowMethod("GET", Root, List).RequiresAdministrator()
            .Describe("Webhooks, without their secrets.", """{"max_results":100,"page_token":""}""", gives: $$"""{"webhooks":[{{Example}}],"next_page_token":"eyJv"}""");
        endpoints.MapMlflowMethod("GET", Root + "/{webhook_id}", Get).RequiresAdministrator()
            .Describe("One webhook.", ExampleId, gives: $$"""{"webhook":{{Example}}}""");
        endpoints.MapMlflowMethod("PATCH", Root + "/{webhook_id}", Update).RequiresAdministrator()
            .Describe("Changes a webhook; what is not given stays.", """{"webhook_id!":"1b4e28ba-2fa1-11d2-883f-0016d3cca427","status":"DISABLED"}""", gives: $$"""{"webhook":{{Example}}}""");
        endpoints.MapMlflowMethod("DELETE", Root + "/{webhook_id}", Delete).RequiresAdministrator()
            .Describe("Removes a webhook.", ExampleId);
        endpoints.MapMlflowMethod("POST", Root + "/{webhook_id}/test", Test).RequiresAdministrator()
            .Describe("Sends a webhook an event of the kind that it asks for, and tells what came back.", """{"webhook_id!":"1b4e28ba-2fa1-11d2-883f-0016d3cca427","event":{"entity!":"MODEL_VERSION","action!":"CREATED"}}""", gives: """{"result":{"success":true,"response_status":200,"response_body":"","error_message":""}}""");
    }

    private static async Task Create(MlflowCall call)
    {
        var request = call.Request;
        var webhook = new NewWebhook(
            request.Required("name"),
            request.Required("url"),
            Events(request) is { Count: > 0 } events ? events : throw MlopsException.Missing("events"),
            request.Text("description"),
            NotEmpty(request.Text("secret")),
            request.Enum("status", Statuses) ?? WebhookStatus.Active);
        await Answer(call, await Webhooks(call).Create(webhook, call.Aborted));
    }

    private static async Task List(MlflowCall call)
    {
        var asked = call.Request.Page(PageDefault, WebhookLimits.PageMax);
        var page = await Webhooks(call).List(asked.Size, asked.Token, call.Aborted);
        await call.AnswerPage("webhooks", page, Write);
    }

    private static async Task Get(MlflowCall call) =>
        await Answer(call, await Webhooks(call).Get(Id(call), call.Aborted) ?? throw WebhookErrors.NoWebhook(Id(call)));

    private static async Task Update(MlflowCall call)
    {
        var request = call.Request;
        var change = new WebhookChange(
            NotEmpty(request.Text("name")),
            NotEmpty(request.Text("url")),
            Events(request) is { Count: > 0 } events ? events : null,
            request.Text("description"),
            NotEmpty(request.Text("secret")),
            request.Enum("status", Statuses));
        await Answer(call, await Webhooks(call).Update(Id(call), change, call.Aborted));
    }

    private static async Task Delete(MlflowCall call)
    {
        await Webhooks(call).Delete(Id(call), call.Aborted);
        await call.Done();
    }

    private static async Task Test(MlflowCall call)
    {
        var kind = call.Request.Message("event") is { } given ? Event("event.", given) : null;
        var result = await Webhooks(call).Test(Id(call), kind, call.Aborted);
        await call.Answer(json =>
        {
            json.WriteStartObject("result");
            json.WriteBoolean("success", result.Success);
            if (result.ResponseStatus is { } status)
            {
                json.WriteNumber("response_status", status);
            }

            if (result.ResponseBody is { } body)
            {
                json.WriteString("response_body", body);
            }

            if (result.ErrorMessage is { } error)
            {
                json.WriteString("error_message", error);
            }

            json.WriteEndObject();
        });
    }

    private static List<WebhookEventKind> Events(MlflowRequest request) => [.. request.Messages("events").Select((e, i) => Event($"events[{i}].", e))];

    private static WebhookEventKind Event(string at, MlflowRequest part) =>
        new(Name(at, part, "entity", Entities), Name(at, part, "action", Actions));

    /// <summary>An enumeration's name, which may be given as its number; whether the pair exists is decided where webhooks are kept.</summary>
    private static string Name(string at, MlflowRequest part, string field, string[] names)
    {
        var text = part.Id(field) is { Length: > 0 } given ? given : throw MlopsException.Missing(at + field);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= names.Length ? names[number - 1] : text;
    }

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string Id(MlflowCall call) => Convert.ToString(call.Context.GetRouteValue("webhook_id"), CultureInfo.InvariantCulture)!;

    private static Task Answer(MlflowCall call, Webhook webhook) => call.Answer(json =>
    {
        json.WritePropertyName("webhook");
        Write(json, webhook);
    });

    private static void Write(Utf8JsonWriter json, Webhook webhook)
    {
        json.WriteStartObject();
        json.WriteString("webhook_id", webhook.Id);
        json.WriteString("name", webhook.Name);
        if (webhook.Description is { } description)
        {
            json.WriteString("description", description);
        }

        json.WriteString("url", webhook.Url);
        json.WriteStartArray("events");
        foreach (var e in webhook.Events)
        {
            json.WriteStartObject();
            json.WriteString("entity", e.Entity);
            json.WriteString("action", e.Action);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("status", webhook.Status == WebhookStatus.Disabled ? "DISABLED" : "ACTIVE");
        json.WriteNumber("creation_timestamp", webhook.CreatedAt.ToUnixTimeMilliseconds());
        json.WriteNumber("last_updated_timestamp", webhook.UpdatedAt.ToUnixTimeMilliseconds());
        json.WriteEndObject();
    }

    private static IWebhooksGrain Webhooks(MlflowCall call) => call.Grains.GetGrain<IWebhooksGrain>(IWebhooksGrain.Main);
}
