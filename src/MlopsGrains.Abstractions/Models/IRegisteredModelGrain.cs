namespace MlopsGrains.Models;

/// <summary>
/// A registered model, its versions, tags and aliases. The key is the model's name. Versions are numbered 1, 2, 3 … and a number is never given twice while the
/// model exists. A prompt is a registered model with the tag <see cref="RegisteredModel.PromptTag"/>.
/// </summary>
[GrainInterfaceType("registered-model")]
public interface IRegisteredModelGrain : IGrainWithStringKey
{
    /// <summary>Creates the model; an existing one is refused (<see cref="Errors.ErrorKind.AlreadyExists"/>).</summary>
    [Alias("Create")]
    Task<RegisteredModel> Create(NewRegisteredModel model, CancellationToken cancellationToken = default);

    /// <summary>The model, or <see langword="null"/>.</summary>
    [Alias("Get"), ReadOnly]
    Task<RegisteredModel?> Get(CancellationToken cancellationToken = default);

    /// <summary>Changes the description (at most 5,000 characters).</summary>
    [Alias("Update")]
    Task<RegisteredModel> Update(string description, CancellationToken cancellationToken = default);

    /// <summary>Names the job elsewhere that deploys the model (at most 500 characters).</summary>
    [Alias("SetDeploymentJob")]
    Task<RegisteredModel> SetDeploymentJob(string jobId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Gives the model another name, which must be free (<see cref="Errors.ErrorKind.AlreadyExists"/>). Versions, tags and aliases move with it; what is deployed
    /// under the old name goes on being served.
    /// </summary>
    [Alias("Rename"), ResponseTimeout("00:01:00")]
    Task<RegisteredModel> Rename(string newName, CancellationToken cancellationToken = default);

    /// <summary>Removes the model with its versions, tags and aliases; what is deployed goes on being served.</summary>
    [Alias("Delete")]
    Task Delete(CancellationToken cancellationToken = default);

    /// <summary>Sets a tag: key at most 250 characters, value at most 100,000.</summary>
    [Alias("SetTag")]
    Task SetTag(string key, string value, CancellationToken cancellationToken = default);

    /// <summary>Removes a tag; removing an absent one changes nothing.</summary>
    [Alias("DeleteTag")]
    Task DeleteTag(string key, CancellationToken cancellationToken = default);

    /// <summary>
    /// Registers a version with its model file; creates the model when it is new. The same <see cref="NewModelVersion.IdempotencyKey"/> again gives the
    /// stored version back.
    /// </summary>
    [Alias("AddVersion")]
    Task<ModelVersion> AddVersion(NewModelVersion version, CancellationToken cancellationToken = default);

    /// <summary>
    /// The version that <paramref name="reference"/> names: a number (<c>3</c>), an alias (<c>challenger</c>, <c>@challenger</c>; one of digits only with
    /// its <c>@</c>) or <c>latest</c>; throws not found when there is none.
    /// </summary>
    [Alias("Resolve"), ReadOnly]
    Task<ModelVersion> Resolve(string reference, CancellationToken cancellationToken = default);

    /// <summary>All versions, newest first.</summary>
    [Alias("ListVersions"), ReadOnly]
    Task<IReadOnlyList<ModelVersion>> ListVersions(CancellationToken cancellationToken = default);

    /// <summary>
    /// The version of this number and file for who serves it already: also when it, or the model, was deleted or renamed since. Of versions that are gone, the
    /// newest 1,000 are kept for this.
    /// </summary>
    [Alias("Served"), ReadOnly]
    Task<ModelVersion> Served(int version, string digest, CancellationToken cancellationToken = default);

    /// <summary>Where a version's files are, as a URI: the platform's own (<c>mlflow-artifacts:/…</c>) or what it was registered with.</summary>
    [Alias("DownloadUri")]
    Task<string> DownloadUri(int version, CancellationToken cancellationToken = default);

    /// <summary>Changes a version's description (at most 5,000 characters).</summary>
    [Alias("UpdateVersion")]
    Task<ModelVersion> UpdateVersion(int version, string description, CancellationToken cancellationToken = default);

    /// <summary>Removes a version with its aliases and tags. Its number is not given again; what is deployed goes on being served.</summary>
    [Alias("DeleteVersion")]
    Task DeleteVersion(int version, CancellationToken cancellationToken = default);

    /// <summary>Moves a version to a stage; <paramref name="archiveExisting"/> (only to staging and production) archives the others that are there.</summary>
    [Alias("SetStage")]
    Task<ModelVersion> SetStage(int version, ModelStage stage, bool archiveExisting, CancellationToken cancellationToken = default);

    /// <summary>Sets a version's tag: key at most 250 characters, value at most 100,000.</summary>
    [Alias("SetVersionTag")]
    Task SetVersionTag(int version, string key, string value, CancellationToken cancellationToken = default);

    /// <summary>Removes a version's tag; removing an absent one changes nothing.</summary>
    [Alias("DeleteVersionTag")]
    Task DeleteVersionTag(int version, string key, CancellationToken cancellationToken = default);

    /// <summary>Points an alias at a version, away from any other. Aliases: letters, digits, <c>_</c> and <c>-</c>; not <c>latest</c>, not a number, not <c>v</c> and digits.</summary>
    [Alias("SetAlias")]
    Task SetAlias(string alias, int version, CancellationToken cancellationToken = default);

    /// <summary>Removes an alias; removing an absent one changes nothing.</summary>
    [Alias("DeleteAlias")]
    Task DeleteAlias(string alias, CancellationToken cancellationToken = default);
}
