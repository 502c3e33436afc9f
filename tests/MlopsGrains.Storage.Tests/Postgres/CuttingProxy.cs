using System.Net;
using System.Net.Sockets;

namespace MlopsGrains.Storage.Tests.Postgres;

/// <summary>Stands between a client and PostgreSQL and cuts the connection where a test wants it.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly int target;
    private readonly List<TcpClient> open = [];
    private readonly List<TcpClient> clients = [];
    private readonly Task accepting;
    private int swallowReplies;
    private int refuseRequests;
    private int cuts;

    public CuttingProxy(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public int Cuts => Volatile.Read(ref cuts);

    /// <summary>Lets the next request through and cuts when the server answers, before a byte of the answer reaches the client.</summary>
    public void CutAtNextReply() => Volatile.Write(ref swallowReplies, 1);

    /// <summary>Cuts at the next request, before a byte of it reaches the server.</summary>
    public void CutAtNextRequest() => Volatile.Write(ref refuseRequests, 1);

    /// <summary>Cuts towards the clients only: the server goes on with what it was told.</summary>
    public void CutClients()
    {
        lock (open)
        {
            clients.ForEach(client => client.Client.Close(0));
            clients.Clear();
        }

        Interlocked.Increment(ref cuts);
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await accepting;
        lock (open)
        {
            open.ForEach(connection => connection.Dispose());
        }

        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, target, stopping.Token);
                client.NoDelay = server.NoDelay = true;
                lock (open)
                {
                    open.AddRange([client, server]);
                    clients.Add(client);
                }

                _ = PumpAsync(client, server, () => Interlocked.Exchange(ref refuseRequests, 0) == 1, closeOther: false);
                _ = PumpAsync(server, client, () => Interlocked.Exchange(ref swallowReplies, 0) == 1, closeOther: true);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // Stopped.
        }
    }

    private async Task PumpAsync(TcpClient from, TcpClient to, Func<bool> cut, bool closeOther)
    {
        try
        {
            var (source, target) = (from.GetStream(), to.GetStream());
            var buffer = new byte[64 * 1024];
            int read;
            while ((read = await source.ReadAsync(buffer, stopping.Token)) > 0)
            {
                if (cut())
                {
                    Interlocked.Increment(ref cuts);
                    from.Close();
                    to.Close();
                    return;
                }

                await target.WriteAsync(buffer.AsMemory(0, read), stopping.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException or SocketException or InvalidOperationException)
        {
            // One side is gone. A client's end is kept from the server, as a cut cable would.
        }

        if (closeOther)
        {
            to.Close();
        }
    }
}
