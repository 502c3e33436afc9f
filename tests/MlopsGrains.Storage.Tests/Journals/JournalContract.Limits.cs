using System.Diagnostics;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Tests.Journals;

public abstract partial class JournalContract
{
    [Fact]
    public async Task Append_OutsideTheLimits_NamesTheLimit()
    {
        var longName = await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync(new string('s', 513), 0, "a"));
        Assert.Contains("513", longName.Message, StringComparison.Ordinal);
        Assert.Contains("512", longName.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync("", 0, "a"));
        await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync("a\0b", 0, "a"));
        await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync("a\ud800", 0, "a"));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => AppendAsync("s", -1, "a"));

        var none = await Assert.ThrowsAsync<ArgumentException>(() => AppendAsync("s", 0));
        var many = await Assert.ThrowsAsync<ArgumentException>(() => Journal.AppendAsync("s", 0, new ReadOnlyMemory<byte>[1001], Token));
        Assert.Contains("1000", none.Message, StringComparison.Ordinal);
        Assert.Contains("1001", many.Message, StringComparison.Ordinal);

        var half = new byte[JournalLimits.AppendBytesMax / 2 + 1];
        var large = await Assert.ThrowsAsync<ArgumentException>(() => Journal.AppendAsync("s", 0, [half, half], Token));
        Assert.Contains("33554432", large.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Journal.ListStreamsAsync("", null, 0, Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Journal.WriteSnapshotAsync("s", 0, default, cancellationToken: Token));
    }

    [Fact]
    public async Task Append_AtTheLimits_IsStored()
    {
        var name = new string('s', 512);
        var entries = Enumerable.Range(0, 1000).Select(i => new ReadOnlyMemory<byte>(new byte[i])).ToArray();

        Assert.True(await Journal.AppendAsync(name, 0, entries, Token));
        Assert.True(await Journal.AppendAsync("large", 0, [new byte[JournalLimits.AppendBytesMax]], Token));

        Assert.Equal(entries.Select(entry => entry.Length), (await Journal.ReadAsync(name, Token)).Entries.Select(entry => entry.Length));
        Assert.Equal(JournalLimits.AppendBytesMax, (await Journal.ReadAsync("large", Token)).Entries[0].Length);
    }

    [Fact]
    public async Task Append_WhenTheQueueIsFull_IsRefusedAtOnceAndLaterTaken()
    {
        await using var small = await OpenAsync(queueLengthMax: 8);
        var appends = new List<Task<bool>>();
        JournalFullException full;
        await using (await BlockCommitsAsync())
        {
            // One lane's queue is enough: every append goes to the same stream.
            for (var i = 0; i < 8; i++)
            {
                appends.Add(small.Journal.AppendAsync("s", i, Bytes("a"), Token));
            }

            full = await Assert.ThrowsAsync<JournalFullException>(() => small.Journal.AppendAsync("s", 8, Bytes("x"), Token));
        }

        Assert.All(await Task.WhenAll(appends), Assert.True);
        Assert.InRange(full.RetryAfter, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));
        Assert.Contains("QueueLengthMax", full.Message, StringComparison.Ordinal);
        await Testing.Eventually.Async(() => TryAppendAsync(small.Journal, "s", 8), cancellationToken: Token);
        Assert.Equal(9, (await Journal.ReadAsync("s", Token)).Version);
    }

    [Fact]
    public async Task Append_Cancelled_IsWithdrawnWhileItWaits()
    {
        using var cancellation = new CancellationTokenSource();
        Task<bool> taken;
        Task<bool> waiting;
        await using (await BlockCommitsAsync())
        {
            taken = AppendAsync("s", 0, "a");
            await CommitStartedAsync();
            waiting = Journal.AppendAsync("s", 1, Bytes("b"), cancellation.Token);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        Assert.True(await taken);
        Assert.True(await AppendAsync("s", 1, "c"));
        Assert.Equal(["a", "c"], await TextsAsync("s"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Journal.AppendAsync("s", 2, Bytes("d"), cancellation.Token));
    }

    [Fact]
    public async Task Append_ThatIsLateWhenItsTurnComes_IsWithdrawn()
    {
        Task<bool> taken;
        Task<bool> waiting;
        await using (await BlockCommitsAsync())
        {
            taken = AppendAsync("s", 0, "a");
            await CommitStartedAsync();
            var notAfter = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 100);
            waiting = Journal.AppendAsync("s", 1, Bytes("b"), new AppendOptions(notAfter), Token);
            await Testing.Eventually.Async(() => Task.FromResult(Stopwatch.GetTimestamp() > notAfter), cancellationToken: Token);
        }

        Assert.True(await taken);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.True(await AppendAsync("s", 1, "c"));
        Assert.Equal(["a", "c"], await TextsAsync("s"));
    }

    /// <summary>Ends when the writer has taken a batch off its queue.</summary>
    protected abstract Task CommitStartedAsync();

    private static async Task<bool> TryAppendAsync(IJournal journal, string stream, long expectedVersion)
    {
        try
        {
            return await journal.AppendAsync(stream, expectedVersion, Bytes("a"), Token);
        }
        catch (JournalFullException)
        {
            return false;
        }
    }
}
