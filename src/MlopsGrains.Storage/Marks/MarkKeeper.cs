using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using MlopsGrains.Storage.Writing;

namespace MlopsGrains.Storage.Marks;

/// <summary>Remembers what is acknowledged and writes it down, a second later at most, and once more at the end. A mark that cannot be written holds nothing up.</summary>
internal sealed partial class MarkKeeper : IAsyncDisposable
{
    private const int NewestMax = 64;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly MarkFolder folder;
    private readonly string name;
    private readonly string store;
    private readonly IReadOnlyList<string> watched;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly MarkedVersion?[] newest = new MarkedVersion?[NewestMax];
    private readonly Dictionary<string, MarkedHead> known;
    private readonly CancellationTokenSource ending = new();
    private readonly Task writing;
    private long writes;
    private long acknowledged;
    private long written = -1;

    /// <param name="folder">Where.</param>
    /// <param name="name">Of this process' mark.</param>
    /// <param name="store">Which database.</param>
    /// <param name="writes">How far the versions add up now; -1 where others write as well.</param>
    /// <param name="before">What the mark of before knows of the watched streams.</param>
    /// <param name="watched">How the names of streams begin that are always kept in mind.</param>
    /// <param name="logger">For what could not be written.</param>
    public MarkKeeper(MarkFolder folder, string name, string store, long writes, IEnumerable<MarkedHead> before, IReadOnlyList<string> watched, ILogger logger)
    {
        this.folder = folder;
        this.name = name;
        this.store = store;
        this.writes = writes;
        this.watched = watched;
        this.logger = logger;
        known = before.GroupBy(head => head.Stream, StringComparer.Ordinal).ToDictionary(same => same.Key, same => same.MaxBy(head => head.Version)!, StringComparer.Ordinal);
        writing = Task.Run(WriteAllAsync);
    }

    /// <summary>Called for what has been committed, before its callers hear of it.</summary>
    public void Acknowledge(IReadOnlyList<WriteOperation> operations)
    {
        lock (gate)
        {
            foreach (var operation in operations)
            {
                Note(operation);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await writing;
        ending.Dispose();
    }

    private void Note(WriteOperation operation)
    {
        switch (operation)
        {
            case AppendOperation { Outcome: true } append:
                var version = append.ExpectedVersion + append.Entries.Count;
                Note(new MarkedVersion(append.Stream, version), append.Entries.Count);
                if (watched.Any(prefix => append.Stream.StartsWith(prefix, StringComparison.Ordinal)))
                {
                    known[append.Stream] = new MarkedHead(append.Stream, version, Convert.ToHexStringLower(SHA256.HashData(append.Entries[^1].Span)));
                }

                break;
            case RecordOperation { Outcome: { } stored } record:
                Note(new MarkedVersion(record.Key, stored, record.Kind), 1);
                break;
            case DeleteOperation { MovedTo: > 0 } delete:
                Note(new MarkedVersion(delete.Stream, delete.MovedTo), 1);
                break;
            default:
                break;
        }
    }

    private void Note(MarkedVersion version, int count)
    {
        newest[acknowledged % NewestMax] = version;
        acknowledged++;
        writes += writes >= 0 ? count : 0;
    }

    private async Task WriteAllAsync()
    {
        while (!ending.IsCancellationRequested)
        {
            await Task.Delay(Period, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Write();
        }
    }

    private void Write()
    {
        Mark mark;
        long upTo;
        lock (gate)
        {
            if (acknowledged == written)
            {
                return;
            }

            upTo = acknowledged;
            mark = new Mark(
                store, TimeProvider.System.GetUtcNow(), $"{Environment.MachineName}/{Environment.ProcessId}", writes,
                [.. newest.OfType<MarkedVersion>().GroupBy(one => (one.Kind, one.Name)).Select(same => same.MaxBy(one => one.Version)!)],
                [.. known.Values]);
        }

        try
        {
            folder.Write(name, mark);
            written = upTo;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotWritten(folder.Path, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The mark of what was acknowledged could not be written to {Folder} ({Reason}); it is tried again")]
    private partial void LogNotWritten(string folder, string reason);
}
