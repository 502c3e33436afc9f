using System.Text;

namespace MlopsGrains.Storage.Tests.Journals;

/// <summary>What an engine promises besides that keeps the journal in tables, which older programs may write too.</summary>
public abstract class SqlJournalContract : JournalContract
{
    [Fact]
    public async Task WhatAnOlderProgramWrote_HasNoChecksum_AndIsRead()
    {
        await AppendAsync("s", 0, "a", "b");
        await Journal.WriteSnapshotAsync("s", 1, "state"u8.ToArray(), [new("loss", 3, "points"u8.ToArray())], Token);

        // The statements of a program that knows of no checksums.
        await ExecuteAsync("UPDATE journal SET payload = 'old', checksum = NULL WHERE version = 2");
        await ExecuteAsync("UPDATE snapshot SET payload = 'old state'");
        await ExecuteAsync("UPDATE chunk SET payload = 'old points'");

        var slice = await Journal.ReadAsync("s", Token);
        Assert.Equal("old state", Encoding.UTF8.GetString(slice.Snapshot!.Value.Span));
        Assert.Equal("old", Encoding.UTF8.GetString(slice.Entries[0].Span));
        Assert.Equal("old points", Encoding.UTF8.GetString((await Journal.ReadChunksAsync("s", "loss", 0, 10, Token))[0].Span));
    }

    protected override Task DamageEntryAsync(long version) => ExecuteAsync($"UPDATE journal SET payload = 'x' WHERE version = {version}");

    protected override Task RemoveEntryAsync(long version) => ExecuteAsync($"DELETE FROM journal WHERE version = {version}");

    protected override async Task DamageSnapshotAndChunkAsync(long number)
    {
        await ExecuteAsync($"UPDATE chunk SET payload = 'pOints', checksum = checksum + 1 WHERE number = {number}");
        await ExecuteAsync("UPDATE snapshot SET payload = 'stAte', checksum = checksum + 1");
    }

    /// <summary>Does to the tables what no program of this version does.</summary>
    protected abstract Task ExecuteAsync(string sql);
}
