using MlopsGrains.Grains.Models;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Tests.Models;

public sealed class RegistryIndexTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("")]
    [InlineData("name DESC")]
    [InlineData("version_number ASC")]
    [InlineData("creation_timestamp DESC,name DESC")]
    public void Pages_AreTheWholeOrder_ForAnySize(string order)
    {
        var random = new Random(5);
        var index = new RegistryIndex();
        for (var m = 0; m < 20; m++)
        {
            Fill(index, $"m{m}", random.Next(30), _ => Start.AddSeconds(random.Next(5)));
        }

        var keys = order.Split(',', StringSplitOptions.RemoveEmptyEntries);
        var all = index.SearchVersions(new RegistryQuery("version_number > 3", keys, 5_000)).Items.Select(v => (v.Model, v.Version)).ToList();

        foreach (var size in new[] { 1, 7, 50 })
        {
            Assert.Equal(all, Read(index, new RegistryQuery("version_number > 3", keys, size)).Select(v => (v.Model, v.Version)));
        }

        Assert.Equal(all.Count, all.Distinct().Count());
    }

    [Fact]
    public void TwoHundredThousandVersions_AreReadWhole()
    {
        var index = new RegistryIndex();
        for (var m = 0; m < 200; m++)
        {
            Fill(index, $"m{m:000}", 1_000, v => Start.AddSeconds(v));
        }

        var all = Read(index, new RegistryQuery("source_path LIKE 's3://%'", ["name", "version_number ASC"], 5_000)).ToList();

        Assert.Equal(200_000, all.Count);
        Assert.Equal(("m199", 1_000), (all[^1].Model, all[^1].Version));
    }

    [Fact]
    public void LargeItems_EndAPageEarly()
    {
        var index = new RegistryIndex();
        var tags = new Dictionary<string, string> { ["text"] = new string('x', 100_000) };
        index.Apply("p", new RegistryChanges(1, Head("p"), true, [.. Enumerable.Range(1, 200).Select(v => Version("p", v, Start) with { Tags = tags })]));

        var page = index.SearchVersions(new RegistryQuery(null, [], 5_000));

        Assert.InRange(page.Items.Count, 50, 100);
        Assert.NotNull(page.NextPageToken);
        Assert.Equal(200, Read(index, new RegistryQuery(null, [], 5_000)).Count());
    }

    [Fact]
    public void Changes_ReplaceResetAndRemove()
    {
        var index = new RegistryIndex();
        Fill(index, "m", 3, _ => Start);
        index.Apply("m", new RegistryChanges(8, Head("m"), false, [Version("m", 2, Start.AddDays(1))]));
        Assert.Equal((8, 2), (index.ChangeOf("m"), index.SearchVersions(new RegistryQuery(null, [], 10)).Items[0].Version));

        index.Apply("m", new RegistryChanges(9, Head("m"), true, [Version("m", 1, Start)]));
        Assert.Single(index.SearchVersions(new RegistryQuery(null, [], 10)).Items);

        index.Apply("m", new RegistryChanges(10, null, true, []));
        Assert.Empty(index.SearchModels(new RegistryQuery(null, [], 10)).Items);
        Assert.Equal(0, index.ChangeOf("m"));
    }

    private static IEnumerable<ModelVersion> Read(RegistryIndex index, RegistryQuery query)
    {
        string? token = null;
        do
        {
            var page = index.SearchVersions(query with { PageToken = token });
            foreach (var version in page.Items)
            {
                yield return version;
            }

            token = page.NextPageToken;
        }
        while (token is not null);
    }

    private static void Fill(RegistryIndex index, string name, int versions, Func<int, DateTimeOffset> time) =>
        index.Apply(name, new RegistryChanges(1, Head(name), true, [.. Enumerable.Range(1, versions).Select(v => Version(name, v, time(v)))]));

    private static RegisteredModel Head(string name) => new(name, null, 1, new Dictionary<string, int>(), Start, Start, ModelTags.None, "ada", []);

    private static ModelVersion Version(string model, int version, DateTimeOffset time) => new(
        model, version, "mlflow", null, null, new ModelLineage(), new Dictionary<string, double>(), null, [], time, "ada", time, ModelTags.None, ModelStage.None, "s3://bucket/model", null, null);
}
