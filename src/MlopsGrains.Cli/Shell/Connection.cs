using MlopsGrains.Client;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Shell;

/// <summary>What a person signs in with: an API key, or a user and a password.</summary>
internal sealed record Credentials(string? Token, string? User, string? Password)
{
    public static Credentials OfToken(string token) => new(token, null, null);

    public static Credentials OfUser(string user, string password) => new(null, user, password);

    public string Shown => Token is not null ? "an API key" : $"user {User}";
}

/// <summary>What the command line says about the connection.</summary>
internal sealed record ConnectionFlags(string? Server, string? ApiKey, string? Profile);

/// <summary>
/// Where a command goes and as whom. Flags come before the environment, that before the profile. A secret goes only to the address that it was given for: a
/// profile's to the profile's server, <c>MLFLOW_TRACKING_*</c> to <c>MLFLOW_TRACKING_URI</c>; <c>--api-key</c> and <c>MLOPS_*</c> go wherever the command goes.
/// </summary>
/// <param name="Server">The address.</param>
/// <param name="ServerFrom">Who named it.</param>
/// <param name="Credentials">Whom to be; nobody when <see langword="null"/>.</param>
/// <param name="CredentialsFrom">Who said so.</param>
/// <param name="Profile">The profile that was looked at.</param>
internal sealed record Connection(Uri Server, string ServerFrom, Credentials? Credentials, string? CredentialsFrom, string? Profile)
{
    public const string DefaultServer = "http://127.0.0.1:5080";

    public static Connection Of(ConnectionFlags flags, Func<string, string?> variable, Profiles profiles)
    {
        string? Given(string name) => variable(name) is { Length: > 0 } value ? value : null;
        var named = flags.Profile ?? Given("MLOPS_PROFILE");
        var name = named ?? profiles.Current;
        var profile = name is null ? null : profiles.Find(name) ?? (named is null ? null : throw Unknown(named, profiles));
        var tracking = CommandSet.IsHttp(Given("MLFLOW_TRACKING_URI")) ? Given("MLFLOW_TRACKING_URI") : null;

        var chosen = flags.Profile is not null; // A profile that the command line names is a flag like the others.
        (string Address, string From)? server =
            flags.Server is not null ? (flags.Server, "--server")
            : chosen ? (profile!.Server, $"profile {name}")
            : Given("MLOPS_SERVER") is { } own ? (own, "MLOPS_SERVER")
            : tracking is not null ? (tracking, "MLFLOW_TRACKING_URI")
            : profile is not null ? (profile.Server, $"profile {name}")
            : (DefaultServer, "the default");
        if (!CommandSet.IsHttp(server.Value.Address))
        {
            throw MlopsException.Invalid(server.Value.From, $"{server.Value.From} '{server.Value.Address}' must be an absolute http or https address.");
        }

        var address = new Uri(server.Value.Address);
        var ofProfile = profile?.Credentials is { } kept && SameServer(address, profile.Server) ? (kept, $"profile {name}") : ((Credentials?, string?)?)null;
        var (credentials, from) =
            flags.ApiKey is { Length: > 0 } key ? (Credentials.OfToken(key), "--api-key")
            : (chosen ? ofProfile : null)
            ?? OfVariables("MLOPS_API_KEY", "MLOPS_USER", "MLOPS_PASSWORD")
            ?? (tracking is not null && SameServer(address, tracking) ? OfVariables("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD") : null)
            ?? ofProfile
            ?? (null, null);
        return new Connection(address, server.Value.From, credentials, from, name);

        (Credentials?, string?)? OfVariables(string token, string user, string password) =>
            Given(token) is { } value ? (Credentials.OfToken(value), token)
            : Given(user) is { } who ? (Credentials.OfUser(who, Given(password) ?? throw MlopsException.Invalid(password, $"{user} is set and {password} is not.")), user)
            : null;
    }

    public MlopsGrainsClientOptions Options(int retryCountMax) => new()
    {
        BaseAddress = Server,
        ApiKey = Credentials?.Token,
        User = Credentials?.User,
        Password = Credentials?.Password,
        RetryCountMax = retryCountMax,
    };

    private static bool SameServer(Uri address, string other) =>
        Uri.Compare(address, new Uri(other), UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0;

    private static MlopsException Unknown(string name, Profiles profiles) => MlopsException.Invalid(
        "profile",
        profiles.All.Count == 0
            ? $"there is no profile '{name}'; make it with: mlops login --profile {name}"
            : $"there is no profile '{name}'; there are {string.Join(", ", profiles.All.Keys)}. Make it with: mlops login --profile {name}");
}
