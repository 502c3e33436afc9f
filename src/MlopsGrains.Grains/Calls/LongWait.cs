using Microsoft.Extensions.Hosting;

namespace MlopsGrains.Grains.Calls;

/// <summary>
/// How a grain waits within a call for something to happen. Orleans lets a grain leave a silo that stops only when its calls are answered, and whoever calls it meanwhile waits for that;
/// so a silo that stops waits for nothing.
/// </summary>
internal sealed class LongWait(IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>While the silo stops, so that those who ask again and again do not do it without a pause.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when <paramref name="what"/> has happened, after <paramref name="limit"/>, or when the silo stops.</summary>
    /// <returns>Whether it may be waited for again; <see langword="false"/> when the silo stops.</returns>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task<bool> ForAsync(Task what, TimeSpan limit, CancellationToken cancellationToken)
    {
        var stopping = lifetime.ApplicationStopping;
        using var over = stopping.IsCancellationRequested
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken)
            : CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        await Task.WhenAny(what, Task.Delay(stopping.IsCancellationRequested && limit > Moment ? Moment : limit, time, over.Token));
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return !stopping.IsCancellationRequested;
    }
}
