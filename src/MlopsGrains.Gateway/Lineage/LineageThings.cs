using System.Globalization;
using Microsoft.AspNetCore.Http;
using MlopsGrains.Catalogs;
using MlopsGrains.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Paging;
using MlopsGrains.Governance;
using MlopsGrains.Identity;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Gateway.Lineage;

/// <summary>The things of a lineage, and which of them come from which, as their records say.</summary>
internal sealed class LineageThings(HttpContext context, IGrainFactory grains, CancellationToken cancellationToken)
{
    /// <summary>Most things that one is followed to.</summary>
    private const int Fan = 50;

    private const int AlertsLookedAt = 20;

    /// <summary>Inputs of runs carry at least this much of a digest when they are taken for a version's.</summary>
    private const int DigestMin = 8;

    private IReadOnlyList<string>? experiments;
    private IReadOnlyList<Deployment>? deployments;

    /// <summary>Whether a text can be a thing's id.</summary>
    public static bool IsId(string text) => text.Split('/') switch
    {
        ["datasets", var name, var version] => Names.IsValid(Uri.UnescapeDataString(name)) && int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        ["pipeline-runs" or "runs", var id] => IdFormat.Matches(id),
        ["models", var name, _] => Names.IsValidModel(Uri.UnescapeDataString(name)),
        ["deployments" or "monitors", var name] => Names.IsValid(Uri.UnescapeDataString(name)),
        _ => false,
    };

    /// <summary>A thing by its id, or <see langword="null"/> when it is not there, not for the caller to see, or no thing's id: records of other clients name what they like.</summary>
    public async Task<LineageNode?> FindAsync(string id, int distance)
    {
        if (!IsId(id))
        {
            return null;
        }

        return id.Split('/') switch
        {
            ["datasets", var name, var version] => await DatasetAsync(Uri.UnescapeDataString(name), Number(version), distance),
            ["pipeline-runs", var run] => await PipelineRunAsync(run, distance),
            ["runs", var run] => await RunAsync(run, distance),
            ["models", var name, var version] => await ModelAsync(Uri.UnescapeDataString(name), version, distance),
            ["deployments", var name] => await DeploymentAsync(Uri.UnescapeDataString(name), distance),
            [_, var name] => await MonitorAsync(Uri.UnescapeDataString(name), distance),
            _ => null,
        };
    }

    /// <summary>Ids of what a thing was made from.</summary>
    public async Task<IReadOnlyList<string>> MadeFromAsync(LineageNode node)
    {
        var key = Key(node.Id);
        switch (node.Kind)
        {
            case LineageKind.PipelineRun:
                var steps = (await grains.GetGrain<IPipelineRunGrain>(key[0]).Get(cancellationToken))?.Steps ?? [];
                return Distinct(steps.Select(s => s.Outputs).OfType<IReadOnlyDictionary<string, string>>()
                    .Where(o => o.ContainsKey("dataset") && o.ContainsKey("version") && o.ContainsKey("rows")).Select(o => Dataset(o["dataset"], o["version"])));
            case LineageKind.Run:
                return await grains.GetGrain<IRunGrain>(key[0]).Get(cancellationToken) is { } run ? await MadeFromAsync(run) : [];
            case LineageKind.Model:
                var lineage = (await grains.GetGrain<IRegisteredModelGrain>(key[0]).Resolve(key[1], cancellationToken)).Lineage;
                return lineage.RunId is { Length: > 0 } made ? ["runs/" + made] : Distinct(
                [
                    .. lineage.PipelineRunId is { Length: > 0 } pipelineRun ? (string[])["pipeline-runs/" + pipelineRun] : [],
                    .. lineage is { Dataset: { Length: > 0 } data, DatasetVersion: { } version } ? (string[])[Dataset(data, Text(version))] : [],
                ]);
            case LineageKind.Deployment:
                return await grains.GetGrain<IDeploymentGrain>(key[0]).Get(cancellationToken) is { } deployment ? Distinct(Serving(deployment).Select(r => Model(r.Model, r.ModelVersion))) : [];
            case LineageKind.Monitor:
                return ["deployments/" + Uri.EscapeDataString(key[0])];
            default:
                return [];
        }
    }

    /// <summary>Ids of what was made from a thing.</summary>
    public async Task<IReadOnlyList<string>> MadeIntoAsync(LineageNode node)
    {
        var key = Key(node.Id);
        switch (node.Kind)
        {
            case LineageKind.Dataset:
                var version = await grains.GetGrain<IDatasetGrain>(key[0]).GetVersion(Number(key[1]), cancellationToken);
                return await RunsAsync($"datasets.name = '{key[0]}' AND datasets.digest = '{version.Digest[..DatasetLimits.InputDigestLength]}'");
            case LineageKind.PipelineRun:
                return await RunsAsync($"tags.`pipeline.run_id` = '{key[0]}'");
            case LineageKind.Run:
                var models = await grains.GetGrain<IModelRegistryGrain>(IModelRegistryGrain.Main).SearchVersions(new RegistryQuery($"run_id = '{key[0]}'", [], Fan), cancellationToken);
                return Distinct(models.Items.Select(v => Model(v.Model, v.Version)));
            case LineageKind.Model:
                return Distinct((await DeploymentsAsync()).Where(d => Serving(d).Any(r => r.Model == key[0] && Text(r.ModelVersion) == key[1])).Select(d => "deployments/" + Uri.EscapeDataString(d.Name)).Take(Fan));
            case LineageKind.Deployment:
                return ["monitors/" + Uri.EscapeDataString(key[0])];
            default:
                var alerts = await grains.GetGrain<IMonitorGrain>(key[0]).Alerts(AlertsLookedAt, cancellationToken);
                return Distinct(alerts.Select(a => a.StartedPipelineRun).OfType<string>().Select(r => "pipeline-runs/" + r));
        }
    }

    private async Task<LineageNode?> DatasetAsync(string name, int number, int distance)
    {
        if (!await context.MayReadAsync(PermissionKind.Dataset, name) || await grains.GetGrain<IDatasetGrain>(name).Get(cancellationToken) is not { } dataset)
        {
            return null;
        }

        return dataset.Versions.FirstOrDefault(v => v.Version == number) is { } version
            ? new LineageNode(Dataset(name, Text(number)), LineageKind.Dataset, $"{name} v{Text(number)}", $"{version.Rows.ToString("#,0", CultureInfo.InvariantCulture)} rows", version.CreatedAt, distance)
            : null;
    }

    private async Task<LineageNode?> PipelineRunAsync(string id, int distance) =>
        await context.MayReadPipelineRunAsync(id) && await grains.GetGrain<IPipelineRunGrain>(id).Get(cancellationToken) is { } run
            ? new LineageNode("pipeline-runs/" + id, LineageKind.PipelineRun, run.Pipeline, Word(run.Status), run.StartedAt, distance)
            : null;

    private async Task<LineageNode?> RunAsync(string id, int distance) =>
        await grains.GetGrain<IRunGrain>(id).Get(cancellationToken) is { Info: var info } && await context.MayReadAsync(PermissionKind.Experiment, info.ExperimentId)
            ? new LineageNode("runs/" + id, LineageKind.Run, info.RunName is { Length: > 0 } name ? name : id, Word(info.Status), DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(0, info.StartTime)), distance)
            : null;

    private async Task<LineageNode?> ModelAsync(string name, string reference, int distance)
    {
        if (!await context.MayReadAsync(PermissionKind.RegisteredModel, name))
        {
            return null;
        }

        try
        {
            var version = await grains.GetGrain<IRegisteredModelGrain>(name).Resolve(reference, cancellationToken);
            var about = version.Aliases.Count > 0 ? string.Join(", ", version.Aliases.Take(3)) : version.Stage == ModelStage.None ? version.Format : Word(version.Stage);
            return new LineageNode(Model(name, version.Version), LineageKind.Model, $"{name} v{Text(version.Version)}", about, version.CreatedAt, distance);
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }

    private async Task<LineageNode?> DeploymentAsync(string name, int distance) =>
        await context.MayReadAsync(PermissionKind.Deployment, name) && await grains.GetGrain<IDeploymentGrain>(name).Get(cancellationToken) is { } deployment
            ? new LineageNode("deployments/" + Uri.EscapeDataString(name), LineageKind.Deployment, name, $"revision {string.Join(" and ", deployment.Traffic.Where(t => t.Percent > 0).Select(t => Text(t.Revision)))}", deployment.UpdatedAt, distance)
            : null;

    private async Task<LineageNode?> MonitorAsync(string name, int distance) =>
        await context.MayReadAsync(PermissionKind.Monitor, name) && await grains.GetGrain<IMonitorGrain>(name).Get(cancellationToken) is { } monitor
            ? new LineageNode("monitors/" + Uri.EscapeDataString(name), LineageKind.Monitor, name, monitor.OpenAlert is not null ? "alert is open" : monitor.LastVerdict is { } last ? Word(last.Outcome) : "first window is open", monitor.LastVerdict?.ClosedAt, distance)
            : null;

    private async Task<IReadOnlyList<string>> MadeFromAsync(Run run)
    {
        var tags = run.Tags.ToDictionary(t => t.Key, t => t.Value, StringComparer.Ordinal);
        var found = new List<string>();
        if (tags.TryGetValue("pipeline.run_id", out var pipelineRun) && pipelineRun.Length > 0)
        {
            found.Add("pipeline-runs/" + pipelineRun);
        }

        foreach (var input in run.Inputs.Where(i => i.Digest.Length >= DigestMin).Take(Fan))
        {
            // Other clients name their inputs as they like; only a name and digest of a version here is one.
            if (Names.IsValid(input.Name) && await context.MayReadAsync(PermissionKind.Dataset, input.Name)
                && (await grains.GetGrain<IDatasetGrain>(input.Name).Get(cancellationToken))?.Versions.LastOrDefault(v => v.Digest.StartsWith(input.Digest, StringComparison.Ordinal)) is { } version)
            {
                found.Add(Dataset(input.Name, Text(version.Version)));
            }
        }

        return Distinct(found);
    }

    /// <summary>Ids of the newest runs that match, in the experiments that the caller may read.</summary>
    private async Task<IReadOnlyList<string>> RunsAsync(string filter)
    {
        experiments ??= await ExperimentsAsync();
        return experiments.Count == 0 ? [] : [.. (await grains.GetGrain<IRunSearchGrain>(0).Search(new RunQuery(experiments, filter, LifecycleView.ActiveOnly, [], Fan, null), cancellationToken)).Items.Select(r => "runs/" + r.Info.RunId)];
    }

    private async Task<IReadOnlyList<string>> ExperimentsAsync()
    {
        var query = new ExperimentQuery(null, LifecycleView.ActiveOnly, [], TrackingLimits.SearchExperimentsMax, null);
        var page = await grains.GetGrain<IExperimentCatalogGrain>(IExperimentCatalogGrain.Main).Search(query, cancellationToken);
        return [.. (await context.ReadableAsync(PermissionKind.Experiment, page.Items, e => e.ExperimentId)).Select(e => e.ExperimentId)];
    }

    private async Task<IReadOnlyList<Deployment>> DeploymentsAsync()
    {
        if (deployments is null)
        {
            var names = await CatalogPages.ReadNames(context, PermissionKind.Deployment, CatalogKinds.Deployments, cancellationToken, ICatalogGrain.NamesPerPageMax);
            deployments = [.. (await Task.WhenAll(names.Select(n => grains.GetGrain<IDeploymentGrain>(n).Get(cancellationToken)))).OfType<Deployment>()];
        }

        return deployments;
    }

    private static IEnumerable<DeploymentRevision> Serving(Deployment deployment) => deployment.Traffic.Where(t => t.Percent > 0).Select(t => deployment.Revisions[t.Revision - 1]);

    private static string[] Key(string id) => [.. id.Split('/').Skip(1).Select(Uri.UnescapeDataString)];

    private static string Dataset(string name, string version) => $"datasets/{Uri.EscapeDataString(name)}/{version}";

    private static string Model(string name, int version) => $"models/{Uri.EscapeDataString(name)}/{Text(version)}";

    private static List<string> Distinct(IEnumerable<string> ids) => [.. ids.Distinct(StringComparer.Ordinal)];

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    /// <summary>An enumeration's value as it is said: <c>NoDrift</c> is "no drift".</summary>
    private static string Word<T>(T value)
        where T : struct, Enum =>
        string.Concat(value.ToString().Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : char.ToLowerInvariant(c).ToString()));
}
