using System.Text;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Tests.Journals;

public abstract partial class JournalContract
{
    [Fact]
    public async Task Damage_OfAnEntry_IsNamed_AndTheOthersCanBeRead()
    {
        await AppendAsync("s", 0, "a", "b", "c");
        await AppendAsync("t", 0, "whole");
        await DamageEntryAsync(2);

        var damage = (await Assert.ThrowsAsync<StoredDamageException>(() => Journal.ReadAsync("s", Token))).Damage;

        Assert.Equal(("stream", "s", "version 2"), (damage.Place, damage.Name, damage.Entry));
        Assert.Equal(["whole"], await TextsAsync("t"));
        var around = await Journal.ReadAroundDamageAsync("s", Token);
        Assert.Equal(["a", "", "c"], around.Entries.Select(entry => Encoding.UTF8.GetString(entry.Span)));
        Assert.Equal([2L], around.Damaged.Keys);
        Assert.True(await AppendAsync("s", 3, "d"));
    }

    [Fact]
    public async Task Damage_OfAnEntryThatIsMissing_IsNamed()
    {
        await AppendAsync("s", 0, "a", "b", "c");
        await RemoveEntryAsync(2);

        foreach (var read in (Func<Task<JournalSlice>>[])[() => Journal.ReadAsync("s", Token), () => Journal.ReadAroundDamageAsync("s", Token)])
        {
            Assert.Equal("version 2", (await Assert.ThrowsAsync<StoredDamageException>(read)).Damage.Entry);
        }
    }

    [Fact]
    public async Task Damage_OfASnapshotAndAChunk_IsNamed()
    {
        await AppendAsync("s", 0, "a");
        await Journal.WriteSnapshotAsync("s", 1, "state"u8.ToArray(), [new("loss", 3, "points"u8.ToArray()), new("loss", 4, "more"u8.ToArray())], Token);
        await DamageSnapshotAndChunkAsync(3);

        Assert.Equal("the snapshot of version 1", (await Assert.ThrowsAsync<StoredDamageException>(() => Journal.ReadAsync("s", Token))).Damage.Entry);
        var damage = (await Assert.ThrowsAsync<StoredDamageException>(() => Journal.ReadChunksAsync("s", "loss", 0, 10, Token))).Damage;
        Assert.Equal(("chunk", "s loss", "number 3"), (damage.Place, damage.Name, damage.Entry));
        Assert.Single(await Journal.ReadChunksAsync("s", "loss", 4, 10, Token));
    }

    [Fact]
    public async Task Damage_IsToldByAScanOfEverything()
    {
        await AppendAsync("s", 0, "a");
        await DamageEntryAsync(1);

        await Assert.ThrowsAsync<StoredDamageException>(async () => await Scan.ReadPayloadsAsync("none/", Token).CountAsync(Token));
    }

    /// <summary>Changes the stored bytes of the entries of that version, and nothing else.</summary>
    protected abstract Task DamageEntryAsync(long version);

    /// <summary>Takes the entries of that version away.</summary>
    protected abstract Task RemoveEntryAsync(long version);

    /// <summary>Changes the stored bytes of every snapshot and of the chunks of that number.</summary>
    protected abstract Task DamageSnapshotAndChunkAsync(long number);
}
