using System.Net;
using System.Text.Json;
using MlopsGrains.Governance;
using MlopsGrains.Paging;

namespace MlopsGrains.Client.Tests.Governance;

public sealed class AuditVerifyTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Verify_RecomputesEveryPage()
    {
        var events = Chain(5);

        var verification = await Serve(events).Connect().Audit.VerifyAsync(Cancel);

        Assert.Equal(new AuditVerification(true, 5, events[^1].Hash, Waiting: new AuditWaiting(2, DateTimeOffset.UnixEpoch)), verification);
    }

    [Fact]
    public async Task Verify_ChangedEvent_IsFoundThere()
    {
        var events = Chain(5);
        events[2] = events[2] with { Actor = "mallory" };

        var verification = await Serve(events).Connect().Audit.VerifyAsync(Cancel);

        Assert.Equal((false, 3), (verification.Valid, verification.BrokenAt));
    }

    private static List<AuditEvent> Chain(int count)
    {
        var events = new List<AuditEvent>();
        var previous = AuditHash.Genesis;
        for (var i = 1; i <= count; i++)
        {
            var e = new AuditEvent(i, DateTimeOffset.UnixEpoch.AddSeconds(i), "ana", "thing.done", $"thing/{i}", new Dictionary<string, string> { ["k"] = "ü" }, previous, "");
            events.Add(e with { Hash = AuditHash.Compute(e) });
            previous = events[^1].Hash;
        }

        return events;
    }

    /// <summary>Two events a page, as the server pages them: by the last sequence.</summary>
    private static StubGateway Serve(List<AuditEvent> events) => new StubGateway().Then(request =>
    {
        if (request.Path.EndsWith("/audit/waiting", StringComparison.Ordinal))
        {
            return StubGateway.Answer(HttpStatusCode.OK, JsonSerializer.Serialize(new AuditWaiting(2, DateTimeOffset.UnixEpoch), JsonSerializerOptions.Web));
        }

        var after = int.Parse(request.Path.Split("after=")[1].Split('&')[0]);
        var items = events.Skip(after).Take(2).ToList();
        return StubGateway.Answer(HttpStatusCode.OK, JsonSerializer.Serialize(new Page<AuditEvent>(items, items.Count == 2 ? $"{after + 2}" : null), JsonSerializerOptions.Web));
    });
}
