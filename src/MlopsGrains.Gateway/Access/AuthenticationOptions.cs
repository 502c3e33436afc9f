using Microsoft.Extensions.Options;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Access;

/// <summary>Who may come in. Section <c>Authentication</c>; without any key or administrator everybody who reaches the (loopback) address may.</summary>
public sealed class AuthenticationOptions
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

    /// <summary>Whether anybody is asked who they are. The server must refuse to listen beyond loopback when not.</summary>
    public bool IsConfigured => ApiKeys.Count > 0 || Administrator is not null;
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

internal sealed class AuthenticationOptionsValidation : IValidateOptions<AuthenticationOptions>
{
    public ValidateOptionsResult Validate(string? name, AuthenticationOptions options)
    {
        var faults = new List<string>();
        for (var i = 0; i < options.ApiKeys.Count; i++)
        {
            var key = options.ApiKeys[i];
            var path = $"{AuthenticationOptions.Section}:ApiKeys:{i}";
            if (string.IsNullOrWhiteSpace(key.Name) || key.Name.IsLongerThan(UserLimits.NameLengthMax))
            {
                faults.Add($"{path}:Name must have 1 to {UserLimits.NameLengthMax} characters.");
            }

            if (key.KeySha256.Length != 64 || !key.KeySha256.All(char.IsAsciiHexDigit))
            {
                faults.Add($"{path}:KeySha256 must be 64 hex digits, the SHA-256 of the key.");
            }
        }

        faults.AddRange(options.ApiKeys.GroupBy(k => k.Name, StringComparer.Ordinal).Where(g => g.Count() > 1)
            .Select(g => $"{AuthenticationOptions.Section}:ApiKeys names '{g.Key}' {g.Count()} times; names must be unique."));
        if (options.Administrator is { } administrator)
        {
            const string Path = $"{AuthenticationOptions.Section}:Administrator";
            if (!UserLimits.IsName(administrator.Name))
            {
                faults.Add($"{Path}:Name must have 1 to {UserLimits.NameLengthMax} characters, without ':' and control characters.");
            }

            if (!UserLimits.IsPassword(administrator.Password))
            {
                faults.Add($"{Path}:Password must have {UserLimits.PasswordLengthMin} to {UserLimits.PasswordLengthMax} characters.");
            }
        }

        foreach (var (setting, value) in new[] { (nameof(options.FailuresPerUser), options.FailuresPerUser), (nameof(options.FailuresPerAddress), options.FailuresPerAddress) })
        {
            if (value < 0)
            {
                faults.Add($"{AuthenticationOptions.Section}:{setting} is {value}; must be at least 0.");
            }
        }

        if (!Enum.IsDefined(options.DefaultPermission))
        {
            faults.Add($"{AuthenticationOptions.Section}:DefaultPermission must be one of {string.Join(", ", Enum.GetNames<PermissionLevel>())}.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
