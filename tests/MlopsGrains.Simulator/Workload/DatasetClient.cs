using System.Globalization;
using System.Text;
using MlopsGrains.Data;

namespace MlopsGrains.Simulator.Workload;

/// <summary>Adds versions to a dataset. Some are asked for again with the same key; of one that takes long, the client goes away and adds the next.</summary>
internal sealed class DatasetClient(Round round, Random random) : Client(round, random, "dataset")
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<(string Digest, Fate Fate)> added = [];
    private string name = "";

    private IDatasetGrain Dataset => Grains.GetGrain<IDatasetGrain>(name);

    public override async Task Work()
    {
        name = "d" + NewId();
        for (var i = 0; i < 4; i++)
        {
            await Think();
            var bytes = Encoding.UTF8.GetBytes($"a,b\n{i},{Random.Next()}\n");
            var blob = await Round.Cluster.Blobs.WriteAsync(new MemoryStream(bytes, writable: false), bytes.Length);
            var (version, request) = (new NewDatasetVersion(blob.Digest, blob.Length), NewId());
            var fate = await Try($"add {i}", gone => Dataset.AddVersion(version, gone), request, Patience);
            while (fate == Fate.Unknown && Random.Next(2) == 0)
            {
                await Think();
                fate = await Try($"add {i} again", gone => Dataset.AddVersion(version, gone), request, Patience) == Fate.Done ? Fate.Done : Fate.Unknown;
            }

            added.Add((blob.Digest, fate));
        }
    }

    public override async Task Check(Audit audit)
    {
        var dataset = await Stored(Dataset, () => Dataset.Get());
        var versions = dataset?.Versions ?? [];
        foreach (var (digest, fate) in added)
        {
            var count = versions.Count(v => v.Digest == digest);
            if (count > 1 || (count == 0 && fate == Fate.Done) || (count == 1 && fate == Fate.Refused))
            {
                Wrong($"the content {digest[..8]} that was added ({fate}) is {count} times among its versions");
            }
        }

        var order = versions.Select(v => added.FindIndex(a => a.Digest == v.Digest)).ToList();
        if (!order.SequenceEqual(order.Order()))
        {
            Wrong($"its versions are in the order {string.Join(", ", order)}: one was added after it was given up");
        }

        foreach (var version in versions)
        {
            foreach (var difference in audit.Differences(string.Create(CultureInfo.InvariantCulture, $"dataset/{name}/{version.Version}"), "dataset-version.added", null, [(null, Fate.Done)]))
            {
                Wrong(difference);
            }
        }
    }
}
