using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MlopsGrains.Benchmarks;

/// <summary>One keep-alive HTTP/1.1 connection over a bare socket, so that the load generator takes little of the cores that it shares with the server.</summary>
internal sealed class LoadConnection : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private byte[] answer = new byte[4096];
    private int received;
    private int bodyAt;

    /// <summary>The last answer's body as it came, chunk sizes included when it is chunked.</summary>
    public string Body => Encoding.UTF8.GetString(answer, bodyAt, received - bodyAt);

    /// <summary>Who sends all requests, where the server asks who it is.</summary>
    public static readonly (string Name, string Password) User = ("load", "a load of requests");

    private static readonly string Authorization = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User.Name}:{User.Password}"));

    public static byte[] Post(string path, string json) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {Authorization}\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}"));

    public static byte[] Get(string path) => Encoding.UTF8.GetBytes($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {Authorization}\r\n\r\n");

    public static async Task<IReadOnlyList<LoadConnection>> OpenAsync(int port, int count)
    {
        var connections = new List<LoadConnection>();
        for (var i = 0; i < count; i++)
        {
            var connection = new LoadConnection();
            connections.Add(connection);
            await connection.socket.ConnectAsync(IPAddress.Loopback, port);
        }

        return connections;
    }

    /// <summary>Sends a whole request and waits for the whole answer. Answers its status.</summary>
    public async Task<int> SendAsync(ReadOnlyMemory<byte> request)
    {
        while (!request.IsEmpty)
        {
            request = request[await socket.SendAsync(request)..];
        }

        for (received = 0; !IsComplete();)
        {
            if (received == answer.Length)
            {
                Array.Resize(ref answer, answer.Length * 2);
            }

            var count = await socket.ReceiveAsync(answer.AsMemory(received));
            received += count > 0 ? count : throw new IOException("The server closed the connection.");
        }

        return ((answer[9] - '0') * 100) + ((answer[10] - '0') * 10) + answer[11] - '0';
    }

    public void Dispose() => socket.Dispose();

    private bool IsComplete()
    {
        var all = answer.AsSpan(0, received);
        var end = all.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        bodyAt = end + 4;
        var at = all[..end].IndexOf("Content-Length: "u8);
        return at < 0
            ? all.EndsWith("0\r\n\r\n"u8)
            : Utf8Parser.TryParse(all[(at + 16)..(end + 2)], out int length, out _) && received >= bodyAt + length;
    }
}
