using System.Collections.Concurrent;
using System.Text;

namespace MlopsGrains.Storage.Tests.Journals;

public abstract partial class JournalContract
{
    /// <summary>
    /// Writers that know nothing of each other append to shared streams. Each version must have exactly one winner, and the stream must hold
    /// exactly the winners' entries in version order, snapshots or not.
    /// </summary>
    [Fact]
    public async Task ConcurrentWriters_AgreeWithTheModel()
    {
        const int Writers = 16;
        const int AppendsPerWriter = 60;
        string[] streams = ["one", "two", "three"];
        var winners = streams.ToDictionary(stream => stream, _ => new ConcurrentDictionary<long, string>());
        await using var other = await OpenAsync(null);

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            var journal = writer % 4 == 0 ? other.Journal : Journal;
            for (var i = 0; i < AppendsPerWriter; i++)
            {
                var stream = streams[random.Next(streams.Length)];
                var slice = await journal.ReadAsync(stream, Token);
                AssertPrefix(winners[stream], slice.Version, slice.Entries.Count, slice.Entries);
                string[] entries = [.. Enumerable.Range(0, random.Next(1, 4)).Select(k => $"{writer}/{i}/{k}")];
                if (await journal.AppendAsync(stream, slice.Version, Bytes(entries), Token))
                {
                    for (var k = 0; k < entries.Length; k++)
                    {
                        Assert.True(winners[stream].TryAdd(slice.Version + 1 + k, entries[k]));
                    }

                    if (random.Next(6) == 0)
                    {
                        await journal.WriteSnapshotAsync(stream, slice.Version + 1, Text("state"), cancellationToken: Token);
                    }
                }
            }
        }, Token)));

        foreach (var stream in streams)
        {
            var slice = await Journal.ReadAsync(stream, Token);
            Assert.Equal(Enumerable.Range(1, winners[stream].Count).Select(version => (long)version), winners[stream].Keys.Order());
            Assert.Equal(winners[stream].Count, slice.Version);
            AssertPrefix(winners[stream], slice.Version, slice.Entries.Count, slice.Entries);
        }
    }

    private static void AssertPrefix(ConcurrentDictionary<long, string> winners, long version, int count, IReadOnlyList<ReadOnlyMemory<byte>> entries)
    {
        for (var i = 0; i < count; i++)
        {
            // A winner notes its entries after its append returned, so a reader may see one before the model does.
            if (winners.TryGetValue(version - count + 1 + i, out var winner))
            {
                Assert.Equal(winner, Encoding.UTF8.GetString(entries[i].Span));
            }
        }
    }
}
