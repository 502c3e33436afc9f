namespace MlopsGrains.Models;

/// <summary>A registered model's head.</summary>
/// <param name="Name">1–256 characters, without <c>/</c> and <c>:</c>.</param>
/// <param name="Description">Free text; <see langword="null"/> when none was ever given.</param>
/// <param name="LatestVersion">The highest number that exists; 0 without versions.</param>
/// <param name="Aliases">Version numbers by alias.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="UpdatedAt">When it, or one of its versions, last changed.</param>
/// <param name="Tags">Tags in the order of their keys.</param>
/// <param name="CreatedBy">Who created it; <see langword="null"/> when that was not recorded.</param>
/// <param name="LatestByStage">The newest version of each stage that has one, in the order of the stages.</param>
/// <param name="DeploymentJobId">The job elsewhere that deploys it, as MLflow's clients name it; <see langword="null"/> when none was ever given.</param>
[GenerateSerializer, Immutable, Alias("mlops.RegisteredModel")]
public sealed record RegisteredModel(
    [property: Id(0)] string Name,
    [property: Id(1)] string? Description,
    [property: Id(2)] int LatestVersion,
    [property: Id(3)] IReadOnlyDictionary<string, int> Aliases,
    [property: Id(4)] DateTimeOffset CreatedAt,
    [property: Id(5)] DateTimeOffset UpdatedAt,
    [property: Id(6)] IReadOnlyDictionary<string, string> Tags,
    [property: Id(7)] string? CreatedBy,
    [property: Id(8)] IReadOnlyList<ModelVersion> LatestByStage,
    [property: Id(9)] string? DeploymentJobId = null)
{
    /// <summary>The tag that makes a registered model, or a version, a prompt when its value is <c>true</c>.</summary>
    public const string PromptTag = "mlflow.prompt.is_prompt";
}

/// <summary>A model to create.</summary>
/// <param name="Description">Free text, at most 5,000 characters.</param>
/// <param name="Tags">At most 1,000 tags: keys of at most 250 characters, values of at most 100,000.</param>
/// <param name="DeploymentJobId">The job elsewhere that deploys it, at most 500 characters.</param>
[GenerateSerializer, Immutable, Alias("mlops.NewRegisteredModel")]
public sealed record NewRegisteredModel(
    [property: Id(0)] string? Description = null,
    [property: Id(1)] IReadOnlyDictionary<string, string>? Tags = null,
    [property: Id(2)] string? DeploymentJobId = null);
