using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments;

namespace MlopsGrains.Grains.Tests.Experiments.Artifacts;

/// <summary>Where an experiment's artifacts may lie: an address that nobody could read from or remove later is refused when it is made.</summary>
public sealed class ArtifactLocationTests
{
    [Theory]
    [InlineData("mlflow-artifacts:/a/../b")]
    [InlineData("mlflow-artifacts:/..")]
    [InlineData("mlflow-artifacts:..")]
    [InlineData("mlflow-artifacts://host/a/..")]
    [InlineData("MLFLOW-ARTIFACTS:/a/..")]
    [InlineData("mlflow-artifacts:/a/%2e%2e/b")]
    [InlineData("mlflow-artifacts:/a/%252e%252E/b")]
    [InlineData("mlflow-artifacts:/a/./b")]
    [InlineData("mlflow-artifacts:/a//b")]
    [InlineData("mlflow-artifacts:/a\\b")]
    [InlineData("s3://bucket/a/../b")]
    [InlineData("s3://bucket/%2e%2e")]
    [InlineData("s3://bucket/%252e%252e/b")]
    [InlineData("file:///data/..")]
    [InlineData("../data")]
    [InlineData("C:\\data\\..\\windows")]
    public void ThatClimbs_IsRefused(string location) => Refused(location);

    [Fact]
    public void WhereRunsWouldHaveAddressesThatAreTooLong_IsRefused()
    {
        Refused("mlflow-artifacts:/".PadRight(1024, 'a'));
        Assert.Equal(900, Make("mlflow-artifacts:/".PadRight(900, 'a')).ArtifactLocation.Length);
    }

    [Theory]
    [InlineData("mlflow-artifacts:/a/dog%step")]
    [InlineData("mlflow-artifacts:/a..b/")]
    [InlineData("s3://bucket/v1..2/x?versionId=1")]
    [InlineData("file:///data/.hidden")]
    [InlineData("./mlruns")]
    [InlineData("/data//models")]
    [InlineData("dbfs:/a")]
    public void OfAnyOtherForm_IsKept(string location) => Assert.Equal(location.TrimEnd('/'), Make(location).ArtifactLocation);

    private static void Refused(string location)
    {
        var refusal = Assert.Throws<MlopsException>(() => Make(location));
        Assert.Equal((ErrorKind.InvalidInput, "artifactLocation"), (refusal.Kind, refusal.Field));
    }

    private static Experiment Make(string location) => ExperimentRules.Make(1, new NewExperiment("n", location), DateTimeOffset.UnixEpoch);
}
