using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>A sweep of stored bytes that is killed while it searches and while it removes.</summary>
public sealed class BlobSweepTests(PostgresServer postgres)
{
    private const int SmallOrphans = 3000;

    /// <summary>A search reads blobs of up to 1 MiB; with these it takes a while.</summary>
    private const int BigOrphans = 60;

    private const string Artifacts = "/api/2.0/mlflow-artifacts/artifacts";

    private static readonly TimeSpan Grace = TimeSpan.FromHours(24);

    private static readonly Dictionary<string, string> Settings = new() { ["MLOPS_Retention__BlobsPerStep"] = "10000" };

    [Theory]
    [InlineData(Installation.Sqlite)]
    [InlineData(Installation.Postgres)]
    public async Task KilledInsideAMarkAndInsideARemoval_RemovesEachOrphanOnce_AndNothingThatIsNamed(string engine)
    {
        using var installation = await Installation.OfAsync(engine, postgres);
        using var caller = new Caller(installation.Address);
        string root;
        await using (var server = await installation.StartAsync(Settings))
        {
            root = "0/" + await caller.NewRunAsync("0") + "/artifacts";
            for (var i = 0; i < 20; i++)
            {
                await caller.DoAsync($"{Artifacts}/{root}/{i}", Named(i), HttpMethod.Put);
            }

            MakeOrphans(installation);
            var before = BytesRead(server);
            var marking = caller.GcStepAsync("blobs");
            await Eventually.Async(() => BytesRead(server) > before + 5_000_000, cancellationToken: TestContext.Current.CancellationToken);
            await server.KillAsync();
            await Assert.ThrowsAsync<HttpRequestException>(() => marking);
        }

        await using (var server = await installation.StartAsync(Settings))
        {
            Assert.Equal(0, (int)(await caller.DoAsync("/api/v1/retention/gc", new { dryRun = true, pageToken = "blobs" }))["blobCandidates"]!);
            Assert.Equal(SmallOrphans + BigOrphans, (int)(await caller.GcAsync("blobs").LastAsync(TestContext.Current.CancellationToken))["blobCandidates"]!);
            await server.StopAsync();
        }

        await PassAsync(installation, Grace);
        await using (var server = await installation.StartAsync(Settings))
        {
            await caller.DoAsync($"{Artifacts}/{root}/found", Orphan(0), HttpMethod.Put);
            await caller.BytesAsync("/api/v1/blobs/" + Digest(Orphan(1)));
            var removing = caller.GcStepAsync("blobs");
            await Eventually.Async(() => Left(installation) < SmallOrphans + BigOrphans, cancellationToken: TestContext.Current.CancellationToken);
            await server.KillAsync();
            await Assert.ThrowsAsync<HttpRequestException>(() => removing);
            Assert.InRange(Left(installation), 3, SmallOrphans + BigOrphans - 1);
        }

        await using (var server = await installation.StartAsync(Settings))
        {
            await caller.GcAsync("blobs").LastAsync(TestContext.Current.CancellationToken);

            Assert.Equal(2, Left(installation));
            Assert.Empty(Directory.EnumerateFiles(Path.Combine(installation.Blobs, "tmp")));
            Assert.Equal(Orphan(0), await caller.BytesAsync($"{Artifacts}/{root}/found"));
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(Named(i), await caller.BytesAsync($"{Artifacts}/{root}/{i}"));
            }

            var told = await caller.AuditAsync("retention.blobs-removed");
            Assert.Equal(SmallOrphans + BigOrphans - 2, told.Sum(e => int.Parse((string)e["detail"]!["blobs"]!, CultureInfo.InvariantCulture)));
        }
    }

    private static byte[] Named(int i) => Encoding.ASCII.GetBytes($"named {i}");

    private static byte[] Orphan(int i) => Encoding.ASCII.GetBytes($"orphan {i}".PadRight(i < SmallOrphans ? 20 : 1_000_000));

    private static string Digest(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string FileOf(Installation installation, string digest) => Path.Combine(installation.Blobs, digest[..2], digest[2..]);

    /// <summary>As uploads do that nobody made use of, but quicker.</summary>
    private static void MakeOrphans(Installation installation)
    {
        for (var i = 0; i < SmallOrphans + BigOrphans; i++)
        {
            var file = FileOf(installation, Digest(Orphan(i)));
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, Orphan(i));
        }
    }

    /// <summary>Of all orphans.</summary>
    private static int Left(Installation installation) =>
        new DirectoryInfo(installation.Blobs).EnumerateDirectories("??").Sum(folder => folder.EnumerateFiles().Count()) - 20;

    private static long BytesRead(ServerProcess server) =>
        long.Parse(File.ReadLines($"/proc/{server.Id}/io").First().Split(' ')[1], CultureInfo.InvariantCulture);

    /// <summary>Makes files and marks older while no server runs: one does not bear a clock that jumps.</summary>
    private static async Task PassAsync(Installation installation, TimeSpan time)
    {
        foreach (var file in Directory.EnumerateFiles(installation.Blobs, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file) - time);
        }

        await installation.ChangeDocumentAsync("blob-sweep", "blob-sweep/0", document => document["MarkedAt"] = (DateTimeOffset)document["MarkedAt"]! - time);
    }
}
