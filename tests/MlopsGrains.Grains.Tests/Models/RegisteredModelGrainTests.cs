using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains.Models;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Models;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Testing;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Tests.Models;

public sealed class RegisteredModelGrainTests(SiloFixture silo)
{
    private static readonly ModelSignature Signature = new([new TensorSpec("x", "FP32", [-1, 1])], [new TensorSpec("score", "FP32", [-1, 1])]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AddVersion_NewModel_CreatesItAndNumbersVersions()
    {
        var model = New();

        var first = await model.AddVersion(await Version(), Ct);
        var second = await model.AddVersion(await Version() with { Signature = Signature with { Classes = ["no", "yes"] } }, Ct);

        Assert.Equal((1, 2), (first.Version, second.Version));
        Assert.Equal(2, (await model.Get(Ct))!.LatestVersion);
        Assert.Equal([2, 1], (await model.ListVersions(Ct)).Select(v => v.Version));
        Assert.Equal(["no", "yes"], (await model.Resolve("2", Ct)).Signature!.Classes!);
        Assert.Null((await model.Resolve("1", Ct)).Signature!.Classes);
    }

    [Fact]
    public async Task AddVersion_SameKey_GivesTheStoredVersionBack()
    {
        var model = New();
        var version = await Version() with { IdempotencyKey = "run/step" };

        var first = await model.AddVersion(version, Ct);
        var again = await model.AddVersion(version, Ct);

        Assert.Equal((first.Version, first.CreatedAt), (again.Version, again.CreatedAt));
    }

    [Fact]
    public async Task Create_Existing_IsRefused()
    {
        var model = New();
        Assert.Equal("about", (await model.Create(new NewRegisteredModel("about"), Ct)).Description);

        Assert.Equal(ErrorKind.AlreadyExists, (await Assert.ThrowsAsync<MlopsException>(() => model.Create(new NewRegisteredModel(), Ct))).Kind);
        await model.AddVersion(await Version(), Ct);
        Assert.Equal("about", (await model.Get(Ct))!.Description);
    }

    [Fact]
    public async Task Alias_PointsAtOneVersionAndMoves()
    {
        var model = New();
        await model.AddVersion(await Version(), Ct);
        await model.AddVersion(await Version(), Ct);

        await model.SetAlias("champion", 1, Ct);
        Assert.Equal(1, (await model.Resolve("champion", Ct)).Version);
        await model.SetAlias("champion", 2, Ct);

        Assert.Equal(["champion"], (await model.Resolve("2", Ct)).Aliases);
        Assert.Empty((await model.Resolve("1", Ct)).Aliases);
        Assert.Equal(2, (await model.Resolve("latest", Ct)).Version);
        await model.DeleteAlias("champion", Ct);
        await model.DeleteAlias("champion", Ct);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => model.Resolve("champion", Ct))).Kind);
    }

    [Theory]
    [InlineData("latest")]
    [InlineData("LATEST")]
    [InlineData("v1")]
    [InlineData("V12")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a.b")]
    public async Task SetAlias_ReservedOrMalformed_IsRefused(string alias)
    {
        var model = New();
        await model.AddVersion(await Version(), Ct);

        Assert.Equal("alias", (await Assert.ThrowsAsync<MlopsException>(() => model.SetAlias(alias, 1, Ct))).Field);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("2")]
    [InlineData("-1")]
    [InlineData("nobody")]
    [InlineData("99999999999")]
    public async Task Resolve_Unknown_IsNotFound(string reference)
    {
        var model = New();
        await model.AddVersion(await Version(), Ct);

        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => model.Resolve(reference, Ct))).Kind);
    }

    [Fact]
    public async Task AddVersion_Malformed_NamesTheField()
    {
        var good = await Version();
        await Refused(good with { Format = "pickle" }, "format");
        await Refused(good with { Blob = new BlobRef(new string('0', 64), 1) }, "blob.digest");
        await Refused(good with { Blob = good.Blob with { Length = 1 } }, "blob.length");
        await Refused(good with { Signature = Signature with { Inputs = [] } }, "signature.inputs");
        await Refused(good with { Signature = Signature with { Inputs = [Signature.Inputs[0], Signature.Inputs[0]] } }, "signature.inputs[1].name");
        await Refused(good with { Signature = Signature with { Inputs = [new TensorSpec("x", "FLOAT", [-1, 1])] } }, "signature.inputs[0].datatype");
        await Refused(good with { Signature = Signature with { Inputs = [new TensorSpec("x", "FP32", [1, 1])] } }, "signature.inputs[0].shape");
        await Refused(good with { Metrics = new Dictionary<string, double> { ["auc"] = double.NaN } }, "metrics.auc");
        await Refused(good with { Description = new string('x', 5001) }, "description");
        await Refused(good with { IdempotencyKey = "" }, "idempotencyKey");
    }

    [Fact]
    public async Task Served_OutlivesDeletionAndRename_ByNumberAndFile()
    {
        var model = New();
        var first = await model.AddVersion(await Version("one"), Ct);
        var second = await model.AddVersion(await Version("two"), Ct);

        await model.DeleteVersion(1, Ct);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => model.Resolve("1", Ct))).Kind);
        Assert.Equal(first.Blob, (await model.Served(1, first.Blob!.Digest, Ct)).Blob);
        Assert.Equal(3, (await model.AddVersion(await Version("three"), Ct)).Version);

        var renamed = await model.Rename("r" + Guid.NewGuid().ToString("N"), Ct);
        Assert.Null(await model.Get(Ct));
        Assert.Equal(second.Blob, (await model.Served(2, second.Blob!.Digest, Ct)).Blob);
        Assert.Equal(second.Blob, (await silo.Grains.GetGrain<IRegisteredModelGrain>(renamed.Name).Served(2, second.Blob.Digest, Ct)).Blob);

        var anew = await model.AddVersion(await Version("anew"), Ct);
        Assert.Equal(1, anew.Version);
        Assert.Equal(first.Blob, (await model.Served(1, first.Blob.Digest, Ct)).Blob);
        Assert.Equal(anew.Blob, (await model.Served(1, anew.Blob!.Digest, Ct)).Blob);
        await model.Delete(Ct);
        Assert.Equal(anew.Blob, (await model.Served(1, anew.Blob.Digest, Ct)).Blob);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => model.Served(4, anew.Blob.Digest, Ct))).Kind);
    }

    [Fact]
    public async Task Copy_TakesTheFileAlong_AndDownloadsAsAnArtifact()
    {
        var (model, other) = (New(), New());
        var original = await model.AddVersion(await Version() with { Description = "d" }, Ct);
        await other.Create(new NewRegisteredModel(), Ct);

        var copy = await Registry.Register(other.GetPrimaryKeyString(), new NewSourcedVersion($"models:/{model.GetPrimaryKeyString()}/1"), Ct);

        Assert.Equal((original.Blob, original.Format, "r1"), (copy.Blob, copy.Format, copy.Lineage.RunId));
        Assert.Equal(original.Metrics, copy.Metrics);
        var uri = await other.DownloadUri(1, Ct);
        Assert.Equal(original.Source, uri);
        var files = await silo.Grains.GetGrain<IArtifactDirectoryGrain>(uri["mlflow-artifacts:/".Length..]).List("", Ct);
        Assert.Equal(original.Blob, Assert.Single(files).Blob);
    }

    [Fact]
    public async Task Changes_AreInTheAuditChain()
    {
        var model = New();
        var name = model.GetPrimaryKeyString();
        var audit = silo.Grains.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main);
        var before = (await audit.Verify(Ct)).Events;
        await model.AddVersion(await Version(), Ct);
        await model.Update("d", Ct);
        await model.SetTag("k", "v", Ct);
        await model.DeleteTag("k", Ct);
        await model.DeleteTag("k", Ct);
        await model.SetVersionTag(1, "k", "v", Ct);
        await model.DeleteVersionTag(1, "k", Ct);
        await model.UpdateVersion(1, "d", Ct);
        await model.SetStage(1, ModelStage.Staging, true, Ct);
        await model.SetAlias("a", 1, Ct);
        await model.DeleteAlias("a", Ct);
        await model.Rename(name + "2", Ct);
        var renamed = silo.Grains.GetGrain<IRegisteredModelGrain>(name + "2");
        await renamed.DeleteVersion(1, Ct);
        await renamed.Delete(Ct);

        var events = (await audit.Read(before, 1000, Ct)).Items.Where(e => e.Subject.StartsWith($"model/{name}", StringComparison.Ordinal)).Select(e => e.Action);
        Assert.Equal(
            [
                "model.created", "model-version.registered", "model.updated", "model-tag.set", "model-tag.deleted", "model-version.tag-set", "model-version.tag-deleted", "model-version.updated",
                "model-version.stage-set", "model-alias.set", "model-alias.deleted", "model.renamed", "model-version.deleted", "model.deleted",
            ],
            events);
    }

    [Fact]
    public async Task TwoModels_RenamedToEachOthersName_AreBothRefused()
    {
        var (a, b) = (New(), New());
        await a.Create(new NewRegisteredModel(), Ct);
        await b.Create(new NewRegisteredModel(), Ct);

        var results = await Task.WhenAll(Rename(a, b), Rename(b, a)).WaitAsync(TimeSpan.FromSeconds(20), Ct);

        Assert.All(results, e => Assert.Equal(ErrorKind.AlreadyExists, e.Kind));

        static Task<MlopsException> Rename(IRegisteredModelGrain model, IRegisteredModelGrain to) =>
            Assert.ThrowsAsync<MlopsException>(() => model.Rename(to.GetPrimaryKeyString(), Ct));
    }

    [Fact]
    public async Task Search_SeesWhatWasAnswered_UnderConcurrentWrites()
    {
        var prefix = "s" + Guid.NewGuid().ToString("N");
        await Parallel.ForAsync(0, 40, Ct, async (i, ct) =>
        {
            var name = $"{prefix}-{i % 8}";
            var version = await silo.Grains.GetGrain<IRegisteredModelGrain>(name).AddVersion(await Version(), ct);
            await silo.Grains.GetGrain<IRegisteredModelGrain>(name).SetVersionTag(version.Version, "k", $"{i}", ct);
            var found = await Registry.SearchVersions(new RegistryQuery($"name = '{name}' AND tags.k = '{i}'", [], 10), ct);
            Assert.Equal(version.Version, Assert.Single(found.Items).Version);
        });

        Assert.Equal(40, (await Registry.SearchVersions(new RegistryQuery($"name LIKE '{prefix}%'", [], 100), Ct)).Items.Count);
    }

    [Fact]
    public async Task Restart_FindsEverything_AndFinishesARenameThatWasCutShort()
    {
        using var directory = new TempDirectory();
        await using (var first = await SiloFixture.StartAsync(directory.Path))
        {
            await first.Client.GetGrain<IRegisteredModelGrain>("old").Create(new NewRegisteredModel("about"), Ct);
            await first.Client.GetGrain<IRegisteredModelGrain>("still").Create(new NewRegisteredModel(), Ct);
            await first.Client.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main).Register("old", new NewSourcedVersion("s3://b/m"), Ct);
        }

        // The name that it moves to is stored, and the process dies.
        await EditDocument(directory.Path, "old", d => d.RenamingTo = "new");
        await using var second = await SiloFixture.StartAsync(directory.Path);
        var registry = second.Client.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main);

        var models = await registry.SearchModels(new RegistryQuery(null, [], 10), Ct);
        models = await registry.SearchModels(new RegistryQuery(null, [], 10), Ct);

        Assert.Equal(["new", "still"], models.Items.Select(m => m.Name));
        Assert.Equal("about", models.Items[0].Description);
        Assert.Null(await second.Client.GetGrain<IRegisteredModelGrain>("old").Get(Ct));
        Assert.Equal("new", Assert.Single((await registry.SearchVersions(new RegistryQuery(null, [], 10), Ct)).Items).Model);
    }

    [Fact]
    public async Task EventsThatWereNotHandedOver_AreDeliveredAfterARestart()
    {
        using var directory = new TempDirectory();
        await using var receiver = new HttpReceiver();
        void Configure(ISiloBuilder silo) => silo.Services.Configure<WebhookOptions>(o => o.AllowHttp = o.AllowPrivateTargets = true);
        await using (var first = await SiloFixture.StartAsync(directory.Path, Configure))
        {
            await first.Client.GetGrain<IRegisteredModelGrain>("m").Create(new NewRegisteredModel("about"), Ct);
            await first.Client.GetGrain<IWebhooksGrain>(IWebhooksGrain.Main).Create(new NewWebhook("w", receiver.Address.AbsoluteUri, [new("REGISTERED_MODEL", "CREATED")]), Ct);
        }

        // The model and what is to be told of it are stored, and the process dies.
        await EditDocument(directory.Path, "m", d => d.Notices = [RegistryEvents.Created(d, "m")]);
        await using var second = await SiloFixture.StartAsync(directory.Path, Configure);

        await Eventually.Async(() => receiver.All.Count == 1, cancellationToken: Ct);
        Assert.Contains("\"about\"", receiver.All[0].Body, StringComparison.Ordinal);
        await second.Client.GetGrain<IRegisteredModelGrain>("m").Update("other", Ct);
        Assert.Single((await second.Client.GetGrain<IWebhooksGrain>(IWebhooksGrain.Main).List(10, null, Ct)).Items);
        Assert.Single(receiver.All);
    }

    private static async Task EditDocument(string directory, string model, Action<RegisteredModelDocument> edit)
    {
        await using var records = await SqliteStore.OpenAsync(new() { Path = Path.Combine(directory, "mlops.db") }, Ct);
        var stored = (await records.ReadAsync("registered-model", "registered-model/" + model, Ct))!;
        var document = JsonSerializer.Deserialize<RegisteredModelDocument>(stored.Payload!.Value.Span)!;
        edit(document);
        Assert.NotNull(await records.WriteAsync("registered-model", "registered-model/" + model, stored.Version, JsonSerializer.SerializeToUtf8Bytes(document), [], Ct));
    }

    private IModelRegistryGrain Registry => silo.Grains.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main);

    private async Task Refused(NewModelVersion version, string field)
    {
        var model = New();

        Assert.Equal(field, (await Assert.ThrowsAsync<MlopsException>(() => model.AddVersion(version, Ct))).Field);
        Assert.Null(await model.Get(Ct));
    }

    private IRegisteredModelGrain New() => silo.Grains.GetGrain<IRegisteredModelGrain>("m" + Guid.NewGuid().ToString("N"));

    private async Task<NewModelVersion> Version(string content = "a model")
    {
        var blob = await silo.Services.GetRequiredService<IBlobs>().WriteAsync(new MemoryStream(Encoding.UTF8.GetBytes(content)), 1 << 20, Ct);
        return new NewModelVersion("mlnet", blob, Signature, new ModelLineage(RunId: "r1"), new Dictionary<string, double> { ["auc"] = 0.9 });
    }
}
