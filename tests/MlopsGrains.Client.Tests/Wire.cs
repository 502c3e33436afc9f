using System.Net;
using System.Net.Sockets;

namespace MlopsGrains.Client.Tests;

/// <summary>A wire to a server that can be cut and mended: it forwards bytes from a port of its own.</summary>
internal sealed class Wire : IAsyncDisposable
{
    private readonly int target;
    private readonly int port;
    private TcpListener? listener;
    private bool isWhole;
    private CancellationTokenSource cut = new();
    private Task accepting = Task.CompletedTask;

    public Wire(Uri server)
    {
        target = server.Port;
        port = Testing.FreePort.Next();
        Mend();
    }

    public Uri Address => new($"http://127.0.0.1:{port}");

    public void Mend()
    {
        cut = new CancellationTokenSource();
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        accepting = AcceptAsync(listener, cut.Token);
        isWhole = true;
    }

    /// <summary>Breaks all connections and refuses new ones.</summary>
    public async Task CutAsync()
    {
        if (!isWhole)
        {
            return;
        }

        isWhole = false;
        listener!.Stop();
        await cut.CancelAsync();
        await accepting;
        cut.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await CutAsync();
        listener!.Dispose();
    }

    private async Task AcceptAsync(TcpListener from, CancellationToken cancellationToken)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ForwardAsync(await from.AcceptTcpClientAsync(cancellationToken), cancellationToken));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(TcpClient near, CancellationToken cancellationToken)
    {
        using (near)
        using (var far = new TcpClient())
        {
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, target, cancellationToken);
                await Task.WhenAny(
                    near.GetStream().CopyToAsync(far.GetStream(), cancellationToken),
                    far.GetStream().CopyToAsync(near.GetStream(), cancellationToken));
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // Cut.
            }
        }
    }
}
