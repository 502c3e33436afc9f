using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Migrations;
using Npgsql;

namespace MlopsGrains.Server.Hosting.Start;

/// <summary>Says in sentences why a start failed, each naming its setting.</summary>
internal static partial class StartFaults
{
    private const int NotADatabase = 26;
    private const int Corrupt = 11;
    private const int Busy = 5;
    private const int Locked = 6;

    /// <summary>Tells a failed start on the error stream, and answers the exit code: 2 for a mistake of who started it.</summary>
    public static async Task<int> TellAsync(Exception failure, ServerSettings settings, bool verbose)
    {
        var faults = Of(failure, settings);
        foreach (var line in faults.Count > 0 ? faults : [$"The server could not start: {failure.GetBaseException().Message}"])
        {
            await Console.Error.WriteLineAsync(line);
        }

        if (verbose || faults.Count == 0)
        {
            await Console.Error.WriteLineAsync(verbose ? failure.ToString() : "--verbose shows where in the program it happened.");
        }

        return faults.Count > 0 ? ServerCommand.BadUsage : 1;
    }

    /// <summary>The user's mistakes in a failure; empty when it is none that is known.</summary>
    public static IReadOnlyList<string> Of(Exception failure, ServerSettings settings) => [.. Flatten(failure).SelectMany(e => Sentences(e, settings)).Distinct()];

    private static IEnumerable<string> Sentences(Exception e, ServerSettings settings) => e switch
    {
        InvalidSettingsException invalid => invalid.Faults,
        OptionsValidationException invalid => invalid.Failures,
        StorageSchemaException schema => [$"{Database(settings)} was written by a newer MlopsGrains: {schema.Message}."],
        StorageRefusedException refused => [refused.Message],
        SqliteException { SqliteErrorCode: NotADatabase or Corrupt } damaged =>
            [$"{Database(settings)} is damaged, or is not a database ({Reason(damaged)}). Restore it from a backup, or choose another folder."],
        SqliteException { SqliteErrorCode: Busy or Locked } => [$"{Database(settings)} is in use by another program; a folder serves one server at a time."],
        PostgresException refused => [$"--connection: PostgreSQL refused: {refused.MessageText} ({refused.SqlState})."],
        IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException } taken => [$"--urls: {taken.Message}"],
        InvalidOperationException when NotConverted().Match(e.Message) is { Success: true } match =>
            [$"{match.Groups["setting"].Value} is '{match.Groups["value"].Value}', which is not a {Word(match.Groups["type"].Value)}."],
        Orleans.Runtime.SiloUnavailableException or Orleans.Runtime.OrleansException when settings.Role == ServerRole.Gateway =>
            [$"--role gateway: no silo of cluster '{settings.ClusterId}' answers. Start one with --role silo, the same --connection and --cluster, and the same ClusterSecurity:Secret."],
        _ => [],
    };

    private static IEnumerable<Exception> Flatten(Exception e) => e switch
    {
        AggregateException many => many.InnerExceptions.SelectMany(Flatten),
        { InnerException: { } inner } => [e, .. Flatten(inner)],
        _ => [e],
    };

    private static string Database(ServerSettings settings) =>
        settings.Storage == StorageEngine.Postgres ? "--connection: the database" : $"--data: {settings.DatabaseFile}";

    private static string Reason(SqliteException e) => SqliteReason().Match(e.Message) is { Success: true } match ? match.Groups[1].Value : e.Message;

    private static string Word(string type) => type switch
    {
        "System.Boolean" => "truth (true or false)",
        "System.TimeSpan" => "time span (such as 00:00:30)",
        "System.Int32" or "System.Int64" => "whole number",
        "System.Double" => "number",
        _ => $"value of {type.Split('.', '+')[^1]}",
    };

    [GeneratedRegex("Failed to convert configuration value(?: '(?<value>[^']*)')? at '(?<setting>[^']+)' to type '(?<type>[^']+)'")]
    private static partial Regex NotConverted();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex SqliteReason();
}
