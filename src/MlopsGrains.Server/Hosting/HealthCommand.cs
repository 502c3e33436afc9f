using System.CommandLine;

namespace MlopsGrains.Server.Hosting;

/// <summary>Asks a running server how it is: for containers, whose images have no curl.</summary>
internal static class HealthCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var url = new Option<Uri>("--url")
        {
            Description = "The server's address.",
            DefaultValueFactory = _ => Local(ServerOptions.UrlsByDefault),
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var given) && given.Scheme is ("http" or "https"))
                {
                    return given;
                }

                result.AddError($"--url is '{result.Tokens[0].Value}'; expected an address such as {ServerSettings.DefaultUrl}.");
                return null;
            },
        };
        var command = new Command("health", "Asks a running server whether it is healthy, and ends with 0 if it is and with 1 if not.") { url };
        command.SetAction((parse, cancellationToken) => AskAsync(parse.GetValue(url)!, cancellationToken));
        return command;
    }

    /// <summary>The first address that a server listens on, as this machine reaches it.</summary>
    internal static Uri Local(string urls)
    {
        var first = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? ServerSettings.DefaultUrl;
        return new Uri(first.Replace("://+", "://127.0.0.1", StringComparison.Ordinal).Replace("://*", "://127.0.0.1", StringComparison.Ordinal)
            .Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal).Replace("://[::]", "://127.0.0.1", StringComparison.Ordinal));
    }

    private static async Task<int> AskAsync(Uri url, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = Patience };
        try
        {
            using var answer = await http.GetAsync(new Uri(url, "/health"), cancellationToken);
            var said = (await answer.Content.ReadAsStringAsync(cancellationToken)).Trim();
            await (answer.IsSuccessStatusCode ? Console.Out : Console.Error).WriteLineAsync($"{url} says: {said}");
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync($"{url} does not answer: {e.Message}");
            return 1;
        }
    }
}
