using System.CommandLine;
using MlopsGrains.Server.Hosting;
using MlopsGrains.Server.Hosting.Start;

namespace MlopsGrains.Server.Demo;

/// <summary>The <c>demo</c> command: exit code 0 when every check of every step held.</summary>
public static class DemoCommand
{
    public static Command Create()
    {
        var keep = new Option<bool>("--keep") { Description = "Leave the server running at the end, until Ctrl+C." };
        var data = new Option<string?>("--data") { Description = "Data directory; without it a temporary one, removed at the end." };
        var urls = new Option<string?>("--urls") { Description = $"Address to listen on (default {ServerSettings.DefaultUrl}, or a free port when that is taken)." };
        var patience = new Option<int>("--patience") { Description = "Seconds to wait for a pipeline run or an alert before the demo fails (1 to 3600).", DefaultValueFactory = _ => 120 };
        patience.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 3600)
            {
                result.AddError("--patience must be from 1 to 3600 seconds.");
            }
        });
        var command = new Command("demo", "Takes a real model through its whole life, live, through the platform's public doors.") { keep, data, urls, patience };
        command.SetAction(async (parse, cancellationToken) =>
            await Run(parse.GetValue(keep), parse.GetValue(data), parse.GetValue(urls), TimeSpan.FromSeconds(parse.GetValue(patience)), cancellationToken));
        return command;
    }

    private static async Task<int> Run(bool keep, string? data, string? urls, TimeSpan patience, CancellationToken cancellationToken)
    {
        var directory = data is null ? Directory.CreateTempSubdirectory("mlops-demo-").FullName : Path.GetFullPath(data);
        try
        {
            var output = new DemoOutput();
            var settings = new ServerSettings { DataDirectory = directory, Urls = urls ?? FreePort.UrlOrFree(ServerSettings.DefaultUrl), ClusterId = "demo" };
            output.Title("MlopsGrains: a model's whole life");
            if (await StartAsync(settings, cancellationToken) is not { } app)
            {
                return ServerCommand.BadUsage;
            }

            await using var running = app;
            var address = new Uri(app.Urls.First());
            output.Line($"The platform runs at {address} with its data in {directory}");

            var passed = await new DemoScript(address, output, patience).RunAsync(cancellationToken);
            if (keep)
            {
                output.Line($"The server keeps running at {address}; Ctrl+C ends it.");
                await app.WaitForShutdownAsync(cancellationToken);
            }
            else
            {
                await app.StopAsync(CancellationToken.None);
            }

            return passed ? 0 : 1;
        }
        finally
        {
            if (data is null)
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    /// <summary>The platform, or <see langword="null"/> when it cannot start, which is then told.</summary>
    private static async Task<WebApplication?> StartAsync(ServerSettings settings, CancellationToken cancellationToken)
    {
        WebApplication? app = null;
        try
        {
            app = PlatformHost.Build(settings, builder => builder.Logging.SetMinimumLevel(LogLevel.Warning));
            await app.StartAsync(cancellationToken);
            return app;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            await (app?.DisposeAsync() ?? ValueTask.CompletedTask);
            await StartFaults.TellAsync(e, settings, verbose: false);
            return null;
        }
    }
}
