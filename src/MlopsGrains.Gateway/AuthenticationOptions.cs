using Microsoft.Extensions.Options;

namespace MlopsGrains.Gateway;

/// <summary>Who may come in. Section <c>Authentication</c>; without any key everybody who reaches the (loopback) address may.</summary>
public sealed class AuthenticationOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Authentication";

    /// <summary>The accepted keys; only their digests are stored.</summary>
    public IList<ApiKeyOptions> ApiKeys { get; } = [];

    /// <summary>Whether any key is configured. The server must refuse to listen beyond loopback when not.</summary>
    public bool IsConfigured => ApiKeys.Count > 0;
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
            if (string.IsNullOrWhiteSpace(key.Name) || key.Name.Length > 128)
            {
                faults.Add($"{path}:Name must have 1 to 128 characters.");
            }

            if (key.KeySha256.Length != 64 || !key.KeySha256.All(char.IsAsciiHexDigit))
            {
                faults.Add($"{path}:KeySha256 must be 64 hex digits, the SHA-256 of the key.");
            }
        }

        faults.AddRange(options.ApiKeys.GroupBy(k => k.Name, StringComparer.Ordinal).Where(g => g.Count() > 1)
            .Select(g => $"{AuthenticationOptions.Section}:ApiKeys names '{g.Key}' {g.Count()} times; names must be unique."));
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
