using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Calls;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Calls;

/// <summary>Calls that were long on their way, and a gateway that is asked whether it still waits for them.</summary>
public sealed class AskerTests(SiloFixture fixture)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CallThatWasLongOnItsWay_IsDoneOnlyWhereItIsStillWaitedFor()
    {
        var asker = new Asker(fixture.Services.GetRequiredService<PauseGate>(), fixture.Cluster.Client.ServiceProvider);
        using var givenUp = new CancellationTokenSource();
        var (waited, cancelled, ended) = (asker.Begin(Token), asker.Begin(givenUp.Token), asker.Begin(Token));
        await givenUp.CancelAsync();
        asker.End(ended);

        await AddLateAsync(asker.Name, waited, "waited");
        await RefusedAsync(asker.Name, cancelled);
        await RefusedAsync(asker.Name, ended);
        await RefusedAsync(asker.Name.Replace('+', '-') + "+gone", waited);

        Assert.Equal(["waited"], (await fixture.Grains.GetGrain<ICatalogGrain>("asked").List(null, 10, Token)).Items);
    }

    private async Task RefusedAsync(string asker, long number) =>
        Assert.Equal(ErrorKind.Unavailable, (await Assert.ThrowsAsync<MlopsException>(() => AddLateAsync(asker, number, "late"))).Kind);

    private async Task AddLateAsync(string asker, long number, string name)
    {
        var clock = fixture.Services.GetRequiredService<CallClock>();
        CallDeadline.Set(clock, Patience);
        CallDeadline.SetAsker(asker, number);
        var asked = clock.Now;
        await Eventually.Async(() => Task.FromResult(clock.Now > asked + CallGate.YoungMs), cancellationToken: Token);
        await fixture.Grains.GetGrain<ICatalogGrain>("asked").Add(name, Token);
    }
}
