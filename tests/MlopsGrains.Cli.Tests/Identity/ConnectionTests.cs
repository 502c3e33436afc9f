using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Tests.Identity;

public sealed class ConnectionTests
{
    private static readonly Profiles Kept = Profiles.None
        .With("work", new Profile("https://work.test/", User: "ada", Password: "secret"))
        .With("home", new Profile("http://home.test/", Token: "home-key"));

    [Theory]
    [InlineData("", "", "http://home.test/", "Bearer home-key")]
    [InlineData("--profile work", "", "https://work.test/", "ada")]
    [InlineData("", "MLOPS_PROFILE=work", "https://work.test/", "ada")]
    [InlineData("--profile home", "MLOPS_PROFILE=work", "http://home.test/", "Bearer home-key")]
    [InlineData("", "MLOPS_SERVER=http://env.test", "http://env.test/", null)]
    [InlineData("--profile work", "MLOPS_SERVER=http://env.test", "https://work.test/", "ada")]
    [InlineData("", "MLOPS_SERVER=http://home.test", "http://home.test/", "Bearer home-key")]
    [InlineData("--server http://flag.test", "MLOPS_SERVER=http://env.test", "http://flag.test/", null)]
    [InlineData("--server http://flag.test", "MLOPS_API_KEY=env-key", "http://flag.test/", "Bearer env-key")]
    [InlineData("--api-key flag-key", "MLOPS_API_KEY=env-key", "http://home.test/", "Bearer flag-key")]
    [InlineData("", "MLOPS_USER=bob;MLOPS_PASSWORD=p", "http://home.test/", "bob")]
    [InlineData("--profile work", "MLOPS_API_KEY=env-key", "https://work.test/", "ada")]
    [InlineData("", "MLFLOW_TRACKING_URI=http://mlflow.test", "http://mlflow.test/", null)]
    [InlineData("", "MLFLOW_TRACKING_URI=http://mlflow.test;MLFLOW_TRACKING_TOKEN=t", "http://mlflow.test/", "Bearer t")]
    [InlineData("", "MLFLOW_TRACKING_URI=http://mlflow.test;MLFLOW_TRACKING_USERNAME=eve;MLFLOW_TRACKING_PASSWORD=p", "http://mlflow.test/", "eve")]
    [InlineData("", "MLFLOW_TRACKING_URI=./mlruns", "http://home.test/", "Bearer home-key")]
    [InlineData("--server http://flag.test", "MLFLOW_TRACKING_URI=http://mlflow.test;MLFLOW_TRACKING_TOKEN=t", "http://flag.test/", null)] // A secret goes only where it is for.
    [InlineData("", "MLFLOW_TRACKING_TOKEN=t", "http://home.test/", "Bearer home-key")]
    [InlineData("--server http://work.test", "MLOPS_PROFILE=work", "http://work.test/", null)] // Without TLS it is another server.
    [InlineData("--server https://work.test/sub", "MLOPS_PROFILE=work", "https://work.test/sub", "ada")]
    public void Flags_ThenEnvironment_ThenProfile(string flags, string variables, string server, string? who)
    {
        var words = flags.Split(' ');
        string? Flag(string name) => Array.IndexOf(words, name) is >= 0 and var at ? words[at + 1] : null;
        var environment = variables.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(v => v.Split('=', 2)).ToDictionary(v => v[0], v => v[1]);

        var found = Connection.Of(new ConnectionFlags(Flag("--server"), Flag("--api-key"), Flag("--profile")), environment.GetValueOrDefault, Kept);

        Assert.Equal((server, who), (found.Server.AbsoluteUri, found.Credentials?.Token is { } token ? $"Bearer {token}" : found.Credentials?.User));
    }

    [Fact]
    public void Nothing_IsTheDefault() =>
        Assert.Equal("http://127.0.0.1:5080/", Connection.Of(new ConnectionFlags(null, null, null), _ => null, Profiles.None).Server.AbsoluteUri);

    [Fact]
    public void UnknownProfile_NamesThoseThatThereAre()
    {
        var e = Assert.Throws<MlopsException>(() => Connection.Of(new ConnectionFlags(null, null, "old"), _ => null, Kept));

        Assert.Equal("profile", e.Field);
        Assert.Contains("there are home, work", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UserWithoutPassword_IsSaid() => Assert.Equal(
        "MLOPS_PASSWORD", Assert.Throws<MlopsException>(() => Connection.Of(new ConnectionFlags(null, null, null), n => n == "MLOPS_USER" ? "bob" : null, Kept)).Field);
}
