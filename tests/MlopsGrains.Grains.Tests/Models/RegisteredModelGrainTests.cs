using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Models;

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
        Assert.Equal(["no", "yes"], (await model.Resolve("2", Ct)).Signature.Classes!);
        Assert.Null((await model.Resolve("1", Ct)).Signature.Classes);
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
        Assert.Equal("about", (await model.Create("about", Ct)).Description);

        Assert.Equal(ErrorKind.AlreadyExists, (await Assert.ThrowsAsync<MlopsException>(() => model.Create(null, Ct))).Kind);
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
    [InlineData("7")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a.b")]
    [InlineData("ä")]
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

    private async Task Refused(NewModelVersion version, string field)
    {
        var model = New();

        Assert.Equal(field, (await Assert.ThrowsAsync<MlopsException>(() => model.AddVersion(version, Ct))).Field);
        Assert.Null(await model.Get(Ct));
    }

    private IRegisteredModelGrain New() => silo.Grains.GetGrain<IRegisteredModelGrain>("m" + Guid.NewGuid().ToString("N"));

    private async Task<NewModelVersion> Version()
    {
        var blob = await silo.Services.GetRequiredService<IBlobs>().WriteAsync(new MemoryStream(Encoding.UTF8.GetBytes("a model")), 1 << 20, Ct);
        return new NewModelVersion("mlnet", blob, Signature, new ModelLineage(RunId: "r1"), new Dictionary<string, double> { ["auc"] = 0.9 });
    }
}
