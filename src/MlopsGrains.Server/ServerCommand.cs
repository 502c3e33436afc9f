using System.Collections;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using MlopsGrains.Server.Demo;
using MlopsGrains.Server.Hosting;
using MlopsGrains.Server.Hosting.Start;
using MlopsGrains.Server.Storage;

namespace MlopsGrains.Server;

/// <summary>The server's command line.</summary>
public static partial class ServerCommand
{
    /// <summary>The server was told something that it cannot do; what, is said on the error stream.</summary>
    public const int BadUsage = 2;

    /// <summary>Two seconds after the host itself hurries.</summary>
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(14);

    // Draining the journal may take longer than the two seconds that the command line grants a process by default.
    private static readonly InvocationConfiguration Patient = new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) };

    /// <summary>Runs what the arguments and the environment say, and answers the exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        OwnFiles.Begin();
        var options = new ServerOptions();
        var root = new RootCommand("MlopsGrains: the MLOps platform. Without a command it starts the platform.");
        options.All.ForEach(root.Options.Add);
        root.SetAction((parse, _) => ServeAsync(options.Read(parse), parse.GetValue(options.Verbose)));
        root.Subcommands.Add(DemoCommand.Create());
        root.Subcommands.Add(HealthCommand.Create());
        root.Subcommands.Add(StorageCommands.Create());
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new ServerHelp((HelpAction)help.Action!, root);
        }

        var parse = root.Parse(args);
        var given = parse.CommandResult.Command == root ? options.FromEnvironment(parse, Environment.GetEnvironmentVariable).ToList() : [];
        if (given.Count > 0)
        {
            parse = root.Parse([.. args, .. given.SelectMany(g => new[] { g.Option.Name, g.Value })]);
        }

        if (parse.Errors.Count == 0 || parse.Action is ServerHelp)
        {
            return await parse.InvokeAsync(Patient);
        }

        if (parse.Action is ParseErrorAction action)
        {
            action.ShowHelp = false;
        }

        await parse.InvokeAsync(Patient);
        foreach (var (option, variable, _) in given)
        {
            await Console.Error.WriteLineAsync($"{option.Name} was given by {variable}.");
        }

        await Console.Error.WriteLineAsync("--help lists the options and the environment variables.");
        return BadUsage;
    }

    private static async Task<int> ServeAsync(ServerSettings settings, bool verbose)
    {
        WebApplication? app = null;
        try
        {
            InvalidSettingsException.ThrowIfAny(SettingNames.Faults(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(v => (string)v.Key), ServerOptions.VariableNames));
            app = PlatformHost.Build(settings, verbose: verbose);
            if (settings.Storage == StorageEngine.Postgres)
            {
                await DatabaseGate.PassAsync(settings.ConnectionString!, settings.DatabaseWait, Console.Error.WriteLine, CancellationToken.None);
            }

            await app.StartAsync();
        }
        catch (Exception e)
        {
            await (app?.DisposeAsync() ?? ValueTask.CompletedTask);
            return await StartFaults.TellAsync(e, settings, verbose);
        }

        var logger = app.Logger;
        await using var late = new Timer(_ => LeaveLate(logger));
        await using (app)
        {
            // The host listens to SIGTERM and Ctrl+C itself and drains the journal before it ends.
            StartedBanner.Show(app, settings);
            using var stopping = app.Lifetime.ApplicationStopping.Register(() => late.Change(StopMax, Timeout.InfiniteTimeSpan));
            await app.WaitForShutdownAsync();
            return 0;
        }
    }

    /// <summary>Orleans asks a database that is away again and again before it lets go. Nothing is lost by leaving: what was acknowledged is stored, as after a kill.</summary>
    private static void LeaveLate(ILogger logger)
    {
        StoppedLate(logger, StopMax);
        Environment.Exit(1);
    }

    [LoggerMessage(LogLevel.Error, "Not everything stopped within {Max}; leaving as it is. What was acknowledged is stored")]
    private static partial void StoppedLate(ILogger logger, TimeSpan max);
}
