using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Options;

namespace MlopsGrains.Client;

/// <summary>How to reach the platform. Also read from the configuration section <see cref="SectionName"/>; code wins over configuration.</summary>
public sealed class MlopsGrainsClientOptions
{
    /// <summary>The configuration section: <c>MlopsGrains</c>.</summary>
    public const string SectionName = "MlopsGrains";

    /// <summary>Highest <see cref="RetryCountMax"/>.</summary>
    public const int RetryCountLimit = 20;

    /// <summary>The gateway's address, http or https; a path in it is kept. Default <c>http://127.0.0.1:5080</c>.</summary>
    public Uri BaseAddress { get; set; } = new("http://127.0.0.1:5080");

    /// <summary>Sent as a bearer token when set. Default none.</summary>
    public string? ApiKey { get; set; }

    /// <summary>Signs in as a user, with <see cref="Password"/>, where the platform has users; not beside <see cref="ApiKey"/>. Default none.</summary>
    public string? User { get; set; }

    /// <summary>The password of <see cref="User"/>.</summary>
    public string? Password { get; set; }

    /// <summary>
    /// Time for one attempt from sending to the whole answer, or to the answer's first byte when content is streamed; uploads of streams are not limited.
    /// More than zero, at most one day. Default 100 seconds.
    /// </summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>Repeats after the first attempt of a call that is safe to repeat, 0–20. Default 4.</summary>
    public int RetryCountMax { get; set; } = 4;

    /// <summary>
    /// Longest wait before a repeat, more than zero, at most one hour. The wait doubles from 200 ms with jitter; a server that asks (<c>Retry-After</c>) for
    /// more than this is not asked again. Default 30 seconds.
    /// </summary>
    public TimeSpan RetryDelayMax { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How runs send what is logged.</summary>
    public TrackingOptions Tracking { get; set; } = new();

    /// <summary>The header that says who asks.</summary>
    internal AuthenticationHeaderValue? Authorization() =>
        ApiKey is not null ? new AuthenticationHeaderValue("Bearer", ApiKey)
        : User is not null ? new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")))
        : null;

    /// <summary>All faults of these options, each naming its setting; empty when there is none.</summary>
    internal IEnumerable<string> Faults()
    {
        if (BaseAddress is not { IsAbsoluteUri: true } || (BaseAddress.Scheme != Uri.UriSchemeHttp && BaseAddress.Scheme != Uri.UriSchemeHttps))
        {
            yield return $"{SectionName}:{nameof(BaseAddress)} '{BaseAddress}' must be an absolute http or https address.";
        }
        else if (BaseAddress.Query.Length > 0 || BaseAddress.Fragment.Length > 0)
        {
            yield return $"{SectionName}:{nameof(BaseAddress)} '{BaseAddress}' must have no query and no fragment.";
        }

        if (ApiKey is not null && (ApiKey.Length == 0 || ApiKey.Any(c => c is <= ' ' or > '~')))
        {
            yield return $"{SectionName}:{nameof(ApiKey)} must hold only visible ASCII characters, at least one; leave it out to send none.";
        }

        if (User is not null && (User.Length == 0 || User.Any(c => c is ':' || char.IsControl(c))))
        {
            yield return $"{SectionName}:{nameof(User)} must have at least one character, no colon and no control characters.";
        }
        else if (User is null != Password is null)
        {
            yield return $"{SectionName}:{nameof(User)} and {SectionName}:{nameof(Password)} go together: give both or neither.";
        }
        else if (User is not null && ApiKey is not null)
        {
            yield return $"{SectionName}:{nameof(User)} and {SectionName}:{nameof(ApiKey)} are two ways to sign in: give one.";
        }

        if (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromDays(1))
        {
            yield return $"{SectionName}:{nameof(Timeout)} {Timeout} must be more than zero and at most one day.";
        }

        if (RetryCountMax is < 0 or > RetryCountLimit)
        {
            yield return $"{SectionName}:{nameof(RetryCountMax)} {RetryCountMax} must be from 0 to {RetryCountLimit}.";
        }

        if (RetryDelayMax <= TimeSpan.Zero || RetryDelayMax > TimeSpan.FromHours(1))
        {
            yield return $"{SectionName}:{nameof(RetryDelayMax)} {RetryDelayMax} must be more than zero and at most one hour.";
        }

        foreach (var fault in Tracking.Faults($"{SectionName}:{nameof(Tracking)}"))
        {
            yield return fault;
        }
    }
}

internal sealed class MlopsGrainsClientOptionsValidator : IValidateOptions<MlopsGrainsClientOptions>
{
    public ValidateOptionsResult Validate(string? name, MlopsGrainsClientOptions options)
    {
        var faults = options.Faults().ToList();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
