using System.Text.Json;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Models;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Tests.Models;

public sealed class RegisteredModelDocumentTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>As the first release stored it.</summary>
    private const string FirstRelease = """
        {"Description":null,"CreatedAt":"2026-11-20T10:00:00+00:00","UpdatedAt":"2026-11-20T10:05:00+00:00",
        "Signatures":[{"Inputs":[{"Name":"x","Datatype":"FP32","Shape":[-1,1]}],"Outputs":[{"Name":"score","Datatype":"FP32","Shape":[-1,1]}],"Classes":null}],
        "Versions":[{"Version":1,"Format":"mlnet","Blob":{"Digest":"aa","Length":7},"Signature":0,"Lineage":{"RunId":"r1","ExperimentId":"1","PipelineRunId":null,"Dataset":null,
        "DatasetVersion":null,"DatasetDigest":null,"TrainingDataDigest":null,"CodeVersion":null,"Environment":null,"Seed":5},"Metrics":{"auc":0.9},"Description":null,
        "IdempotencyKey":"k","CreatedAt":"2026-11-20T10:00:00+00:00","CreatedBy":"platform"}],"Aliases":{"challenger":1},"Exists":true}
        """;

    [Fact]
    public void DocumentOfTheFirstRelease_IsReadable_AndGoesOn()
    {
        var document = JsonSerializer.Deserialize<RegisteredModelDocument>(FirstRelease)!;

        Assert.True(document.Exists);
        var version = document.View("m", document.Resolve("m", "challenger"));
        Assert.Equal((1, "mlnet", 7L, "r1", ModelStage.None), (version.Version, version.Format, version.Blob!.Length, version.Lineage.RunId, version.Stage));
        Assert.Equal("mlflow-artifacts:/model-files/aa/artifacts", version.Source);
        Assert.Equal(version.CreatedAt, version.UpdatedAt);
        Assert.Equal("FP32", version.Signature!.Inputs[0].Datatype);
        Assert.Empty(version.Tags);
        Assert.Empty(document.View("m").Tags);
        Assert.Equal(2, document.Add(Sourced(), "s3://b/m", null, "ada", Now).Version);
        Assert.Equal(1, document.FindByKey("k")!.Version);
    }

    [Fact]
    public void VersionsDescription_LeavesTheModelsTimeAlone_AndItsSearchesSeeIt()
    {
        var document = new RegisteredModelDocument();
        document.Create(new NewRegisteredModel(), "ada", Now);
        var version = document.Add(Sourced(), "s3://b/m", null, "ada", Now);
        var change = document.Change;

        document.UpdateVersion(version, "better", Now.AddHours(1));

        Assert.Equal((Now, Now.AddHours(1)), (document.View("m").UpdatedAt, document.View("m", document.Find(1)!).UpdatedAt));
        Assert.True(document.Change > change);
    }

    [Fact]
    public void Document_SurvivesStorage_WithEverythingInIt()
    {
        var document = Filled();
        document.SetStage(document.Find(1)!, ModelStage.Production, false, Now);
        document.DeleteVersion("m", document.Find(2)!, Now);

        var read = JsonSerializer.Deserialize<RegisteredModelDocument>(JsonSerializer.Serialize(document))!;

        Assert.Equal(JsonSerializer.Serialize(document), JsonSerializer.Serialize(read));
        Assert.Equal(4, read.Add(Sourced(), "x", null, "ada", Now).Version);
    }

    [Fact]
    public void DeletingTheNewest_DoesNotGiveItsNumberAgain()
    {
        var document = Filled();
        document.SetAlias("a", 3, Now);

        document.DeleteVersion("m", document.Find(3)!, Now);

        Assert.Empty(document.Aliases);
        Assert.Equal(2, document.View("m").LatestVersion);
        Assert.Equal(2, document.Resolve("m", "latest").Version);
        Assert.Equal(2, document.Resolve("m", "@latest").Version);
        Assert.Equal(4, document.Add(Sourced(), "x", null, "ada", Now).Version);
    }

    [Fact]
    public void Texts_HaveALimitInAll()
    {
        var document = Filled();
        var text = new string('x', RegistryLimits.TagValueLengthMax);
        var refused = Assert.Throws<MlopsException>(() =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                document.SetTag($"k{i}", text, Now);
            }
        });

        Assert.Equal(ErrorKind.Conflict, refused.Kind);
        Assert.Contains($"{RegisteredModelDocument.TextBytesMax}", refused.Message, StringComparison.Ordinal);
        Assert.InRange(JsonSerializer.SerializeToUtf8Bytes(document).Length, RegisteredModelDocument.TextBytesMax / 2, 30 * 1024 * 1024);
        document.DeleteTag("k0", Now);
        document.SetTag("k0", text, Now);
        Assert.Throws<MlopsException>(() => document.SetTag("kü", new string('ü', 50_000), Now));
    }

    [Fact]
    public void WithdrawnVersions_AreBounded()
    {
        var document = new RegisteredModelDocument();
        for (var i = 0; i < RegisteredModelDocument.WithdrawnMax + 5; i++)
        {
            var version = document.Add(WithFile(i), "ada", Now);
            document.DeleteVersion("m", version, Now);
        }

        Assert.Equal(RegisteredModelDocument.WithdrawnMax, document.Withdrawn.Count);
        Assert.Equal(6, document.Withdrawn[0].Version);
    }

    [Fact]
    public void Versions_HaveALimit()
    {
        var document = new RegisteredModelDocument();
        document.Create(new NewRegisteredModel(), "ada", Now);
        for (var i = 0; i < RegistryLimits.VersionsMax; i++)
        {
            document.Versions.Add(new StoredModelVersion(i + 1, "mlflow", null, null, new ModelLineage(), new Dictionary<string, double>(), null, null, Now, "ada") { Source = "s", Location = "s" });
        }

        var refused = Assert.Throws<MlopsException>(() => document.Add(Sourced(), "x", null, "ada", Now));

        Assert.Contains("10000", refused.Message, StringComparison.Ordinal);
        Assert.Equal(RegistryLimits.VersionsMax, document.Versions.Count);
    }

    private static RegisteredModelDocument Filled()
    {
        var document = new RegisteredModelDocument();
        document.Add(WithFile(1), "ada", Now);
        document.Add(WithFile(2), "ada", Now);
        document.Add(Sourced(), "s3://b/m", null, "ada", Now);
        return document;
    }

    private static NewSourcedVersion Sourced() => new("s3://b/m", "r", "link", null, "d", new Dictionary<string, string> { ["b"] = "1", ["a"] = "2" });

    private static NewModelVersion WithFile(int seed) => new(
        "mlnet", new BlobRef($"d{seed}", seed), new ModelSignature([new TensorSpec("x", "FP32", [-1, 1])], [new TensorSpec("y", "FP32", [-1, 1])]), new ModelLineage(), new Dictionary<string, double>());
}
