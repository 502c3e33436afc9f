using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Grains.Tests.Calls;

public sealed class LongWaitTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly TaskCompletionSource never = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SiloThatStops_EndsTheWaits_AndTakesNoLongOnes()
    {
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        var wait = new LongWait(lifetime, TimeProvider.System);
        var before = wait.ForAsync(never.Task, Hour, Token);
        Assert.False(before.IsCompleted);

        lifetime.StopApplication();

        Assert.False(await before.WaitAsync(Deadline, Token));
        Assert.False(await wait.ForAsync(never.Task, Hour, Token).WaitAsync(Deadline, Token));
    }

    [Fact]
    public async Task WhatHappens_AndWhoGoes_EndTheWait()
    {
        var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
        var wait = new LongWait(lifetime, TimeProvider.System);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var given = wait.ForAsync(never.Task, Hour, gone.Token);

        Assert.True(await wait.ForAsync(Task.CompletedTask, Hour, Token).WaitAsync(Deadline, Token));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given.WaitAsync(Deadline, Token));
    }
}
