using MlopsGrains.Cli.Tests.Terminals;
using MlopsGrains.Client;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Identity;

public sealed class SignInTests(AdministratorFixture server, ServerFixture open) : IClassFixture<AdministratorFixture>, IDisposable
{
    private const string AdaPassword = "the password of ada";

    private readonly TempDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task User_SignsIn_Works_AndSignsOut()
    {
        Assert.Equal(0, (await LoginAsync(AdministratorFixture.Name, AdministratorFixture.Password)).Code);

        var me = (await RunAsync("", "whoami", "--json")).Json;
        Assert.Equal((AdministratorFixture.Name, "user", true, "profile default"), (me.GetProperty("name").GetString(), me.GetProperty("kind").GetString(), me.GetProperty("isAdministrator").GetBoolean(), me.GetProperty("credentialsFrom").GetString()));
        var listed = await RunAsync("", "profiles", "list", "--json");
        Assert.DoesNotContain(AdministratorFixture.Password, listed.Out, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("", "logout")).Code);
        var refused = await RunAsync("", "experiments", "list", "--server", server.Address);
        Assert.Equal(2, refused.Code);
        Assert.Contains("sign in with: mlops login", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongPassword_IsRefused_AndKeepsNothing()
    {
        var said = await LoginAsync(AdministratorFixture.Name, "another password");

        Assert.Equal(2, said.Code);
        Assert.Contains("HTTP 401", said.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(ConfigFile));
    }

    [Fact]
    public async Task UsersAndPermissions_AreGivenAndTaken()
    {
        await LoginAsync(AdministratorFixture.Name, AdministratorFixture.Password);

        Assert.Equal(0, (await RunAsync(AdaPassword, "users", "create", "ada", "--password-stdin")).Code);
        Assert.Equal(0, (await RunAsync("", "experiments", "create", "hers")).Code);
        Assert.Equal(0, (await RunAsync("", "permissions", "grant", "ada", "read", "--experiment", "hers")).Code);
        Assert.Equal(0, (await RunAsync("", "permissions", "grant", "ada", "manage", "--experiment", "hers")).Code); // In place of the first.
        var level = Assert.Single((await RunAsync("", "permissions", "list", "ada", "--json")).Json.EnumerateArray());
        Assert.Equal("manage", level.GetProperty("level").GetString());
        Assert.Equal(0, (await LoginAsync("ada", AdaPassword, "--profile", "hers")).Code);
        Assert.Equal(0, (await RunAsync("", "--profile", "hers", "experiments", "delete", "hers")).Code);
        Assert.Contains("HTTP 403", (await RunAsync("", "--profile", "hers", "users", "list")).Error, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("", "--profile", "default", "permissions", "revoke", "ada", "--experiment", "1")).Code);
        Assert.Equal(0, (await RunAsync("", "--profile", "default", "users", "set-admin", "ada", "true")).Code);
        Assert.Equal(0, (await RunAsync("", "--profile", "hers", "users", "get", "ada")).Code);
        Assert.Equal(0, (await RunAsync("a newer password", "--profile", "default", "users", "set-password", "ada", "--password-stdin")).Code);
        Assert.Equal(0, (await RunAsync("", "--profile", "default", "users", "delete", "ada", "--yes")).Code);
        Assert.Equal(2, (await RunAsync("", "--profile", "default", "users", "get", "ada")).Code);
    }

    [Fact]
    public async Task ServerWithoutUsers_SaysSo_AndAsksForNoSignIn()
    {
        Assert.Contains("asks for no sign-in", (await RunAsync("", "login", "--server", open.BaseAddress.AbsoluteUri)).Out, StringComparison.Ordinal);
        Assert.Equal("anybody", (await RunAsync("", "whoami", "--json")).Json.GetProperty("kind").GetString());
        Assert.Contains("has no users", (await RunAsync("", "users", "list")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Password_TypedOnATerminal_IsNotShown()
    {
        using var terminal = Terminal.Start(new() { ["XDG_CONFIG_HOME"] = directory.Path }, "login", "--server", server.Address, "--user", AdministratorFixture.Name);
        await terminal.WaitForAsync("Password:");
        terminal.Type(AdministratorFixture.Password + "\n");

        var (code, screen) = await terminal.EndAsync();

        Assert.Equal(0, code);
        Assert.Contains("kept as profile default", screen.ReplaceLineEndings(""), StringComparison.Ordinal);
        Assert.DoesNotContain(AdministratorFixture.Password, screen, StringComparison.Ordinal);
    }

    private string ConfigFile => directory.File("config.json");

    private Task<Said> LoginAsync(string user, string password, params string[] more) =>
        RunAsync(password, ["login", "--server", server.Address, "--user", user, "--password-stdin", .. more]);

    private Task<Said> RunAsync(string input, params string[] args) => Shell.RunAsync(
        o => MlopsGrainsClient.Create(o), [], terminal: false, e => e with { In = new StringReader(input), ConfigFile = ConfigFile }, args);
}
