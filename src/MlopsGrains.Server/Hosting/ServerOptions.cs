using System.CommandLine;
using System.Net;
using MlopsGrains.Server.Hosting.Start;

namespace MlopsGrains.Server.Hosting;

/// <summary>The options of the command line. Each can be given as an environment variable instead: <c>--silo-port</c> is <c>MLOPS_SiloPort</c>.</summary>
internal sealed class ServerOptions
{
    private readonly Option<ServerRole> role = Choice("--role", "Which parts to run.", ServerRole.All);
    private readonly Option<StorageEngine> storage = Choice("--storage", "Where state is kept (noop: measuring only, forgets).", StorageEngine.Sqlite);
    private readonly Option<string?> connection = new("--connection") { Description = "PostgreSQL: Npgsql's form or a postgres:// URL. Holds a password, so better given as MLOPS_Connection." };
    private readonly Option<int> databaseWait = new("--database-wait") { Description = "Seconds to wait at start for the PostgreSQL server to answer (0 to 3600).", DefaultValueFactory = _ => 30 };
    private readonly Option<string> data = new("--data") { Description = "Folder of the database file and the blobs, relative to where the server is started.", DefaultValueFactory = _ => "data" };
    private readonly Option<string?> blobs = new("--blobs") { Description = "Folder of the blobs, shared by every process of a cluster (default: blobs below --data)." };

    private readonly Option<string> urls = new("--urls")
    {
        Description = "Addresses to listen on, separated by semicolons.", DefaultValueFactory = _ => UrlsByDefault,
    };

    private readonly Option<IPAddress> advertise = new("--advertise")
    {
        Description = "IP address that other silos reach this one at.",
        DefaultValueFactory = _ => IPAddress.Loopback,
        CustomParser = result =>
        {
            if (IPAddress.TryParse(result.Tokens[0].Value, out var address))
            {
                return address;
            }

            result.AddError($"--advertise is '{result.Tokens[0].Value}'; expected an IP address.");
            return null;
        },
    };

    private readonly Option<int> siloPort = new("--silo-port") { Description = "Silo-to-silo port; 0 picks a free one." };
    private readonly Option<int> gatewayPort = new("--gateway-port") { Description = "Port for gateway processes; 0 picks a free one." };
    private readonly Option<string> cluster = new("--cluster") { Description = "Name of the cluster in the database.", DefaultValueFactory = _ => "mlops" };

    private readonly Option<string?> markKey = new("--mark-key") { Description = "Signs the marks of what was acknowledged (docs/storage.md). A secret, so better given as MLOPS_MarkKey." };
    private readonly Option<bool> acceptLoss = new("--accept-loss") { Description = "Start on a database that lacks what was acknowledged from it (docs/storage.md)." };

    /// <summary>The addresses where no command line gives them.</summary>
    public static string UrlsByDefault =>
        Environment.GetEnvironmentVariable("MLOPS_Urls") ?? Environment.GetEnvironmentVariable("ASPNETCORE_URLS") ?? ServerSettings.DefaultUrl;

    public Option<bool> Verbose { get; } = new("--verbose") { Description = "Log everything, and show where in the program a start failed." };

    public List<Option> All => [role, storage, connection, databaseWait, data, blobs, urls, advertise, siloPort, gatewayPort, cluster, markKey, acceptLoss, Verbose];

    /// <summary>The variables that stand for options, without their prefix.</summary>
    public static IReadOnlyList<string> VariableNames { get; } = [.. new ServerOptions().All.Select(VariableName)];

    public static string VariableName(Option option) =>
        string.Concat(option.Name.TrimStart('-').Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    /// <summary>The options that a command line does not give and variables do, with their values.</summary>
    public IEnumerable<(Option Option, string Variable, string Value)> FromEnvironment(ParseResult given, Func<string, string?> variable) =>
        from option in All
        where given.GetResult(option) is null or { Implicit: true }
        from name in new[] { SettingNames.Prefix + VariableName(option), (SettingNames.Prefix + VariableName(option)).ToUpperInvariant() }
        let value = variable(name)
        where !string.IsNullOrEmpty(value)
        group (option, name, value) by option into found
        select found.First();

    private static Option<T> Choice<T>(string name, string description, T usual)
        where T : struct, Enum
    {
        var words = string.Join('|', Enum.GetNames<T>()).ToLowerInvariant();
        return new Option<T>(name)
        {
            Description = description,
            HelpName = words,
            DefaultValueFactory = _ => usual,
            CustomParser = result =>
            {
                if (Enum.TryParse<T>(result.Tokens[0].Value, ignoreCase: true, out var value) && Enum.IsDefined(value))
                {
                    return value;
                }

                result.AddError($"{name} is '{result.Tokens[0].Value}'; expected {words.Replace("|", ", ", StringComparison.Ordinal)}.");
                return default;
            },
        };
    }

    public ServerSettings Read(ParseResult parse) => new()
    {
        Role = parse.GetValue(role),
        Storage = parse.GetValue(storage),
        Connection = parse.GetValue(connection),
        DatabaseWait = TimeSpan.FromSeconds(parse.GetValue(databaseWait)),
        DataDirectory = Path.GetFullPath(parse.GetValue(data)!),
        BlobDirectory = parse.GetValue(blobs) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null,
        Urls = parse.GetValue(urls)!,
        AdvertisedAddress = parse.GetValue(advertise) ?? IPAddress.Loopback,
        SiloPort = parse.GetValue(siloPort),
        GatewayPort = parse.GetValue(gatewayPort),
        ClusterId = parse.GetValue(cluster)!,
        MarkKey = parse.GetValue(markKey),
        AcceptLoss = parse.GetValue(acceptLoss),
    };
}
