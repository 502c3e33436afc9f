using System.Net;
using Microsoft.AspNetCore.Connections;

namespace MlopsGrains.Server.Hosting;

/// <summary>
/// A silo that runs alone has nobody to listen to: its own calls never leave the process. Whoever could connect to Orleans' ports could call every grain past
/// the gateway's locks, so such a silo opens none.
/// </summary>
internal static class ClosedPorts
{
    /// <summary>Replaces what listens for other silos and for client processes. Orleans keeps the keys of these services to itself, so they are found by type.</summary>
    public static ISiloBuilder OpenNoPorts(this ISiloBuilder silo)
    {
        var listeners = silo.Services.Where(s => s.IsKeyedService && s.ServiceType == typeof(IConnectionListenerFactory)).ToList();
        if (listeners.Count == 0)
        {
            throw new InvalidOperationException("Orleans registers its listeners in another way than this version knows; its ports would stay open.");
        }

        foreach (var listener in listeners)
        {
            silo.Services.Remove(listener);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory>(listener.ServiceKey, new ClosedListener());
        }

        return silo;
    }

    private sealed class ClosedListener : IConnectionListenerFactory, IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint { get; private set; } = new IPEndPoint(IPAddress.None, 0);

        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            EndPoint = endpoint;
            return ValueTask.FromResult<IConnectionListener>(this);
        }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => await end.Task;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            end.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
