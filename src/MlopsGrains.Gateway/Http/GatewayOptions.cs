using MlopsGrains.Settings;

namespace MlopsGrains.Gateway.Http;

/// <summary>Limits and hosts of the HTTP door. Section <c>Gateway</c>.</summary>
public sealed class GatewayOptions : ISettings
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gateway";

    /// <summary>Longest request line, in bytes; 128 KiB by default, so that a query of 1,000 run ids is read and answered.</summary>
    public int RequestLineBytesMax { get; set; } = 128 << 10;

    /// <summary>Largest JSON or YAML body, in bytes; 16 MiB by default.</summary>
    public long JsonBodyBytesMax { get; set; } = 16L << 20;

    /// <summary>Largest body that tells what a run read, in bytes; 48 MiB by default, so that a dataset's profile of 16,777,215 characters fits.</summary>
    public long InputsBodyBytesMax { get; set; } = 48L << 20;

    /// <summary>
    /// Most bytes of JSON and YAML bodies held in memory over all requests, 256 MiB by default; at least as much as the largest of them may have. A request takes a few times its
    /// body while it is answered. Beyond it requests are refused with 429. Uploads of datasets and artifacts are passed on as they come and do not count.
    /// </summary>
    public long BufferedBytesMax { get; set; } = 256L << 20;

    /// <summary>The slowest that a body may come, in bytes a second on average once <see cref="BodyGrace"/> is over; slower ones are refused with 408. 4 KiB by default; 0 waits for ever.</summary>
    public int BodyBytesPerSecondMin { get; set; } = 4 << 10;

    /// <summary>How long a body may come at any rate; 10 s by default.</summary>
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest dataset upload, in bytes; 2 GiB by default.</summary>
    public long DatasetBytesMax { get; set; } = 2L << 30;

    /// <summary>Largest artifact or blob upload, in bytes; 5 GiB by default.</summary>
    public long ArtifactBytesMax { get; set; } = 5L << 30;

    /// <summary>
    /// The address under which clients reach the gateway, such as <c>https://ml.example.org</c>, for addresses that it gives out; the one a request came to when
    /// not set. Set it behind a proxy that ends TLS.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>
    /// Host names besides loopback and <see cref="PublicUrl"/> under which the gateway may be asked for, such as a container's name; every other name in a <c>Host</c> header is refused, so
    /// that a web page cannot reach the server by letting its own name point here. Bare addresses are answered to where authentication is configured.
    /// </summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Most readers of live events at a time in one process; 2,000 by default.</summary>
    public int LiveReadersMax { get; set; } = 2000;

    /// <summary>Most readers of live events at a time in one process for one user or key; 200 by default.</summary>
    public int LiveReadersPerCallerMax { get; set; } = 200;

    /// <summary>How long a reader of live events may take nothing before it is cut off; 10 s by default.</summary>
    public TimeSpan LiveWriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the answer to a request with an <c>Idempotency-Key</c> is given again; 1 day by default.</summary>
    public TimeSpan IdempotencyRetention { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// For clients that send no <c>Idempotency-Key</c>: for this long, an MLflow <c>runs/create</c> that equals an earlier one of the same principal and address is
    /// answered with the first run. Off (zero) by default, because two workers may mean two runs by equal requests; 5 min covers the clients' retries.
    /// </summary>
    public TimeSpan RepeatedRunWindow { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// How long a gateway process waits for a silo's answer to one call, unless the call is known to take long; then 503. What it has given up takes no effect later. 10 s by default.
    /// </summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>What a busy or starting platform asks its callers to wait; 1 s by default.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults() => new SettingFaults(Section)
        .Range(RequestLineBytesMax, 8192, 1 << 20)
        .Range(JsonBodyBytesMax, 1024, 256L << 20)
        .Range(InputsBodyBytesMax, 1024, 256L << 20)
        .Range(BufferedBytesMax, 1024, 64L << 30)
        .Must(
            BufferedBytesMax >= Math.Max(JsonBodyBytesMax, InputsBodyBytesMax),
            nameof(BufferedBytesMax),
            $"must be at least {Section}:{nameof(JsonBodyBytesMax)} and {Section}:{nameof(InputsBodyBytesMax)}, or such a body could never be read")
        .Range(BodyBytesPerSecondMin, 0, 1 << 30)
        .Range(BodyGrace, TimeSpan.FromSeconds(2), TimeSpan.FromHours(1))
        .Range(DatasetBytesMax, 1024)
        .Range(ArtifactBytesMax, 1024)
        .Must(
            PublicUrl is null || (Uri.TryCreate(PublicUrl, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)),
            nameof(PublicUrl),
            $"is '{PublicUrl}'; expected an absolute http or https address")
        .Range(LiveReadersMax, 1, 100_000)
        .Range(LiveReadersPerCallerMax, 1, 100_000)
        .Range(LiveWriteTimeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1))
        .Range(IdempotencyRetention, TimeSpan.FromMinutes(1), TimeSpan.FromDays(7))
        .Range(RepeatedRunWindow, TimeSpan.Zero, TimeSpan.FromHours(1))
        .Range(CallTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5))
        .Range(RetryAfter, TimeSpan.Zero, TimeSpan.FromHours(1));
}
