using System.Text;

namespace MlopsGrains.Server.Hosting;

/// <summary>Says that the server runs: on a terminal to a person, elsewhere as one line of the log.</summary>
internal static partial class StartedBanner
{
    /// <summary>Without the commit, which <c>--version</c> tells.</summary>
    private static string Version => Telemetry.Version.Split('+')[0];

    public static void Show(WebApplication app, ServerSettings settings)
    {
        var urls = app.Urls.Count > 0 ? string.Join(", ", app.Urls) : settings.Urls;
        if (Console.IsOutputRedirected)
        {
            Started(app.Logger, Version, urls, settings.Place);
        }
        else
        {
            Console.Write(Text(Version, [.. app.Urls], settings));
        }
    }

    /// <summary>At most 80 columns, apart from long addresses and paths.</summary>
    public static string Text(string version, IReadOnlyList<string> urls, ServerSettings settings)
    {
        var text = new StringBuilder().AppendLine().AppendLine($"  MlopsGrains {version}").AppendLine();
        var first = urls.Count > 0 ? urls[0].TrimEnd('/') : "";
        Line("Server", string.Join(", ", urls));
        Line("Data", settings.Place);
        if (settings.Role != ServerRole.Silo)
        {
            Line("API", first + "/docs");
            Line("Python", $"export MLFLOW_TRACKING_URI={first}");
        }

        Line("Stop", "Ctrl+C");
        return text.AppendLine().ToString();

        void Line(string name, string value) => text.AppendLine($"  {name,-8}{value}");
    }

    [LoggerMessage(LogLevel.Information, "MlopsGrains {Version} listens on {Urls}; data in {Data}. SIGTERM stops it.")]
    private static partial void Started(ILogger logger, string version, string urls, string data);
}
