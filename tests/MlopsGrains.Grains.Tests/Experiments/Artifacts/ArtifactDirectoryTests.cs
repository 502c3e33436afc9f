using CsCheck;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Artifacts;

namespace MlopsGrains.Grains.Tests.Experiments.Artifacts;

public sealed class ArtifactDirectoryTests(SiloFixture silo)
{
    private static readonly BlobRef Blob = new(new string('a', 64), 3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Listing_OfAnyFiles_IsThatOfANaiveTree() =>
        Gen.String[Gen.Char["ab-0"], 1, 2].Array[1, 3].Select(parts => string.Join('/', parts)).Array[0, 30].Sample(paths =>
        {
            var state = new ArtifactDirectoryState();
            var model = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var path in paths.Where(p => !model.Any(m => m.StartsWith(p + "/", StringComparison.Ordinal) || p.StartsWith(m + "/", StringComparison.Ordinal))))
            {
                state.CheckPut(path);
                state.Apply(new ArtifactPut(path, Blob));
                model.Add(path);
            }

            foreach (var directory in model.SelectMany(Parents).Append("").Distinct())
            {
                var prefix = directory.Length == 0 ? "" : directory + "/";
                var expected = model.Where(m => m.StartsWith(prefix, StringComparison.Ordinal)).Select(m => m[prefix.Length..].Split('/')[0]).Distinct().Order(StringComparer.Ordinal);
                Assert.Equal(expected, state.List(directory).Select(e => e.Name));
            }
        });

    [Fact]
    public async Task Files_AreListedFoundReplacedAndDeleted_OverADeactivation()
    {
        var root = silo.Grains.GetGrain<IArtifactDirectoryGrain>($"0/{Guid.NewGuid():N}/artifacts");
        await root.Put("model/weights.bin", Blob, Token);
        await root.Put("model/meta/info.json", Blob, Token);
        await root.Put("readme.txt", Blob, Token);
        await root.Put("readme.txt", Blob with { Length = 9 }, Token);
        await silo.Cluster.DeactivateAsync(root);

        Assert.Equal([new ArtifactEntry("model", null), new ArtifactEntry("readme.txt", Blob with { Length = 9 })], await root.List("", Token));
        Assert.Equal([new ArtifactEntry("meta", null), new ArtifactEntry("weights.bin", Blob)], await root.List("model", Token));
        Assert.Empty(await root.List("readme.txt", Token));
        Assert.Empty(await root.List("nowhere", Token));
        Assert.Null(await root.Find("model", Token));
        Assert.Equal(Blob, await root.Find("model/weights.bin", Token));
        Assert.Equal(2, await root.Delete("model", Token));
        Assert.Equal(0, await root.Delete("model", Token));
        Assert.Equal(1, await root.Delete("readme.txt", Token));
        Assert.Empty(await root.List("", Token));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a//b")]
    [InlineData("a%2e%2e/..%2fb")]
    [InlineData("file/below")]
    [InlineData("directory")]
    public async Task Put_ToABadPlace_IsRefused(string path)
    {
        var root = silo.Grains.GetGrain<IArtifactDirectoryGrain>($"0/{Guid.NewGuid():N}/artifacts");
        await root.Put("file", Blob, Token);
        await root.Put("directory/file", Blob, Token);

        var refused = await Assert.ThrowsAsync<MlopsException>(() => root.Put(path, Blob, Token));
        Assert.Equal((ErrorKind.InvalidInput, "path"), (refused.Kind, refused.Field));
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            yield return path[..slash];
        }
    }
}
