using System.Net.Sockets;
using System.Text;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>A request exactly as written, for what no well-behaved client sends.</summary>
internal static class RawHttp
{
    public static async Task<(int Status, string Head, string Body)> SendAsync(Uri address, string method, string target, string headers = "", string body = "", string? host = null)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        return await SendAsync(address, $"{method} {target} HTTP/1.1\r\nHost: {host ?? address.Authority}\r\nConnection: close\r\nContent-Length: {bytes.Length}\r\n{headers}\r\n", bytes);
    }

    /// <summary>The same with the head as written.</summary>
    public static async Task<(int Status, string Head, string Body)> SendAsync(Uri address, string head, byte[] body)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, deadline.Token);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(head), deadline.Token);
        await stream.WriteAsync(body, deadline.Token);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(deadline.Token);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        return (int.Parse(text.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture), text[..end], text[(end + 4)..]);
    }
}
