using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Documents;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>
/// The stored document and its rules. Signatures are kept once each, because nearly all versions of a model share one and a wide one is most of a version's size.
/// A method checks before it changes anything.
/// </summary>
internal sealed class RegisteredModelDocument : StoredDocument
{
    /// <summary>Versions that are gone but may still be served.</summary>
    public const int WithdrawnMax = 1_000;

    /// <summary>Bytes of all texts in the stored form; with the rest they fit a record.</summary>
    public const int TextBytesMax = 20 * 1024 * 1024;

    private static readonly SearchValues<char> WrittenAsTheyAre = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz .,-_/:");

    public string? Description { get; set; }

    public string? DeploymentJobId { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public string? CreatedBy { get; set; }

    /// <summary>The <see cref="MlopsGrains.Identity.RequestKey"/> of its creation, if that had one.</summary>
    public string? CreatedByRequest { get; set; }

    public DateTimeOffset UpdatedAt { get; set; }

    public IReadOnlyDictionary<string, string> Tags { get; set; } = ModelTags.None;

    public List<ModelSignature> Signatures { get; set; } = [];

    /// <summary>In the order of their numbers.</summary>
    public List<StoredModelVersion> Versions { get; set; } = [];

    public SortedDictionary<string, int> Aliases { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The highest number that was ever given; documents of the first release, which lost no versions, do not have it.</summary>
    public int LastNumber { get; set; }

    /// <summary>Counts the changes under this name, also across deletion, so that the index knows what it has seen.</summary>
    public long Change { get; set; }

    /// <summary>The last change that took versions away or brought others: what was seen before it is of no use.</summary>
    public long ResetChange { get; set; }

    /// <summary>What this name stood for and may still be served, oldest first.</summary>
    public List<ModelVersion> Withdrawn { get; set; } = [];

    /// <summary>The name that this model is moving to.</summary>
    public string? RenamingTo { get; set; }

    /// <summary>The name and change that this document came from by a rename.</summary>
    public string? AdoptedFrom { get; set; }

    [JsonIgnore]
    public bool Exists => CreatedAt != default;

    [JsonIgnore]
    public bool IsPrompt => ModelTags.IsPrompt(Tags);

    /// <summary>What happened and is not known to be in the webhooks' outbox yet.</summary>
    public List<WebhookEvent> Notices { get; set; } = [];

    public void Create(NewRegisteredModel model, string actor, DateTimeOffset now)
    {
        CheckRoom(Weight(model.Description) + Weight(model.Tags));
        (Description, DeploymentJobId) = (model.Description, model.DeploymentJobId);
        Tags = ModelTags.Of(model.Tags);
        (CreatedAt, CreatedBy) = (now, actor);
        Touch(now);
    }

    public void Update(string description, DateTimeOffset now)
    {
        CheckRoom(Weight(description) - Weight(Description));
        Description = description;
        Touch(now);
    }

    public void SetDeploymentJob(string jobId, DateTimeOffset now)
    {
        DeploymentJobId = jobId;
        Touch(now);
    }

    public void SetTag(string key, string value, DateTimeOffset now)
    {
        CheckRoom(Weight(key) + Weight(value) - Weight(Tags.GetValueOrDefault(key)));
        Tags = ModelTags.With(Tags, key, value);
        Touch(now);
    }

    public void DeleteTag(string key, DateTimeOffset now)
    {
        Tags = ModelTags.Without(Tags, key);
        Touch(now);
    }

    /// <summary>Forgets the model but not what may still be served under this name.</summary>
    public void Delete(string name)
    {
        foreach (var version in Versions)
        {
            Withdraw(name, version);
        }

        (Description, DeploymentJobId) = (null, null);
        (CreatedAt, CreatedBy, CreatedByRequest, UpdatedAt) = (default, null, null, default);
        Tags = ModelTags.None;
        Signatures = [];
        Versions = [];
        Aliases.Clear();
        LastNumber = 0;
        RenamingTo = null;
        ResetChange = ++Change;
    }

    /// <summary>Becomes what <paramref name="other"/> was, under another name; keeps what this name stood for before.</summary>
    public void Adopt(RegisteredModelDocument other, string from, DateTimeOffset now)
    {
        (Description, DeploymentJobId, CreatedAt, CreatedBy, Tags) = (other.Description, other.DeploymentJobId, other.CreatedAt, other.CreatedBy, other.Tags);
        (Signatures, Aliases, LastNumber) = (other.Signatures, other.Aliases, other.LastNumber);
        Versions = other.Versions;
        AdoptedFrom = from;
        Change = Math.Max(Change, other.Change);
        Notices.AddRange(other.Notices);
        Touch(now);
        ResetChange = Change;
    }

    public StoredModelVersion? FindByKey(string? idempotencyKey) =>
        idempotencyKey is null ? null : Versions.FindLast(v => v.IdempotencyKey == idempotencyKey);

    /// <summary>A version with its file.</summary>
    public StoredModelVersion Add(NewModelVersion version, string actor, DateTimeOffset now)
    {
        CheckNext(Weight(version.Description) + Weight(version.Tags));
        if (!Exists)
        {
            Create(new NewRegisteredModel(), actor, now);
        }

        return Add(new StoredModelVersion(
            0, version.Format, version.Blob, KeepSignature(version.Signature), version.Lineage, version.Metrics, version.Description, version.IdempotencyKey, now, actor)
        {
            Tags = ModelTags.Of(version.Tags),
        }, now);
    }

    /// <summary>A version that is known by its source; a copy takes over what the version that it copies is known by.</summary>
    public StoredModelVersion Add(NewSourcedVersion version, string location, ModelVersion? origin, string actor, DateTimeOffset now, string? idempotencyKey = null)
    {
        CheckNext(Weight(version.Description) + Weight(version.Tags) + Weight(version.Source) + Weight(location) + Weight(version.RunLink));
        var lineage = origin?.Lineage ?? new ModelLineage();
        if (!string.IsNullOrEmpty(version.RunId) || lineage.RunId is null)
        {
            lineage = lineage with { RunId = version.RunId };
        }

        return Add(new StoredModelVersion(
            0,
            origin?.Format ?? ModelFormats.Mlflow,
            origin?.Blob,
            origin?.Signature is { } signature ? KeepSignature(signature) : null,
            lineage,
            origin?.Metrics ?? new Dictionary<string, double>(),
            version.Description,
            idempotencyKey,
            now,
            actor)
        {
            Source = version.Source,
            Location = location,
            RunLink = version.RunLink,
            ModelId = string.IsNullOrEmpty(version.ModelId) ? origin?.ModelId : version.ModelId,
            Tags = ModelTags.Of(version.Tags),
        }, now);
    }

    public void UpdateVersion(StoredModelVersion version, string description, DateTimeOffset now)
    {
        CheckRoom(Weight(description) - Weight(version.Description));
        Replace(version with { Description = description }, now, touches: false);
    }

    public void SetVersionTag(StoredModelVersion version, string key, string value, DateTimeOffset now)
    {
        CheckRoom(Weight(key) + Weight(value) - Weight(version.Tags.GetValueOrDefault(key)));
        Replace(version with { Tags = ModelTags.With(version.Tags, key, value) }, now);
    }

    public void DeleteVersionTag(StoredModelVersion version, string key, DateTimeOffset now) =>
        Replace(version with { Tags = ModelTags.Without(version.Tags, key) }, now);

    public void SetStage(StoredModelVersion version, ModelStage stage, bool archiveExisting, DateTimeOffset now)
    {
        if (archiveExisting)
        {
            foreach (var other in Versions.Where(v => v.Stage == stage && v.Version != version.Version).ToList())
            {
                Replace(other with { Stage = ModelStage.Archived }, now);
            }
        }

        Replace(version with { Stage = stage }, now);
    }

    public void DeleteVersion(string name, StoredModelVersion version, DateTimeOffset now)
    {
        Withdraw(name, version);
        LastNumber = NextNumber - 1;
        Versions.Remove(version);
        foreach (var alias in Aliases.Where(a => a.Value == version.Version).Select(a => a.Key).ToList())
        {
            Aliases.Remove(alias);
        }

        Touch(now);
        ResetChange = Change;
    }

    /// <summary>Moves an alias, or removes it.</summary>
    public void SetAlias(string alias, int? version, DateTimeOffset now)
    {
        var before = Aliases.TryGetValue(alias, out var target) ? target : (int?)null;
        if (version is { } to)
        {
            Aliases[alias] = to;
        }
        else
        {
            Aliases.Remove(alias);
        }

        Touch(now);
        foreach (var number in new[] { before, version }.OfType<int>().Distinct())
        {
            if (IndexOf(number) is >= 0 and var at)
            {
                Versions[at] = Versions[at] with { Change = Change };
            }
        }
    }

    public StoredModelVersion? Find(int number) => IndexOf(number) is >= 0 and var at ? Versions[at] : null;

    public StoredModelVersion Resolve(string name, string reference)
    {
        var alias = reference.StartsWith('@') ? reference[1..] : reference;
        var number = (alias == reference ? AliasRules.Number(reference) : null)
            ?? (string.Equals(alias, AliasRules.Latest, StringComparison.OrdinalIgnoreCase) ? Latest
            : Aliases.TryGetValue(alias, out var target) ? target
            : throw new MlopsException(ErrorKind.NotFound, RegistryErrors.NoAlias(alias)));
        return Find(number) ?? throw RegistryErrors.NoVersion(name, reference);
    }

    public RegisteredModel View(string name) => new(
        name, Description, Latest, new Dictionary<string, int>(Aliases), CreatedAt, UpdatedAt, Tags, CreatedBy, Views(name, LatestByStage()), DeploymentJobId);

    public ModelVersion View(string name, StoredModelVersion version) => Views(name, [version])[0];

    public List<ModelVersion> Views(string name, IEnumerable<StoredModelVersion> versions)
    {
        var aliases = Aliases.ToLookup(a => a.Value, a => a.Key);
        return [.. versions.Select(v => new ModelVersion(
            name, v.Version, v.Format, v.Blob, v.Signature is { } at ? Signatures[at] : null, v.Lineage, v.Metrics, v.Description, [.. aliases[v.Version]], v.CreatedAt, v.CreatedBy,
            v.UpdatedAt ?? v.CreatedAt, v.Tags, v.Stage, v.Source ?? ModelFiles.Uri(v.Blob!), v.RunLink, v.ModelId))];
    }

    private int Latest => Versions.Count == 0 ? 0 : Versions[^1].Version;

    private int NextNumber => Math.Max(LastNumber, Latest) + 1;

    private List<StoredModelVersion> LatestByStage()
    {
        var newest = new SortedDictionary<ModelStage, StoredModelVersion>();
        for (var i = Versions.Count - 1; i >= 0 && newest.Count < 4; i--)
        {
            newest.TryAdd(Versions[i].Stage, Versions[i]);
        }

        return [.. newest.Values];
    }

    private int IndexOf(int number)
    {
        var (low, high) = (0, Versions.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            switch (Versions[middle].Version.CompareTo(number))
            {
                case 0:
                    return middle;
                case < 0:
                    low = middle + 1;
                    break;
                default:
                    high = middle - 1;
                    break;
            }
        }

        return -1;
    }

    private StoredModelVersion Add(StoredModelVersion version, DateTimeOffset now)
    {
        Touch(now);
        var added = version with { Version = NextNumber, UpdatedAt = now, Change = Change };
        LastNumber = added.Version;
        Versions.Add(added);
        return added;
    }

    /// <param name="version">What it becomes.</param>
    /// <param name="now">When.</param>
    /// <param name="touches">Whether the model's own time of change moves too.</param>
    private void Replace(StoredModelVersion version, DateTimeOffset now, bool touches = true)
    {
        Touch(touches ? now : UpdatedAt);
        Versions[IndexOf(version.Version)] = version with { UpdatedAt = now, Change = Change };
    }

    private void Touch(DateTimeOffset now)
    {
        UpdatedAt = now;
        Change++;
    }

    private int KeepSignature(ModelSignature signature)
    {
        var at = Signatures.FindIndex(s => Text(s) == Text(signature));
        if (at < 0)
        {
            at = Signatures.Count;
            Signatures.Add(signature);
        }

        return at;
    }

    private void Withdraw(string name, StoredModelVersion version)
    {
        if (version.Blob is not null)
        {
            Withdrawn.Add(View(name, version) with { Aliases = [], Tags = ModelTags.None, Description = null, RunLink = null });
        }

        Withdrawn.RemoveRange(0, Math.Max(0, Withdrawn.Count - WithdrawnMax));
    }

    private void CheckNext(long weight)
    {
        if (Versions.Count >= RegistryLimits.VersionsMax)
        {
            throw MlopsException.Conflict($"The model has {RegistryLimits.VersionsMax} versions, the most it can have.");
        }

        CheckRoom(weight);
    }

    private void CheckRoom(long more)
    {
        if (more > 0 && Weight() + more > TextBytesMax)
        {
            throw MlopsException.Conflict($"The model's descriptions, tags and sources would take more than {TextBytesMax} bytes in all, the most they can; delete versions or tags.");
        }
    }

    private long Weight() =>
        Weight(Description) + Weight(Tags) + Versions.Sum(v => Weight(v.Description) + Weight(v.Tags) + Weight(v.Source) + Weight(v.Location) + Weight(v.RunLink));

    private static long Weight(IReadOnlyDictionary<string, string>? tags) => tags?.Sum(t => Weight(t.Key) + Weight(t.Value)) ?? 0;

    /// <summary>Bytes of a text in JSON, where most of what is no ASCII letter, digit or space may become an escape of six.</summary>
    private static long Weight(string? text)
    {
        long weight = text?.Length ?? 0;
        for (var rest = text.AsSpan(); rest.IndexOfAnyExcept(WrittenAsTheyAre) is >= 0 and var at; rest = rest[(at + 1)..])
        {
            weight += 5;
        }

        return weight;
    }

    private static string Text(ModelSignature signature) => JsonSerializer.Serialize(signature);
}
