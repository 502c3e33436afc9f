using Microsoft.Extensions.Logging;
using MlopsGrains.Client.Http;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>
/// The spool directory of one platform: <c>&lt;root&gt;/&lt;platform&gt;/&lt;run&gt;.&lt;producer&gt;/</c>. What an ended process left there is delivered by
/// whichever client finds it.
/// </summary>
internal sealed partial class Spools
{
    private readonly string root;
    private readonly SpoolBudget budget;
    private readonly GatewayHttp http;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Lock sync = new();
    private Task<SpoolReplay> last = Task.FromResult(new SpoolReplay(0, 0, 0));

    public Spools(string directory, long bytesMax, GatewayHttp http, TimeProvider time, ILogger logger)
    {
        root = Path.Combine(Path.GetFullPath(directory), Uri.EscapeDataString(http.BaseAddress.Authority + http.BaseAddress.AbsolutePath.TrimEnd('/')));
        Directory.CreateDirectory(root);
        budget = new SpoolBudget(bytesMax, Directory.EnumerateFiles(root, "*.*", SearchOption.AllDirectories).Where(IsContent).Sum(LengthOf));
        this.http = http;
        this.time = time;
        this.logger = logger;
    }

    /// <summary>The spool of a new producer.</summary>
    public RunSpool Create(string runId, string producerId) => RunSpool.Create(Path.Combine(root, $"{runId}.{producerId}"), budget);

    /// <summary>Delivers what ended processes left, of one run or of all; stops at the first sign that the platform is away. One after another.</summary>
    public Task<SpoolReplay> ReplayAsync(string? runId, CancellationToken cancellationToken)
    {
        lock (sync)
        {
            return last = ReplayAfterAsync(last, runId, cancellationToken);
        }
    }

    private async Task<SpoolReplay> ReplayAfterAsync(Task before, string? runId, CancellationToken cancellationToken)
    {
        await before.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        cancellationToken.ThrowIfCancellationRequested();
        var total = new SpoolReplay(0, 0, 0);
        var here = true;
        foreach (var directory in Directory.EnumerateDirectories(root, $"{runId ?? "*"}.*").Order(StringComparer.Ordinal).ToList())
        {
            using var spool = RunSpool.TryRecover(directory, budget); // Held by a living process: that one delivers it.
            if (spool is not null)
            {
                var door = new RunDoor(http, Path.GetFileName(directory).Split('.')[0], time, logger);
                var done = await ReplayAsync(spool, door, here, cancellationToken);
                here &= !door.FoundAway;
                total = new SpoolReplay(total.Delivered + done.Delivered, total.Refused + done.Refused, total.Remaining + done.Remaining);
            }
        }

        if (total.Delivered > 0)
        {
            Replayed(logger, total.Delivered, total.Remaining);
        }

        return total;
    }

    private static async Task<SpoolReplay> ReplayAsync(RunSpool spool, RunDoor door, bool here, CancellationToken cancellationToken)
    {
        var delivered = 0L;
        while (here && spool.Peek() is { } record && await door.DeliverAsync(record, cancellationToken))
        {
            spool.Advance(record);
            delivered++;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return new SpoolReplay(delivered, door.Refused, spool.Records);
    }

    private static bool IsContent(string path) => Path.GetExtension(path) is ".spool" or SpooledArtifact.Extension;

    private static long LengthOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (FileNotFoundException)
        {
            return 0; // Delivered by another process meanwhile.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Delivered {Records} spooled records of ended processes; {Remaining} remain")]
    private static partial void Replayed(ILogger logger, long records, long remaining);
}
