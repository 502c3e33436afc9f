using MlopsGrains.Client.Http;
using MlopsGrains.Models;
using MlopsGrains.Paging;

namespace MlopsGrains.Client;

/// <summary>Prompts: texts with versions and aliases, kept in the registry beside models.</summary>
public sealed class PromptsClient
{
    private const string TextTag = "mlflow.prompt.text";
    private const string TypeTag = "_mlflow_prompt_type";

    private readonly GatewayHttp http;
    private readonly ModelsClient models;

    internal PromptsClient(GatewayHttp http, ModelsClient models)
    {
        this.http = http;
        this.models = models;
    }

    /// <summary>All prompts, read page by page.</summary>
    public IAsyncEnumerable<Prompt> ListAsync(CancellationToken cancellationToken = default) => Pages.All(
        async (token, cancel) =>
        {
            var filter = $"tags.`{RegisteredModel.PromptTag}` = 'true'";
            var page = await http.LookAsync<PromptPage>("registered-models/search" + GatewayPath.Query(("filter", filter), ("max_results", 100), ("page_token", token)), cancel);
            return new Page<Prompt>([.. (page.RegisteredModels ?? []).Select(Of)], page.NextPageToken);
        },
        cancellationToken);

    /// <summary>A prompt with its aliases; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public async Task<Prompt> GetAsync(string name, CancellationToken cancellationToken = default)
    {
        var model = await models.GetAsync(name, cancellationToken);
        return model.Tags.ContainsKey(RegisteredModel.PromptTag)
            ? new Prompt(model.Name, model.Description, model.LatestVersion, model.Aliases, WithoutOurs(model.Tags), model.CreatedAt, model.UpdatedAt)
            : throw Errors.MlopsException.NotFound("Prompt", name);
    }

    /// <summary>All versions, newest first.</summary>
    public async Task<IReadOnlyList<PromptVersion>> ListVersionsAsync(string name, CancellationToken cancellationToken = default)
    {
        _ = await GetAsync(name, cancellationToken);
        return [.. (await models.ListVersionsAsync(name, cancellationToken)).Select(Of)];
    }

    /// <summary>The version that <paramref name="reference"/> names: a number, an alias or <c>latest</c>; throws <see cref="Errors.ErrorKind.NotFound"/>.</summary>
    public async Task<PromptVersion> GetVersionAsync(string name, string reference = "latest", CancellationToken cancellationToken = default)
    {
        var version = await models.GetVersionAsync(name, reference, cancellationToken);
        return version.Tags.ContainsKey(RegisteredModel.PromptTag) ? Of(version) : throw Errors.MlopsException.NotFound("Prompt", name);
    }

    /// <summary>Adds a version; creates the prompt when it is new.</summary>
    /// <param name="name">Letters, digits, <c>.</c>, <c>_</c>, <c>-</c>.</param>
    /// <param name="text">The template; variables are written <c>{{name}}</c>. At most 100,000 characters.</param>
    /// <param name="message">Why it changed, at most 5,000 characters.</param>
    /// <param name="tags">Tags of the version.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<PromptVersion> RegisterAsync(
        string name, string text, string? message = null, IReadOnlyDictionary<string, string>? tags = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        var isPrompt = new TagMessage(RegisteredModel.PromptTag, "true");
        try
        {
            await http.CreateOnceAsync<object>("registered-models/create", new { name, tags = (TagMessage[])[isPrompt] }, cancellationToken);
        }
        catch (Errors.MlopsException e) when (e.Kind == Errors.ErrorKind.AlreadyExists)
        {
            _ = await GetAsync(name, cancellationToken); // A model of that name is not made a prompt.
        }

        TagMessage[] all = [isPrompt, new(TextTag, text), new(TypeTag, "text"), .. (tags ?? new Dictionary<string, string>()).Select(t => new TagMessage(t.Key, t.Value))];
        var created = await http.CreateOnceAsync<VersionAnswer>("model-versions/create", new { name, source = "prompt-template", description = message, tags = all }, cancellationToken);
        return await GetVersionAsync(name, created.ModelVersion.Version, cancellationToken);
    }

    /// <summary>Removes a prompt with its versions and aliases.</summary>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        _ = await GetAsync(name, cancellationToken);
        await models.DeleteAsync(name, cancellationToken);
    }

    /// <summary>Removes a version; its number is not given again.</summary>
    public async Task DeleteVersionAsync(string name, int version, CancellationToken cancellationToken = default)
    {
        _ = await GetAsync(name, cancellationToken);
        await models.DeleteVersionAsync(name, version, cancellationToken);
    }

    /// <summary>Points an alias at a version, away from any other.</summary>
    public async Task SetAliasAsync(string name, string alias, int version, CancellationToken cancellationToken = default)
    {
        _ = await GetAsync(name, cancellationToken);
        await models.SetAliasAsync(name, alias, version, cancellationToken);
    }

    /// <summary>Removes an alias; removing an absent one changes nothing.</summary>
    public async Task DeleteAliasAsync(string name, string alias, CancellationToken cancellationToken = default)
    {
        _ = await GetAsync(name, cancellationToken);
        await models.DeleteAliasAsync(name, alias, cancellationToken);
    }

    private static Prompt Of(PromptMessage model)
    {
        var aliases = (model.Aliases ?? []).ToDictionary(a => a.Alias, a => a.Version);
        var latest = (model.LatestVersions ?? []).Select(v => v.Version).DefaultIfEmpty().Max();
        return new Prompt(
            model.Name,
            model.Description,
            latest,
            aliases,
            WithoutOurs((model.Tags ?? []).ToDictionary(t => t.Key, t => t.Value)),
            DateTimeOffset.FromUnixTimeMilliseconds(model.CreationTimestamp),
            DateTimeOffset.FromUnixTimeMilliseconds(model.LastUpdatedTimestamp));
    }

    private static PromptVersion Of(ModelVersion version) => new(
        version.Model,
        version.Version,
        version.Tags.GetValueOrDefault(TextTag) ?? "",
        version.Description,
        version.Aliases,
        WithoutOurs(version.Tags),
        version.CreatedAt,
        version.CreatedBy);

    private static SortedDictionary<string, string> WithoutOurs(IReadOnlyDictionary<string, string> tags) => new(
        tags.Where(t => t.Key is not (RegisteredModel.PromptTag or TextTag or TypeTag)).ToDictionary(t => t.Key, t => t.Value), StringComparer.Ordinal);

    private sealed record PromptPage(IReadOnlyList<PromptMessage>? RegisteredModels, string? NextPageToken);

    private sealed record PromptMessage(
        string Name, string? Description, long CreationTimestamp, long LastUpdatedTimestamp, IReadOnlyList<AliasMessage>? Aliases, IReadOnlyList<TagMessage>? Tags,
        IReadOnlyList<LatestMessage>? LatestVersions);

    private sealed record AliasMessage(string Alias, int Version);

    private sealed record LatestMessage(int Version);

    private sealed record TagMessage(string Key, string Value);

    private sealed record VersionAnswer(CreatedVersion ModelVersion);

    private sealed record CreatedVersion(string Version);
}

/// <summary>A prompt.</summary>
/// <param name="Name">Its name in the registry.</param>
/// <param name="Description">Free text.</param>
/// <param name="LatestVersion">The newest version's number; 0 without versions.</param>
/// <param name="Aliases">Version numbers by alias.</param>
/// <param name="Tags">Tags in the order of their keys.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="UpdatedAt">When it last changed.</param>
public sealed record Prompt(
    string Name, string? Description, int LatestVersion, IReadOnlyDictionary<string, int> Aliases, IReadOnlyDictionary<string, string> Tags, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>A version of a prompt.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Version">Its number.</param>
/// <param name="Text">The template.</param>
/// <param name="Message">Why it changed.</param>
/// <param name="Aliases">Aliases that point here.</param>
/// <param name="Tags">Tags in the order of their keys.</param>
/// <param name="CreatedAt">When it was registered.</param>
/// <param name="CreatedBy">By whom.</param>
public sealed record PromptVersion(
    string Prompt, int Version, string Text, string? Message, IReadOnlyList<string> Aliases, IReadOnlyDictionary<string, string> Tags, DateTimeOffset CreatedAt, string CreatedBy);
