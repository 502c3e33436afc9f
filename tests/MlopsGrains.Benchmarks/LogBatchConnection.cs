using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MlopsGrains.Benchmarks;

/// <summary>
/// One keep-alive connection that logs batches to one run. The request is built once; only the digits of its steps and timestamps are rewritten, so that the
/// load generator takes little of the cores that it shares with the server.
/// </summary>
internal sealed class LogBatchConnection : IDisposable
{
    private const int Digits = 9;
    private static readonly string Placeholder = new('1', Digits);

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] request;
    private readonly int[] numbers;
    private readonly byte[] answer = new byte[4096];
    private int next = 100_000_000;

    public LogBatchConnection(string run, int points)
    {
        var body = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{{\"run_id\":\"{run}\",\"metrics\":[");
        for (var i = 0; i < points; i++)
        {
            body.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture,
                $"{{\"key\":\"{(i % 2 == 0 ? "train/loss" : "train/accuracy")}\",\"value\":{0.1234567 + i * 0.001:0.0######},\"timestamp\":1700{Placeholder},\"step\":{Placeholder}}}");
        }

        body.Append("]}");
        var head = $"POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
        request = Encoding.ASCII.GetBytes(head + body);
        numbers = [.. Positions(request, Encoding.ASCII.GetBytes(Placeholder))];
    }

    public int RequestBytes => request.Length;

    public async Task ConnectAsync(int port) => await socket.ConnectAsync(IPAddress.Loopback, port);

    /// <summary>Sends the next batch and waits for the answer's status.</summary>
    public async Task<int> SendAsync()
    {
        for (var i = 0; i < numbers.Length; i++)
        {
            // Two numbers a point: its timestamp and its step. Two points in turn share a step, one of each metric.
            var number = next + i / 4;
            number.TryFormat(request.AsSpan(numbers[i], Digits), out _, provider: CultureInfo.InvariantCulture);
        }

        next += numbers.Length / 4;
        for (var sent = 0; sent < request.Length;)
        {
            sent += await socket.SendAsync(request.AsMemory(sent));
        }

        var received = 0;
        while (true)
        {
            var count = await socket.ReceiveAsync(answer.AsMemory(received));
            if (count == 0)
            {
                throw new IOException("The server closed the connection.");
            }

            received += count;
            if (IsComplete(answer.AsSpan(0, received)))
            {
                return (answer[9] - '0') * 100 + (answer[10] - '0') * 10 + (answer[11] - '0');
            }
        }
    }

    public void Dispose() => socket.Dispose();

    private static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        var head = answer[..end];
        var at = head.IndexOf("Content-Length: "u8);
        if (at < 0)
        {
            return answer.EndsWith("0\r\n\r\n"u8);
        }

        var digits = head[(at + 16)..];
        var length = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                break;
            }

            length = length * 10 + digit - '0';
        }

        return answer.Length >= end + 4 + length;
    }

    private static IEnumerable<int> Positions(byte[] text, byte[] of)
    {
        for (var i = 0; i <= text.Length - of.Length; i++)
        {
            if (text.AsSpan(i, of.Length).SequenceEqual(of))
            {
                yield return i;
                i += of.Length - 1;
            }
        }
    }
}
