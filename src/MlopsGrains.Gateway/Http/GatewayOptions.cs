using System.ComponentModel.DataAnnotations;

namespace MlopsGrains.Gateway.Http;

/// <summary>Limits and hosts of the HTTP door. Section <c>Gateway</c>.</summary>
public sealed class GatewayOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gateway";

    /// <summary>Longest request line, in bytes; 128 KiB by default, so that a query of 1,000 run ids is read and answered.</summary>
    [Range(8192, 1 << 20)]
    public int RequestLineBytesMax { get; set; } = 128 << 10;

    /// <summary>Largest JSON or YAML body, in bytes; 16 MiB by default.</summary>
    [Range(1024, 256L << 20)]
    public long JsonBodyBytesMax { get; set; } = 16L << 20;

    /// <summary>Largest body that tells what a run read, in bytes; 48 MiB by default, so that a dataset's profile of 16,777,215 characters fits.</summary>
    [Range(1024, 256L << 20)]
    public long InputsBodyBytesMax { get; set; } = 48L << 20;

    /// <summary>
    /// Most bytes of JSON and YAML bodies held in memory over all requests, 256 MiB by default; at least as much as the largest of them may have. A request takes a few times its
    /// body while it is answered. Beyond it requests are refused with 429. Uploads of datasets and artifacts are passed on as they come and do not count.
    /// </summary>
    [Range(1024, 64L << 30)]
    public long BufferedBytesMax { get; set; } = 256L << 20;

    /// <summary>The slowest that a body may come, in bytes a second on average once <see cref="BodyGrace"/> is over; slower ones are refused with 408. 4 KiB by default; 0 waits for ever.</summary>
    [Range(0, 1 << 30)]
    public int BodyBytesPerSecondMin { get; set; } = 4 << 10;

    /// <summary>How long a body may come at any rate; 10 s by default.</summary>
    [Range(typeof(TimeSpan), "00:00:02", "01:00:00")]
    public TimeSpan BodyGrace { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Largest dataset upload, in bytes; 2 GiB by default.</summary>
    [Range(1024, long.MaxValue)]
    public long DatasetBytesMax { get; set; } = 2L << 30;

    /// <summary>Largest artifact or blob upload, in bytes; 5 GiB by default.</summary>
    [Range(1024, long.MaxValue)]
    public long ArtifactBytesMax { get; set; } = 5L << 30;

    /// <summary>
    /// The address under which clients reach the gateway, such as <c>https://ml.example.org</c>, for addresses that it gives out; the one a request came to when
    /// not set. Set it behind a proxy that ends TLS.
    /// </summary>
    [Url]
    public string? PublicUrl { get; set; }

    /// <summary>
    /// Host names besides loopback under which the gateway may be asked for when no authentication is configured; every other <c>Host</c> header is refused,
    /// so that a web page cannot reach a laptop's server by rebinding its own name to 127.0.0.1.
    /// </summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>Most readers of live events at a time in one process; 2,000 by default.</summary>
    [Range(1, 100_000)]
    public int LiveReadersMax { get; set; } = 2000;

    /// <summary>Most readers of live events at a time in one process for one user or key; 200 by default.</summary>
    [Range(1, 100_000)]
    public int LiveReadersPerCallerMax { get; set; } = 200;

    /// <summary>How long a reader of live events may take nothing before it is cut off; 10 s by default.</summary>
    public TimeSpan LiveWriteTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the answer to a request with an <c>Idempotency-Key</c> is given again; 1 day by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "7.00:00:00")]
    public TimeSpan IdempotencyRetention { get; set; } = TimeSpan.FromDays(1);

    /// <summary>
    /// For clients that send no <c>Idempotency-Key</c>: for this long, an MLflow <c>runs/create</c> that equals an earlier one of the same principal and address is
    /// answered with the first run. Off (zero) by default, because two workers may mean two runs by equal requests; 5 min covers the clients' retries.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RepeatedRunWindow { get; set; } = TimeSpan.Zero;

    /// <summary>What a busy or starting platform asks its callers to wait; 1 s by default.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);
}
