using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Models;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Deployments;

public sealed class DeploymentGrainTests(SiloFixture silo)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IScorerGrain Scorer => silo.Grains.GetGrain<IScorerGrain>(0);

    [Fact]
    public async Task Deploy_Redeploy_IsServedWithinASecond()
    {
        var (name, deployment, model) = await New(versions: 2);
        await deployment.Deploy(new DeployRequest(model, "1"), Ct);
        Assert.Equal("1", (await Scorer.Infer(name, null, Row(), Ct)).ModelVersion);

        var after = await deployment.Deploy(new DeployRequest(model, "latest"), Ct);

        Assert.Equal((2, 2), (after.Revisions.Count, after.Revisions[1].ModelVersion));
        await Eventually.Async(async () => (await Scorer.Infer(name, null, Row(), Ct)).ModelVersion == "2", TimeSpan.FromSeconds(1), Ct);
        Assert.Equal("1", (await Scorer.Infer(name, "1", Row(), Ct)).ModelVersion);
    }

    [Fact]
    public async Task Deploy_WhatServesAlready_ChangesNothing()
    {
        var (_, deployment, model) = await New();
        await silo.Grains.GetGrain<IRegisteredModelGrain>(model).SetAlias("champion", 1, Ct);

        var first = await deployment.Deploy(new DeployRequest(model, "champion"), Ct);
        var again = await deployment.Deploy(new DeployRequest(model, "1"), Ct);

        Assert.Equal((first.UpdatedAt, 1), (again.UpdatedAt, again.Revisions.Count));
    }

    [Fact]
    public async Task Infer_ANewVersionByNumber_IsFoundAtOnce()
    {
        var (name, deployment, model) = await New(versions: 2);
        await deployment.Deploy(new DeployRequest(model, "1"), Ct);
        await Scorer.Infer(name, null, Row(), Ct);

        await deployment.Deploy(new DeployRequest(model, "2"), Ct);

        Assert.Equal("2", (await Scorer.Infer(name, "2", Row(), Ct)).ModelVersion);
        Assert.Equal(["2", "1"], (await Scorer.Describe(name, null, Ct)).Versions);
    }

    [Fact]
    public async Task Traffic_SplitAndRollback_RouteByRevision()
    {
        var (name, deployment, model) = await New(versions: 2);
        await deployment.Deploy(new DeployRequest(model, "1"), Ct);
        await deployment.Deploy(new DeployRequest(model, "2"), Ct);

        var split = await deployment.SetTraffic([new(2, 50), new(1, 50)], Ct);
        Assert.Equal([new(1, 50), new(2, 50)], split.Traffic);
        var seen = new HashSet<string>();
        await Eventually.Async(async () => seen.Add((await Scorer.Infer(name, null, Row(), Ct)).ModelVersion) | seen.Count == 2, TimeSpan.FromSeconds(5), Ct);

        var back = await deployment.Rollback(Ct);
        Assert.Equal([new(1, 100)], back.Traffic);
        Assert.Equal(ErrorKind.Conflict, (await Assert.ThrowsAsync<MlopsException>(() => deployment.Rollback(Ct))).Kind);
    }

    [Fact]
    public async Task Deploy_WhatCannotBeServed_LeavesTheOldRevisionServing()
    {
        var (name, deployment, model) = await New();
        await deployment.Deploy(new DeployRequest(model, "1"), Ct);
        var blob = await Upload([1, 2, 3]);
        await silo.Grains.GetGrain<IRegisteredModelGrain>(model).AddVersion(Version(blob, TinyModels.Iris().Signature), Ct);

        Assert.Equal(ErrorKind.Conflict, (await Assert.ThrowsAsync<MlopsException>(() => deployment.Deploy(new DeployRequest(model, "2"), Ct))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => deployment.Deploy(new DeployRequest(model, "9"), Ct))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => deployment.Deploy(new DeployRequest("nobody", "1"), Ct))).Kind);

        Assert.Single((await deployment.Get(Ct))!.Revisions);
        Assert.Equal("1", (await Scorer.Infer(name, null, Row(), Ct)).ModelVersion);
    }

    [Fact]
    public async Task Infer_UnknownDeploymentOrVersion_IsNotFound()
    {
        var (name, deployment, model) = await New();
        await deployment.Deploy(new DeployRequest(model, "1"), Ct);

        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => Scorer.Infer("nobody", null, Row(), Ct))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => Scorer.Infer("no body", null, Row(), Ct))).Kind);
        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<MlopsException>(() => Scorer.Infer(name, "7", Row(), Ct))).Kind);
    }

    private static InferenceRequest Row() => new([.. TinyModels.IrisColumns().Select(c => new Tensor(c.Name, "FP32", [1], c.Values[..1]))]);

    private static NewModelVersion Version(BlobRef blob, ModelSignature signature) => new("mlnet", blob, signature, new ModelLineage(), new Dictionary<string, double>());

    private async Task<(string Name, IDeploymentGrain Deployment, string Model)> New(int versions = 1)
    {
        var name = "s" + Guid.NewGuid().ToString("N");
        var (file, signature) = TinyModels.Iris(5);
        var blob = await Upload(file);
        for (var i = 0; i < versions; i++)
        {
            await silo.Grains.GetGrain<IRegisteredModelGrain>(name).AddVersion(Version(blob, signature), Ct);
        }

        return (name, silo.Grains.GetGrain<IDeploymentGrain>(name), name);
    }

    private Task<BlobRef> Upload(byte[] file) => silo.Services.GetRequiredService<IBlobs>().WriteAsync(new MemoryStream(file), 1 << 24, Ct);
}
