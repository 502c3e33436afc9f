using System.CommandLine;
using System.CommandLine.Parsing;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Cli.Webhooks;

internal static class WebhookCommands
{
    public static Command Create(CommandSet set) => set.Group(
        "webhooks", "Who hears of changes in the registry.", List(set), Get(set), New(set), Update(set), Test(set), Deliveries(set), Retry(set), Delete(set));

    private static Argument<string> IdArgument() => new("webhook-id") { Description = "The webhook; its name or a unique beginning of its id is enough." };

    private static Option<IReadOnlyList<WebhookEventKind>?> EventOption() => new("--event")
    {
        Description = $"What it hears of; may be repeated: {string.Join(", ", WebhookEventKind.All.Select(Name))}.",
        HelpName = "entity.action",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = Events,
    };

    private static Option<bool> SecretStdin() => new("--secret-stdin") { Description = "Reads the secret that signs deliveries from standard input." };

    private static string Name(WebhookEventKind kind) => $"{kind.Entity}.{kind.Action}".ToLowerInvariant();

    private static List<WebhookEventKind>? Events(ArgumentResult result)
    {
        var events = new List<WebhookEventKind>();
        foreach (var token in result.Tokens)
        {
            if (WebhookEventKind.All.FirstOrDefault(k => Name(k).Equals(token.Value, StringComparison.OrdinalIgnoreCase)) is { } known)
            {
                events.Add(known);
            }
            else
            {
                result.AddError($"'{token.Value}' is not an event; there are {string.Join(", ", WebhookEventKind.All.Select(Name))}.");
            }
        }

        return events;
    }

    /// <summary>By id, a unique beginning of it, or name.</summary>
    private static async Task<string> FindAsync(CommandCall call, string given)
    {
        const int IdLength = 36;
        var all = await call.Client.Webhooks.ListAsync(call.Cancel).ToListAsync(call.Cancel);
        return all.FirstOrDefault(w => w.Id == given || w.Name == given)?.Id
            ?? await Ids.OneOfAsync("webhook-id", given, IdLength, () => Task.FromResult<IReadOnlyList<Ids.Candidate>>([.. all.Select(w => new Ids.Candidate(w.Id, w.Name))]));
    }

    private static Command List(CommandSet set) => set.Leaf("list", "Lists webhooks, oldest first.", ["mlops webhooks list", "mlops webhooks list --json"], [], async call =>
        call.List(await call.Client.Webhooks.ListAsync(call.Cancel).ToListAsync(call.Cancel), "No webhooks.",
            ("NAME", w => w.Name),
            ("STATUS", w => ValueText.Enum(w.Status)),
            ("URL", w => w.Url),
            ("EVENTS", w => string.Join(", ", w.Events.Select(Name))),
            ("ID", w => w.Id)));

    private static Command Get(CommandSet set)
    {
        var id = IdArgument();
        return set.Leaf("get", "Shows a webhook.", ["mlops webhooks get ci", "mlops webhooks get ci --json"], [id], async call =>
            Show(call, await call.Client.Webhooks.GetAsync(await FindAsync(call, call.Get(id)), call.Cancel)));
    }

    private static Command New(CommandSet set)
    {
        var name = new Argument<string>("name") { Description = "1–63 letters, digits, ., _ and -." };
        var url = new Argument<string>("url") { Description = "Where events are posted to." };
        var (events, secret) = (EventOption(), SecretStdin());
        events.Required = true;
        var description = new Option<string?>("--description") { Description = "Free text.", HelpName = "text" };
        string[] examples = ["mlops webhooks create ci https://ci.example/hook --event model_version.created", "mlops webhooks create ci https://ci.example/hook --event model_version_alias.created --secret-stdin < secret.txt"];
        return set.Leaf("create", "Creates a webhook.", examples, [name, url, events, description, secret], async call =>
        {
            var key = call.Get(secret) ? await Prompts.SecretAsync(call.Environment, "Secret", fromInput: true, "--secret-stdin", call.Cancel) : null;
            return Show(call, await call.Client.Webhooks.CreateAsync(new NewWebhook(call.Get(name), call.Get(url), call.Get(events)!, call.Get(description), key), call.Cancel));
        });
    }

    private static Command Update(CommandSet set)
    {
        var (id, events, secret) = (IdArgument(), EventOption(), SecretStdin());
        var name = new Option<string?>("--name") { Description = "A new name.", HelpName = "name" };
        var url = new Option<string?>("--url") { Description = "A new address.", HelpName = "url" };
        var description = new Option<string?>("--description") { Description = "Free text.", HelpName = "text" };
        var status = new Option<WebhookStatus?>("--status") { Description = "active or disabled.", HelpName = "status" };
        return set.Leaf("update", "Changes what is given.", ["mlops webhooks update ci --status disabled", "mlops webhooks update ci --event model_version.created"], [id, name, url, events, description, status, secret], async call =>
        {
            var key = call.Get(secret) ? await Prompts.SecretAsync(call.Environment, "Secret", fromInput: true, "--secret-stdin", call.Cancel) : null;
            var change = new WebhookChange(call.Get(name), call.Get(url), call.Get(events) is { Count: > 0 } some ? some : null, call.Get(description), key, call.Get(status));
            return Show(call, await call.Client.Webhooks.UpdateAsync(await FindAsync(call, call.Get(id)), change, call.Cancel));
        });
    }

    private static Command Test(CommandSet set)
    {
        var id = IdArgument();
        return set.Leaf("test", "Sends an example once; exit code 1 when it was not taken.", ["mlops webhooks test ci"], [id], async call =>
        {
            var result = await call.Client.Webhooks.TestAsync(await FindAsync(call, call.Get(id)), call.Cancel);
            call.Show(result,
                ("success", result.Success ? "yes" : "no"),
                ("status", result.ResponseStatus is { } status ? ValueText.Whole(status) : null),
                ("answer", result.ResponseBody),
                ("error", result.ErrorMessage));
            return result.Success ? ExitCode.Passed : ExitCode.GateFailed;
        });
    }

    private static Command Deliveries(CommandSet set)
    {
        var id = IdArgument();
        var limit = new Option<int>("--limit") { Description = $"At most this many, 1–{WebhookLimits.PageMax:N0}.", HelpName = "count", DefaultValueFactory = _ => 100 };
        return set.Leaf("deliveries", "Lists what waits for a webhook and what is parked, oldest first.", ["mlops webhooks deliveries ci", "mlops webhooks deliveries ci --json"], [id, limit], async call =>
        {
            var queue = await call.Client.Webhooks.DeliveriesAsync(await FindAsync(call, call.Get(id)), call.Get(limit), call.Cancel);
            if (call.IsJson)
            {
                return call.Show(queue);
            }

            call.Note($"{queue.Waiting} waiting, {queue.Parked} parked, {queue.Delivered} delivered, {queue.Dropped} dropped.");
            return call.List(queue.Items, "Nothing waits.",
                ("EVENT", d => Name(d.Event)),
                ("QUEUED", d => ValueText.Time(d.QueuedAt)),
                ("TRIES", d => ValueText.Whole(d.Attempts)),
                ("ERROR", d => d.Error),
                ("NEXT", d => ValueText.Time(d.NextAt) ?? "parked"),
                ("ID", d => d.DeliveryId));
        });
    }

    private static Command Retry(CommandSet set)
    {
        var id = IdArgument();
        return set.Leaf("retry", "Sends what is parked again.", ["mlops webhooks retry ci"], [id], async call =>
        {
            var count = await call.Client.Webhooks.RetryAsync(await FindAsync(call, call.Get(id)), call.Cancel);
            return call.Done(new { retried = count }, $"{count} deliveries are sent again.");
        });
    }

    private static Command Delete(CommandSet set)
    {
        var (id, yes) = (IdArgument(), CommandSet.YesOption());
        return set.Leaf("delete", "Removes a webhook with all that waits for it.", ["mlops webhooks delete ci --yes"], [id, yes], async call =>
        {
            var found = await FindAsync(call, call.Get(id));
            await call.ConfirmAsync(yes, $"Webhook {call.Get(id)} goes with all that waits for it.");
            await call.Client.Webhooks.DeleteAsync(found, call.Cancel);
            return call.Done(new { webhookId = found }, $"webhook {call.Get(id)} is gone.");
        });
    }

    private static int Show(CommandCall call, Webhook webhook) => call.Show(webhook,
        ("id", webhook.Id),
        ("name", webhook.Name),
        ("description", webhook.Description),
        ("url", webhook.Url),
        ("status", ValueText.Enum(webhook.Status)),
        ("events", string.Join('\n', webhook.Events.Select(Name))),
        ("created", ValueText.Time(webhook.CreatedAt)),
        ("updated", ValueText.Time(webhook.UpdatedAt)));
}
