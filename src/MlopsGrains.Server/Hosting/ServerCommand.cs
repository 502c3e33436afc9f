using System.CommandLine;
using System.Net;
using MlopsGrains.Server.Demo;

namespace MlopsGrains.Server.Hosting;

/// <summary>The server's command line.</summary>
public static class ServerCommand
{
    public static RootCommand Create()
    {
        var role = new Option<ServerRole>("--role") { Description = "Which parts to run: all, silo or gateway.", DefaultValueFactory = _ => ServerRole.All };
        var storage = new Option<StorageEngine>("--storage") { Description = "Where state is kept: sqlite or postgres (noop: measuring only, forgets).", DefaultValueFactory = _ => StorageEngine.Sqlite };
        var connection = new Option<string?>("--connection") { Description = "PostgreSQL connection string (or the environment variable MLOPS_Connection)." };
        var data = new Option<string>("--data") { Description = "Directory of the database file and the blobs.", DefaultValueFactory = _ => "data" };
        var blobs = new Option<string?>("--blobs") { Description = "Blob directory, shared by every process of a cluster (default: blobs below --data)." };
        var urls = new Option<string>("--urls") { Description = "Addresses to listen on, separated by semicolons.", DefaultValueFactory = _ => Environment.GetEnvironmentVariable("ASPNETCORE_URLS") ?? ServerSettings.DefaultUrl };
        var advertise = new Option<IPAddress>("--advertise")
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
        var siloPort = new Option<int>("--silo-port") { Description = "Silo-to-silo port; 0 picks a free one." };
        var gatewayPort = new Option<int>("--gateway-port") { Description = "Port for gateway processes; 0 picks a free one." };
        var cluster = new Option<string>("--cluster") { Description = "Name of the cluster in the database.", DefaultValueFactory = _ => "mlops" };

        var root = new RootCommand("MlopsGrains: the MLOps platform. Without a command it starts the platform.")
        {
            role, storage, connection, data, blobs, urls, advertise, siloPort, gatewayPort, cluster,
        };
        root.SetAction(async (parse, _) => await Run(
            new ServerSettings
            {
                Role = parse.GetValue(role),
                Storage = parse.GetValue(storage),
                Connection = parse.GetValue(connection) ?? Environment.GetEnvironmentVariable("MLOPS_Connection"),
                DataDirectory = parse.GetValue(data)!,
                BlobDirectory = parse.GetValue(blobs),
                Urls = parse.GetValue(urls)!,
                AdvertisedAddress = parse.GetValue(advertise) ?? IPAddress.Loopback,
                SiloPort = parse.GetValue(siloPort),
                GatewayPort = parse.GetValue(gatewayPort),
                ClusterId = parse.GetValue(cluster)!,
            }));
        root.Subcommands.Add(DemoCommand.Create());
        root.Subcommands.Add(HealthCommand.Create());
        return root;
    }

    private static async Task<int> Run(ServerSettings settings)
    {
        WebApplication app;
        try
        {
            app = PlatformHost.Build(settings);
        }
        catch (InvalidSettingsException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }

        await using (app)
        {
            // The host listens to SIGTERM and Ctrl+C itself and drains the journal before it ends.
            await app.RunAsync(CancellationToken.None);
            return 0;
        }
    }
}
