using MlopsGrains.Identity;
using MlopsGrains.Settings;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Access;

/// <summary>Who may come in. Section <c>Authentication</c>; without any key or administrator everybody who reaches the (loopback) address may.</summary>
public sealed class AuthenticationOptions : ISettings
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Authentication";

    /// <summary>The accepted keys; only their digests are stored. Who holds one may do everything: keys are for services and operators.</summary>
    public IList<ApiKeyOptions> ApiKeys { get; } = [];

    /// <summary>
    /// The first administrator; with one, users with passwords and permissions are served. It is made when no user of that name exists; later its password is
    /// changed like any other's.
    /// </summary>
    public AdministratorOptions? Administrator { get; set; }

    /// <summary>What every user may do with what no level was given on: <c>None</c>, <c>Read</c> (default), <c>Use</c>, <c>Edit</c> or <c>Manage</c>.</summary>
    public PermissionLevel DefaultPermission { get; set; } = PermissionLevel.Read;

    /// <summary>Wrong passwords for one user within a minute, before further ones are answered 429 unseen; 10 by default, 0 for no end.</summary>
    public int FailuresPerUser { get; set; } = 10;

    /// <summary>Wrong passwords from one address (of IPv6: one network of 64 bits) within a minute; 100 by default, 0 for no end. Behind a proxy, all come from one address.</summary>
    public int FailuresPerAddress { get; set; } = 100;

    /// <summary>How long a browser stays signed in without being used; 12 h by default.</summary>
    public TimeSpan SessionIdle { get; set; } = TimeSpan.FromHours(12);

    /// <summary>How long a browser stays signed in at most; 7 days by default.</summary>
    public TimeSpan SessionMax { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Whether anybody is asked who they are. The server must refuse to listen beyond loopback when not.</summary>
    public bool IsConfigured => ApiKeys.Count > 0 || Administrator is not null;

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        var faults = new SettingFaults(Section)
            .Range(FailuresPerUser, 0)
            .Range(FailuresPerAddress, 0)
            .Range(SessionIdle, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365))
            .Range(SessionMax, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365))
            .Named(DefaultPermission);
        for (var i = 0; i < ApiKeys.Count; i++)
        {
            var key = ApiKeys[i];
            faults
                .Must(!string.IsNullOrWhiteSpace(key.Name) && !key.Name.IsLongerThan(UserLimits.NameLengthMax), $"{nameof(ApiKeys)}:{i}:{nameof(key.Name)}", $"must have 1 to {UserLimits.NameLengthMax} characters")
                .Must(key.KeySha256.Length == 64 && key.KeySha256.All(char.IsAsciiHexDigit), $"{nameof(ApiKeys)}:{i}:{nameof(key.KeySha256)}", "must be 64 hex digits, the SHA-256 of the key");
        }

        foreach (var twins in ApiKeys.GroupBy(k => k.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
        {
            faults.Must(false, nameof(ApiKeys), $"names '{twins.Key}' {twins.Count()} times; names must be unique");
        }

        if (Administrator is { } administrator)
        {
            faults
                .Must(UserLimits.IsName(administrator.Name), $"{nameof(Administrator)}:{nameof(administrator.Name)}", $"must have 1 to {UserLimits.NameLengthMax} characters, without ':' and control characters")
                .Must(UserLimits.IsPassword(administrator.Password), $"{nameof(Administrator)}:{nameof(administrator.Password)}", $"must have {UserLimits.PasswordLengthMin} to {UserLimits.PasswordLengthMax} characters");
        }

        return faults;
    }
}

/// <summary>The first administrator.</summary>
public sealed class AdministratorOptions
{
    /// <summary>1–128 characters, without <c>:</c>.</summary>
    public string Name { get; set; } = "";

    /// <summary>12–1,024 characters. Give it by an environment variable or a secret, not in a file that others read.</summary>
    public string Password { get; set; } = "";
}

/// <summary>One key.</summary>
public sealed class ApiKeyOptions
{
    /// <summary>Who holds it; becomes the actor of every change made with it. 1–128 characters.</summary>
    public string Name { get; set; } = "";

    /// <summary>SHA-256 of the key's UTF-8 bytes, 64 hex digits. Keys must be random and long: the digest is not salted.</summary>
    public string KeySha256 { get; set; } = "";
}
