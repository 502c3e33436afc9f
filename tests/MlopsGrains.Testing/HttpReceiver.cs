using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace MlopsGrains.Testing;

/// <summary>A web server on a free loopback port that keeps what it is sent and answers as it is told.</summary>
public sealed class HttpReceiver : IAsyncDisposable
{
    private readonly HttpListener listener = new();
    private readonly ConcurrentQueue<Received> received = new();
    private readonly Task serving;

    public HttpReceiver(int? port = null)
    {
        Address = new Uri($"http://127.0.0.1:{port ?? FreePort.Next()}/");
        listener.Prefixes.Add(Address.AbsoluteUri);
        listener.Start();
        serving = Serve();
    }

    public Uri Address { get; }

    /// <summary>The answer's status to a request, by how many came before it.</summary>
    public Func<int, int> Status { get; set; } = _ => 200;

    /// <summary>The body of every answer.</summary>
    public string Body { get; set; } = "heard";

    /// <summary>Headers of every answer.</summary>
    public IDictionary<string, string> Headers { get; } = new ConcurrentDictionary<string, string>();

    /// <summary>What an answer waits for.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public IReadOnlyList<Received> All => [.. received];

    public async ValueTask DisposeAsync()
    {
        listener.Close();
        await serving;
    }

    private async Task Serve()
    {
        var answers = new List<Task>();
        while (true)
        {
            try
            {
                answers.Add(Answer(await listener.GetContextAsync()));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                await Task.WhenAll(answers);
                return;
            }
        }
    }

    private async Task Answer(HttpListenerContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var body = await reader.ReadToEndAsync();
            var headers = context.Request.Headers.AllKeys.OfType<string>().ToDictionary(k => k, k => context.Request.Headers[k]!, StringComparer.OrdinalIgnoreCase);
            var before = received.Count;
            received.Enqueue(new Received(context.Request.Url!.AbsolutePath, headers, body));
            await Gate;
            context.Response.StatusCode = Status(before);
            foreach (var (name, value) in Headers)
            {
                context.Response.Headers[name] = value;
            }

            context.Response.Close(Encoding.UTF8.GetBytes(Body), willBlock: false);
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The sender or this receiver is gone.
        }
    }

    public sealed record Received(string Path, IReadOnlyDictionary<string, string> Headers, string Body);
}
