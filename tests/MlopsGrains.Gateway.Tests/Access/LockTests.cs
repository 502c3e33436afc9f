using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Gateway.Tests.Http;
using MlopsGrains.Gateway.Tests.OpenApi;
using MlopsGrains.Identity;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Access;

/// <summary>
/// Every mapped route, as it says beside itself, against every kind of caller: with things that are there and things that are not, under three default levels. What is refused is asked of
/// the same things by everybody, because it changes nothing; what is allowed is asked by whoever has just enough, by an administrator and by a key.
/// </summary>
public sealed partial class LockTests : IAsyncDisposable
{
    private const string Password = "a password of theirs";

    private static readonly string[] NotMade = ["/permissions/", "/mpu/", "/compare", "/restore", "/windows/", "/alerts/"];

    private static readonly PermissionLevel[] Levels = Enum.GetValues<PermissionLevel>();

    private readonly TempDirectory directory = new();
    private WebApplication? app;
    private HttpClient http = new();
    private ExampleThings there = null!;
    private ExampleThings missing = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private async Task StartAsync()
    {
        this.app = await ServerFixture.StartAsync(this.directory.Path, b =>
        {
            b.Configuration["Authentication:Administrator:Name"] = "root";
            b.Configuration["Authentication:Administrator:Password"] = Password;
            b.Configuration["Authentication:ApiKeys:0:Name"] = "ci";
            b.Configuration["Authentication:ApiKeys:0:KeySha256"] = Convert.ToHexString(SHA256.HashData("the key"u8));
        });
        this.http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(this.app.Urls.First()) };
    }

    public async ValueTask DisposeAsync()
    {
        this.http.Dispose();
        if (this.app is not null)
        {
            await this.app.StopAsync();
            await this.app.DisposeAsync();
        }

        this.directory.Dispose();
    }

    [Fact]
    public async Task EveryRoute_IsOpenToWhomItSays_AndTellsTheOthersNoMoreThanTheyMayKnow()
    {
        await StartAsync();
        await MakeAsync();
        var doors = Doors(this.app!.Services).ToList();
        var faults = new ConcurrentQueue<string>();
        foreach (var level in (PermissionLevel[])[PermissionLevel.None, PermissionLevel.Read, PermissionLevel.Edit])
        {
            this.app!.Services.GetRequiredService<IOptions<AuthenticationOptions>>().Value.DefaultPermission = level;

            // The second address of a method has the first one's handler and needs; one default is enough for it.
            await EachAsync(doors.Where(d => !d.IsSecond || level == PermissionLevel.Read), door => RefusedAsync(door, level, faults));
        }

        await EachAsync(doors.Where(d => !d.IsSecond && !d.Destroys), door => AllowedAsync(door, this.there, faults));
        await EachAsync(doors.Where(d => !d.IsSecond && d.Destroys), async door =>
        {
            var things = await ExampleThings.MakeAsync(Client("owner"), $"own-{Guid.NewGuid():N}", ExampleThings.IsServing(door.Path) ? "/deployments" : "model");
            await GrantAsync(things);
            await AllowedAsync(door, things, faults);
        });

        Assert.True(doors.Count > 200, $"{doors.Count} doors");
        Assert.True(faults.IsEmpty, string.Join('\n', faults.Take(60)));
    }

    [Fact]
    public async Task RouteThatSaysNothing_DoesNotStart()
    {
        var start = () => Door.OpenAsync(e => e.MapPost("/api/v1/forgotten", () => "open"));

        var refusal = await Assert.ThrowsAsync<InvalidOperationException>(start);
        Assert.Contains("POST /api/v1/forgotten", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("models:/a@b/1", "a@b")]
    [InlineData("models:/a@b", "a")]
    [InlineData("models:///a/Production", "a")]
    [InlineData("s3://bucket/models:/a/1", null)]
    public async Task Source_IsJudgedAsTheRegistryOpensIt(string source, string? model)
    {
        var place = await AccessTarget.Source.Find(new Owners(null!), new Principal(1, "ada", PermissionLevel.Read), source, Token);

        Assert.Equal((model, model is null), (place.On?.Id, place.IsFree));
    }

    [Fact]
    public async Task Guide_ListsEveryRoute_ByWhatItNeeds()
    {
        await using var door = await Door.OpenAsync(null, ("Authentication:Administrator:Name", "root"), ("Authentication:Administrator:Password", Password));
        var groups = Doors(door.Services).Where(d => !d.IsSecond)
            .GroupBy(d => string.Join(' ', d.Needs.Select(n => n.InWords)))
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key}\n\n```\n{string.Join('\n', g.Select(d => d.ToString()).Order(StringComparer.Ordinal))}\n```\n");
        var written = "\n" + string.Join('\n', groups);

        Assert.Equal(written, WrittenGuide.Part("permissions.md", "<!-- written by LockTests -->\n", "", written));
    }

    private async Task RefusedAsync(OneDoor door, PermissionLevel byDefault, ConcurrentQueue<string> faults)
    {
        if (door.Needs is [OpenToAll or CarriesItsKey])
        {
            return;
        }

        if (byDefault == PermissionLevel.Read)
        {
            Expect(401, await SendAsync(door, this.there, null), "nobody");
            Expect(401, await SendAsync(door, this.there, "Bearer wrong"), "a wrong key");
        }

        if (door.Needs.Any(n => n is AdministratorsOnly or TheUserItself))
        {
            Expect(403, await SendAsync(door, this.there, User("manage")), "a user");
            return;
        }

        foreach (var (user, level) in Levels.Select(l => (NameOf(l), l)).Append(("stranger", byDefault)))
        {
            if (door.Needs.OfType<LevelNeed>().FirstOrDefault(n => !n.Optional && n.Level > level) is not { } lacking)
            {
                continue;
            }

            var answer = await SendAsync(door, this.there, User(user));
            if (level >= PermissionLevel.Read)
            {
                Expect(403, answer, user);
                if (!answer.Text.Contains($"This needs {lacking.Level.ToString().ToUpperInvariant()} on ", StringComparison.Ordinal))
                {
                    faults.Enqueue($"{door} by {user}: does not say what is lacking: {answer.Text}");
                }

                continue;
            }

            Expect(404, answer, user);
            if (lacking.OrCreates)
            {
                continue;
            }

            var missing = await SendAsync(door, this.missing, User(user));
            if (Plain(missing.Text, this.missing) != Plain(answer.Text, this.there))
            {
                faults.Enqueue($"{door} by {user} ({byDefault}): hidden is not like missing: {answer.Text} / {missing.Status} {missing.Text}");
            }
        }

        void Expect(int status, (int Status, string Text) answer, string caller)
        {
            if (answer.Status != status)
            {
                faults.Enqueue($"{door} by {caller} ({byDefault}): {answer.Status} in place of {status}: {answer.Text}");
            }
        }
    }

    private async Task AllowedAsync(OneDoor door, ExampleThings things, ConcurrentQueue<string> faults)
    {
        var administrators = door.Needs.Any(n => n is AdministratorsOnly or TheUserItself);
        var level = door.Needs.OfType<LevelNeed>().Select(n => n.Level).DefaultIfEmpty(PermissionLevel.None).Max();
        var exact = administrators || door.Needs is [CarriesItsKey] ? null : User(NameOf(level));
        foreach (var caller in new[] { exact, User("root"), "Bearer the key" }.OfType<string>())
        {
            var answer = await SendAsync(door, things, caller);
            if (answer.Status == 403 && IsPage(door, answer.Text))
            {
                continue;
            }

            if (answer.Status is 401 or 403 or >= 500 and not 501 || (answer.Status == 404 && caller == exact && !IsRightlyMissing(door)))
            {
                faults.Enqueue($"{door} by {(caller == exact ? NameOf(level) : caller)}: {answer.Status} {answer.Text}");
            }
        }
    }

    /// <summary>What is asked for is not made here: a user's permission, an upload, a group, a deleted experiment. Pages show what their reader may see.</summary>
    private static bool IsRightlyMissing(OneDoor door) => door.Needs is [OpenToAll] || NotMade.Any(n => door.Path.Contains(n, StringComparison.Ordinal));

    /// <summary>A page is anybody's to ask for, and says what the API refused to its reader.</summary>
    private static bool IsPage(OneDoor door, string text) => door.Needs is [OpenToAll] && text.StartsWith("<!doctype html>", StringComparison.Ordinal);

    private async Task MakeAsync()
    {
        var accounts = Grain;
        await Task.WhenAll(Levels.Select(NameOf).Append("owner").Append("stranger").Select(n => accounts.CreateUser(n, Passwords.Hash(Password), Token)));
        this.there = await ExampleThings.MakeAsync(Client("owner"), "there", ExampleThings.All) with { Webhook = "none" };
        this.missing = new ExampleThings("nowhere", "999999", new string('f', 32), "m-" + new string('f', 32), "none", new string('d', 64), new string('e', 32));
        await GrantAsync(this.there);
    }

    private async Task GrantAsync(ExampleThings things)
    {
        var accounts = Grain;
        foreach (var on in new PermissionOn[]
        {
            new(PermissionKind.Experiment, things.Experiment), new(PermissionKind.RegisteredModel, things.Name), new(PermissionKind.RegisteredModel, things.Name + "-served"),
            new(PermissionKind.Dataset, things.Name), new(PermissionKind.Pipeline, things.Name), new(PermissionKind.Deployment, things.Name + "-served"), new(PermissionKind.Monitor, things.Name + "-served"),
        })
        {
            foreach (var level in Levels)
            {
                await accounts.Grant(NameOf(level), on, level, Token);
            }
        }
    }

    private static IEnumerable<OneDoor> Doors(IServiceProvider services) =>
        from endpoint in services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        from method in methods
        select new OneDoor(method, endpoint.RoutePattern.RawText!, endpoint.Metadata.GetOrderedMetadata<AccessNeed>(), endpoint);

    private async Task<(int Status, string Text)> SendAsync(OneDoor door, ExampleThings things, string? authorization)
    {
        using var request = door.Request(things);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var answer = await this.http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        return ((int)answer.StatusCode, answer.IsSuccessStatusCode ? "" : await answer.Content.ReadAsStringAsync(Token));
    }

    private HttpClient Client(string user)
    {
        var client = new HttpClient { BaseAddress = this.http.BaseAddress };
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", User(user));
        return client;
    }

    private IAccountsGrain Grain => this.app!.Services.GetRequiredService<IGrainFactory>().GetGrain<IAccountsGrain>(IAccountsGrain.Main);

    private static Task EachAsync(IEnumerable<OneDoor> doors, Func<OneDoor, Task> test) =>
        Parallel.ForEachAsync(doors, new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Token }, async (door, _) => await test(door));

    private static string User(string name) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{Password}"));

    private static string NameOf(PermissionLevel level) => level.ToString().ToLowerInvariant();

    /// <summary>A refusal without what the request itself named, and without its trace id.</summary>
    private static string Plain(string text, ExampleThings things) =>
        new[] { (things.Model, "MODEL"), (things.Run, "RUN"), (things.PipelineRun, "PIPELINE-RUN"), (things.Name, "NAME"), (things.Blob, "BLOB"), ($"'{things.Experiment}/", "'EXPERIMENT/"), ($"id={things.Experiment} ", "id=EXPERIMENT ") }
            .Aggregate(OfTheRequest().Replace(text, ""), (t, p) => t.Replace(p.Item1, p.Item2, StringComparison.Ordinal));

    [GeneratedRegex("\"(traceId|instance)\":\"[^\"]*\"")]
    private static partial Regex OfTheRequest();

    /// <summary>One method of one route, and the request that its own example makes.</summary>
    private sealed partial record OneDoor(string Method, string Path, IReadOnlyList<AccessNeed> Needs, RouteEndpoint Endpoint)
    {
        public bool IsSecond => Endpoint.Metadata.GetMetadata<SecondAddress>() is not null;

        public bool Destroys => Method == "DELETE" || Path.EndsWith("/delete", StringComparison.Ordinal) || Path.EndsWith("/rename", StringComparison.Ordinal);

        public override string ToString() => $"{Method} {Path}";

        public HttpRequestMessage Request(ExampleThings things)
        {
            var name = ExampleThings.IsServing(Path) ? things.Name + "-served" : things.Name;
            var description = Endpoint.Metadata.GetMetadata<Description>();
            var message = description?.Takes is { } takes ? JsonNode.Parse(things.In(Required().Replace(takes, "\""), name))!.AsObject() : [];
            var path = Parameter().Replace(Path, m =>
            {
                var field = m.Groups[1].Value;
                var value = message[field]?.ToString() ?? things.OfNative(Path, field);
                if (!m.Value.StartsWith("{**", StringComparison.Ordinal))
                {
                    message.Remove(field);
                }

                return string.Join('/', value.Split('/').Select(Uri.EscapeDataString));
            });
            var request = new HttpRequestMessage(new HttpMethod(Method), path);
            var example = Endpoint.Metadata.GetMetadata<BodyExample>()?.Text;
            if (Method == "GET" || description?.TakesBytes is not null)
            {
                var query = message.SelectMany(m => (m.Value as JsonArray ?? [m.Value!.DeepClone()]).Select(v => $"{m.Key}={Uri.EscapeDataString(v!.ToString())}")).Append("key=accuracy").Append("idPrefix=ffff");
                request.RequestUri = new Uri($"{path}?{string.Join('&', query)}", UriKind.Relative);
            }

            if (Method != "GET")
            {
                request.Content = new StringContent(example is null ? message.ToJsonString() : things.In(example, name), Encoding.UTF8);
                request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(example is null or ['{', ..] or ['[', ..] ? "application/json" : example.StartsWith("name:", StringComparison.Ordinal) ? "application/yaml" : "text/csv");
            }

            return request;
        }

        [GeneratedRegex("!\"")]
        private static partial Regex Required();

        [GeneratedRegex(@"\{\**([^}:?]+)[^}]*\}")]
        private static partial Regex Parameter();
    }
}
