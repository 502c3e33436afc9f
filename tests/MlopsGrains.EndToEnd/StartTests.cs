using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using MlopsGrains.Testing;
using Npgsql;

namespace MlopsGrains.EndToEnd;

/// <summary>What somebody meets who starts the server: the real program, told right and wrong things.</summary>
public sealed class StartTests(PostgresServer postgres)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Arguments and variables, and what the sentence must hold. <c>$file</c> is a file where a folder is expected.</summary>
    public static TheoryData<string[], string[], string[]> Mistakes => new()
    {
        { ["--dat", "x"], [], ["'--dat'", "--data", "--help"] },
        { ["--role", "boss"], [], ["--role is 'boss'; expected all, silo, gateway."] },
        { [], ["MLOPS_Storage=mysql"], ["--storage is 'mysql'", "--storage was given by MLOPS_Storage."] },
        { ["--urls", "nowhere"], [], ["--urls holds 'nowhere'"] },
        { ["--urls", "http://loopback:5080"], [], ["--urls holds 'http://loopback:5080', which other machines can reach, but no authentication is configured."] },
        { [], ["Kestrel__Endpoints__a__Url=http://*:0"], ["(--urls or Kestrel:Endpoints), which other machines can reach, but no authentication is configured."] },
        { ["--role", "silo", "--advertise", "10.1.2.3", "--storage", "postgres", "--connection", "Host=db"], [], ["--advertise is 10.1.2.3", "neither a secret nor certificates", "MLOPS_ClusterSecurity__Secret"] },
        { [], ["MLOPS_ClusterSecurity__Secret=short"], ["ClusterSecurity:Secret has 5 characters; expected 32 or more"] },
        { [], ["MLOPS_ClusterSecurity__Certificate=/nowhere.pem"], ["ClusterSecurity:Authority is required", "ClusterSecurity:Certificate is '/nowhere.pem', which is not a file"] },
        { ["--data", "$file/below"], [], ["--data is '", "cannot write"] },
        { [], ["MLOPS_Authentication__Administrator__Name=ada", "MLOPS_Authentication__Administrator__Password=short"], ["Authentication:Administrator:Password must have 12 to 1024 characters."] },
        { [], ["MLOPS_Gateway__LiveReadersMax=many"], ["Gateway:LiveReadersMax is 'many', which is not a whole number."] },
        { [], ["MLOPS_Gateway__LiveReadersMax=0"], ["Gateway:LiveReadersMax is 0; expected 1–100000."] },
        { [], ["MLOPS_Authentification__ApiKeys__0__Name=ci"], ["MLOPS_Authentification__ApiKeys__0__Name names no setting; did you mean MLOPS_Authentication__ApiKeys__0__Name?"] },
        { ["--connection", "Host=db"], [], ["--connection is given, but --storage is sqlite"] },
        { ["--storage", "postgres", "--connection", "Hst=db;Password=geheim"], [], ["--connection cannot be read: Couldn't set hst"] },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Mistake_IsToldInASentence_WithExitCode2(string[] arguments, string[] variables, string[] sentence)
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory.File("file"), "", Token);

        var (code, output) = await ServerProcess.EndAsync(
            [.. arguments.Select(a => a.Replace("$file", directory.File("file"), StringComparison.Ordinal)), .. Unless("--data", arguments, directory.Path), .. Unless("--urls", arguments, "http://127.0.0.1:0")],
            variables.Select(v => v.Split('=')).ToDictionary(v => v[0], v => v[1]));

        AssertTold(code, output, sentence);
        Assert.DoesNotContain("geheim", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_ThatIsTaken_IsNamed()
    {
        using var directory = new TempDirectory();
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var (code, output) = await ServerProcess.EndAsync(["--data", directory.Path, "--urls", $"http://127.0.0.1:{port}"]);

        AssertTold(code, output, ["--urls holds", $"another program listens on port {port} already"]);
    }

    [Fact]
    public async Task Database_ThatIsDamaged_IsNamed()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory.File("mlops.db"), new string('x', 4096), Token);

        var (code, output) = await ServerProcess.EndAsync(["--data", directory.Path, "--urls", "http://127.0.0.1:0"]);

        AssertTold(code, output, ["--data:", "mlops.db is damaged, or is not a database"]);
    }

    [Fact]
    public async Task Database_OfANewerProgram_IsNamed()
    {
        using var directory = new TempDirectory();
        await using (var store = await Storage.Sqlite.SqliteStore.OpenAsync(new() { Path = directory.File("mlops.db") }, cancellationToken: Token))
        {
        }

        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={directory.File("mlops.db")};Pooling=False"))
        {
            await connection.OpenAsync(Token);
            await using var command = connection.CreateCommand();
            command.CommandText = "INSERT INTO schema_version (version, name) VALUES (999, 'later')";
            await command.ExecuteNonQueryAsync(Token);
        }

        var (code, output) = await ServerProcess.EndAsync(["--data", directory.Path, "--urls", "http://127.0.0.1:0"]);

        AssertTold(code, output, ["--data:", "newer MlopsGrains", "schema version 999"]);
    }

    [Theory]
    [InlineData("missing", "there is no database 'missing'")]
    [InlineData("password", "refused the password of user 'reader'")]
    [InlineData("away", "no PostgreSQL server answers at")]
    public async Task Postgres_ThatIsNotAsTold_IsNamed(string how, string sentence)
    {
        using var directory = new TempDirectory();
        var connection = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        if (how == "password")
        {
            await postgres.RequirePasswordAsync("reader", "right");
        }

        var url = how switch
        {
            "missing" => $"postgres://postgres@127.0.0.1:{connection.Port}/missing",
            "password" => $"postgres://reader:wrong@127.0.0.1:{connection.Port}/{connection.Database}",
            _ => $"postgres://postgres@127.0.0.1:{FreePort.Next()}/x",
        };
        var (code, output) = await ServerProcess.EndAsync(["--data", directory.Path, "--urls", "http://127.0.0.1:0", "--storage", "postgres", "--connection", url, "--database-wait", "1"]);

        AssertTold(code, output, ["--connection:", sentence]);
        Assert.Equal(how == "away", output.Contains("Waiting up to 1 s for PostgreSQL at 127.0.0.1:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Postgres_ByUrlInAVariable_Starts()
    {
        using var directory = new TempDirectory();
        var connection = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());

        await using var server = await ServerProcess.StartAsync(
            ["--data", directory.Path, "--storage", "postgres"],
            new Dictionary<string, string> { ["MLOPS_Connection"] = $"postgresql://postgres@127.0.0.1:{connection.Port}/{connection.Database}?sslmode=disable" });

        Assert.Contains("PostgreSQL at 127.0.0.1", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DotnetRun_KeepsItsDataWhereItsUserIs_AndSaysSo()
    {
        using var directory = new TempDirectory();

        await using var server = await ServerProcess.RunFromAsync(directory.Path, ["--data", "here"]);

        Assert.True(File.Exists(directory.File("here/mlops.db")));
        var started = server.Output.Split(Environment.NewLine).First(l => l.Contains("listens on", StringComparison.Ordinal));
        Assert.Contains(directory.File("here"), started, StringComparison.Ordinal);
        Assert.Contains(server.Address.ToString().TrimEnd('/'), started, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_HasATimeInEveryLine_AndAUsersMistakeInOne()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartAsync(["--data", directory.Path]);
        using var http = new HttpClient { BaseAddress = server.Address };
        for (var i = 0; i < 2; i++)
        {
            await http.PostAsJsonAsync("/api/2.0/mlflow/experiments/create", new { name = "twice" }, Token);
        }

        await Eventually.Async(() => Task.FromResult(server.Output.Contains("experiments/create", StringComparison.Ordinal)), TimeSpan.FromSeconds(20), Token);
        await server.StopAsync();

        var lines = server.Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.All(lines, l => Assert.True(DateTimeOffset.TryParse(l.GetProperty("Timestamp").GetString(), System.Globalization.CultureInfo.InvariantCulture, out _)));
        var mistake = Assert.Single(lines, l => l.GetRawText().Contains("twice", StringComparison.Ordinal));
        Assert.Equal("Information", mistake.GetProperty("LogLevel").GetString());
        Assert.False(mistake.TryGetProperty("Exception", out _));
    }

    [Fact]
    public async Task HelpAndVersion_AreGiven()
    {
        var (helped, help) = await ServerProcess.EndAsync(["--help"]);
        var (told, version) = await ServerProcess.EndAsync(["--version"]);

        Assert.Equal((0, 0), (helped, told));
        Assert.All(["Examples:", "Ports:", "5080", "Environment:", "MLOPS_Data", "MLOPS_Authentication__"], part => Assert.Contains(part, help, StringComparison.Ordinal));
        Assert.Matches(@"^\d+\.\d+\.\d+", version);
    }

    private static void AssertTold(int code, string output, string[] sentence)
    {
        Assert.True(code == 2, output);
        Assert.All(sentence, part => Assert.Contains(part, output, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
    }

    private static string[] Unless(string option, string[] given, string value) => given.Contains(option) ? [] : [option, value];
}
