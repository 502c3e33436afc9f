using CsCheck;
using MlopsGrains.Catalogs;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Catalogs;

namespace MlopsGrains.Grains.Tests.Catalogs;

public sealed class CatalogStateTests(SiloFixture silo)
{
    [Fact]
    public void Pages_AfterAnyChanges_AreTheSortedNames() =>
        Gen.Select(Gen.Select(Gen.Bool, Gen.String[Gen.Char['a', 'e'], 1, 3]).Array[0, 60], Gen.Int[1, 7]).Sample((changes, limit) =>
        {
            var (state, model) = (new CatalogState(), new SortedSet<string>(StringComparer.Ordinal));
            foreach (var (add, name) in changes)
            {
                state.Apply(add ? new NameAdded(name) : new NameRemoved(name));
                _ = add ? model.Add(name) : model.Remove(name);
            }

            var (walked, after) = (new List<string>(), (string?)null);
            do
            {
                var page = state.List(after, limit);
                walked.AddRange(page.Items);
                after = page.NextPageToken;
            }
            while (after is not null);
            Assert.Equal(model, walked);
        });

    [Fact]
    public async Task Names_SurviveADeactivation()
    {
        var token = TestContext.Current.CancellationToken;
        var catalog = silo.Grains.GetGrain<ICatalogGrain>($"test/{Guid.NewGuid():N}");
        await catalog.Add("b", token);
        await catalog.Add("a", token);
        await catalog.Add("a", token);
        await catalog.Remove("b", token);
        await catalog.Add("c", token);

        await silo.Cluster.DeactivateAsync(catalog);

        Assert.Equal(["a", "c"], (await catalog.List(null, 10, token)).Items);
        Assert.Equal("limit", (await Assert.ThrowsAsync<MlopsException>(() => catalog.List(null, 0, token))).Field);
        Assert.Equal("name", (await Assert.ThrowsAsync<MlopsException>(() => catalog.Add("", token))).Field);
    }
}
