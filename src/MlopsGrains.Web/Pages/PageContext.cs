using Microsoft.AspNetCore.Http;
using MlopsGrains.Client;
using MlopsGrains.Errors;

namespace MlopsGrains.Web.Pages;

/// <summary>Sends the API's requests in the name of whoever sent a page's request.</summary>
public delegate HttpMessageHandler ApiDoor(HttpContext context);

/// <summary>One request for a page: who asks, for which view, and the client that asks the API in that caller's name.</summary>
public sealed class PageContext(ApiDoor door, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private HttpContext? http;
    private MlopsGrainsClient? client;

    public HttpContext Http => http ?? throw new InvalidOperationException("No page was asked for.");

    public MlopsGrainsClient Client => client ?? throw new InvalidOperationException("No page was asked for.");

    public CancellationToken Aborted => Http.RequestAborted;

    public DateTimeOffset Now { get; } = time.GetUtcNow();

    public CallerInfo Caller { get; private set; } = new("", "anybody", false);

    /// <summary>The answer's status: that of the page's main part, if it could not be loaded.</summary>
    public int Status { get; private set; } = StatusCodes.Status200OK;

    /// <summary>Of this server, as the reader reaches it.</summary>
    public string Address => $"{Http.Request.Scheme}://{Http.Request.Host}";

    public string PathAndQuery => Http.Request.Path + Http.Request.QueryString;

    public void Open(HttpContext context)
    {
        http = context;
        client = MlopsGrainsClient.Create(new() { BaseAddress = new Uri(Address), RetryCountMax = 0, Timeout = Patience }, new RefusalHandler(new CookieHandler(context, door(context))), time);
    }

    /// <summary>Asks who the reader is.</summary>
    public async Task EnterAsync() => Caller = await Client.WhoAmIAsync(Aborted);

    /// <summary>Whether the server says that it can serve.</summary>
    public async Task<bool> IsHealthyAsync()
    {
        using var direct = new HttpClient(door(Http));
        using var answer = await direct.GetAsync(new Uri(Address + "/health"), Aborted);
        return answer.IsSuccessStatusCode;
    }

    public string Route(string name) => Http.Request.RouteValues[name] as string ?? "";

    public string? Query(string name) => Http.Request.Query[name] is [{ Length: > 0 } value, ..] ? value : null;

    /// <summary>What the reader has chosen in this browser: theme, density, a folded sidebar. Never part of a link.</summary>
    public string? Choice(string name, params ReadOnlySpan<string> known) => Http.Request.Cookies[$"mlops-{name}"] is { } chosen && known.Contains(chosen) ? chosen : null;

    /// <summary>Loads a part of a page, which may fail alone. Only a missing sign-in is thrown on.</summary>
    public async Task<Loaded<T>> LoadAsync<T>(Func<MlopsGrainsClient, Task<T>> ask)
    {
        ArgumentNullException.ThrowIfNull(ask);
        try
        {
            return new Loaded<T>(await ask(Client), null);
        }
        catch (ApiRefusal refusal) when (!refusal.AsksForSignIn)
        {
            return new Loaded<T>(default, refusal);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.Unavailable)
        {
            return new Loaded<T>(default, new ApiRefusal(StatusCodes.Status503ServiceUnavailable, e.Message));
        }
    }

    /// <summary>Loads what the page is about: its refusal is the page's status.</summary>
    public async Task<Loaded<T>> LoadMainAsync<T>(Func<MlopsGrainsClient, Task<T>> ask)
    {
        var loaded = await LoadAsync(ask);
        Status = loaded.Refusal?.Status ?? Status;
        return loaded;
    }

    public void Dispose() => client?.Dispose();
}
