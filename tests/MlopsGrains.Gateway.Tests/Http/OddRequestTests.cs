namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>Requests that no well-behaved client sends, by the byte: the answer is the sender's fault, never the server's.</summary>
public sealed class OddRequestTests
{
    /// <summary>The request line and what follows it, with $ for the host.</summary>
    public static TheoryData<string, string, int> Requests => new()
    {
        { "OPTIONS * HTTP/1.1", "Host: $\r\n\r\n", 404 },
        { "CONNECT $ HTTP/1.1", "Host: $\r\n\r\n", 404 },
        { "POST /api/2.0/mlflow/runs/search HTTP/1.1", "Host: $\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", 400 },
        { "POST /api/2.0/mlflow/runs/search HTTP/1.1", "Host: $\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7FFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", 400 },
        { "POST /api/2.0/mlflow/runs/search HTTP/1.1", "Host: $\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n", 400 },
        { "POST /api/2.0/mlflow/runs/search HTTP/1.1", "Host: $\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400 },
        { "POST /api/2.0/mlflow/runs/search HTTP/1.1", "Host: $\r\nContent-Length: 18446744073709551616\r\n\r\n{}", 400 },
        { "POST /api/2.0/mlflow/runs/search HTTP/1.1", "Host: $\r\nTransfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400 },
        { "GET /health HTTP/1.1", "Host: $\r\nHost: evil.example\r\n\r\n", 400 },
        { "GET /health HTTP/1.1", "Host: $\r\nX: a\0b\r\n\r\n", 400 },
        { "GET /health HTTP/9.9", "Host: $\r\n\r\n", 505 },
        { "GET http://evil.example/health HTTP/1.1", "Host: $\r\n\r\n", 400 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task IsRefused(string line, string rest, int status)
    {
        await using var door = await Door.OpenAsync();

        var answer = await RawHttp.SendAsync(door.Address, $"{line}\r\nConnection: close\r\n{rest}".Replace("$", door.Address.Authority, StringComparison.Ordinal), []);

        Assert.Equal(status, answer.Status);
    }
}
