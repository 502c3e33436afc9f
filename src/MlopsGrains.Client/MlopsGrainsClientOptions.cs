using System.Net.Http.Headers;
using System.Text;
using MlopsGrains.Settings;

namespace MlopsGrains.Client;

/// <summary>How to reach the platform. Also read from the configuration section <see cref="SectionName"/>; code wins over configuration.</summary>
public sealed class MlopsGrainsClientOptions : ISettings
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

    static string ISettings.Section => SectionName;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(SectionName)
        .Must(IsHttp(BaseAddress), nameof(BaseAddress), $"is '{BaseAddress}'; expected an absolute http or https address")
        .Must(!IsHttp(BaseAddress) || (BaseAddress.Query.Length == 0 && BaseAddress.Fragment.Length == 0), nameof(BaseAddress), $"is '{BaseAddress}'; it must have no query and no fragment")
        .Must(
            ApiKey is null || (ApiKey.Length > 0 && ApiKey.All(c => c is > ' ' and <= '~')),
            nameof(ApiKey),
            "must hold only visible ASCII characters, at least one; leave it out to send none")
        .Must(
            User is null || (User.Length > 0 && !User.Any(c => c is ':' || char.IsControl(c))),
            nameof(User),
            "must have at least one character, no colon and no control characters")
        .Must(User is null == Password is null, nameof(User), $"and {SectionName}:{nameof(Password)} go together: give both or neither")
        .Must(User is null || ApiKey is null, nameof(User), $"and {SectionName}:{nameof(ApiKey)} are two ways to sign in: give one")
        .Check(Timeout > TimeSpan.Zero && Timeout <= TimeSpan.FromDays(1), nameof(Timeout), Timeout, "more than zero and at most one day")
        .Range(RetryCountMax, 0, RetryCountLimit)
        .Check(RetryDelayMax > TimeSpan.Zero && RetryDelayMax <= TimeSpan.FromHours(1), nameof(RetryDelayMax), RetryDelayMax, "more than zero and at most one hour")
        .Concat(Tracking.Faults($"{SectionName}:{nameof(Tracking)}"));

    private static bool IsHttp(Uri? address) =>
        address is { IsAbsoluteUri: true } && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);
}
