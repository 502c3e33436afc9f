using System.Text;
using MlopsGrains.Storage.Journals;

namespace MlopsGrains.Storage.Tests.Journals;

public abstract partial class JournalContract
{
    private IPayloadScan Scan => (IPayloadScan)Journal;

    [Fact]
    public async Task Payloads_AreThoseOfEntriesAndSnapshots_WithoutTheExceptedAndTheDeleted()
    {
        await AppendAsync("a", 0, "a1", "a2");
        await AppendAsync("b", 0, "b1", "b2");
        await Journal.WriteSnapshotAsync("b", 1, Encoding.UTF8.GetBytes("b"), [new SeriesChunk("s", 0, Encoding.UTF8.GetBytes("chunk"))], Token);
        await AppendAsync("log/1", 0, "log", "log");
        await Journal.WriteSnapshotAsync("log/1", 1, Encoding.UTF8.GetBytes("log"), null, Token);
        await AppendAsync("logs", 0, "logs");
        await AppendAsync("gone", 0, "gone");
        await Journal.DeleteStreamAsync("gone", Token);

        Assert.Equal(["a1", "a2", "b", "b2", "logs"], (await PayloadsAsync("log/")).Order(StringComparer.Ordinal));
        Assert.Equal(2, (await PayloadsAsync("x")).Count(p => p == "log"));
    }

    [Fact]
    public async Task Payloads_OfManyPages_AreAllGivenOnce()
    {
        var expected = new List<string>();
        for (var stream = 0; stream < 4; stream++)
        {
            var entries = Enumerable.Range(0, 700).Select(i => $"{stream}/{i}").ToArray();
            expected.AddRange(entries);
            await AppendAsync($"s{stream}", 0, entries);
        }

        var large = Enumerable.Range(0, 5).Select(i => new string((char)('a' + i), 1_500_000)).ToArray();
        foreach (var (text, i) in large.Select((text, i) => (text, i)))
        {
            await AppendAsync("large", i, text);
        }

        Assert.Equal(expected.Concat(large).Order(StringComparer.Ordinal), (await PayloadsAsync("x")).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Payloads_OfAnEntryThatASnapshotTakesInMeanwhile_AreSeen()
    {
        await Task.WhenAll(Enumerable.Range(0, 1500).Select(i => AppendAsync($"s{i:0000}", 0, "x")));

        await AppendAsync("s9999", 0, "moving");
        var seen = new List<string>();
        await foreach (var payload in Scan.ReadPayloadsAsync("no", Token))
        {
            if (seen.Count == 0)
            {
                await Journal.WriteSnapshotAsync("s9999", 1, Encoding.UTF8.GetBytes("moving"), null, Token);
            }

            seen.Add(Encoding.UTF8.GetString(payload.Span));
        }

        Assert.Contains("moving", seen);
    }

    private async Task<List<string>> PayloadsAsync(string except)
    {
        var texts = new List<string>();
        await foreach (var payload in Scan.ReadPayloadsAsync(except, Token))
        {
            texts.Add(Encoding.UTF8.GetString(payload.Span));
        }

        return texts;
    }
}
