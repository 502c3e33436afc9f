using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Monitoring;

/// <summary>What a deployment takes and gives, or <see langword="null"/> when it is not deployed yet.</summary>
internal interface IDeployedModel
{
    Task<ModelSignature?> Signature(string deployment, CancellationToken cancellationToken);
}

internal sealed class DeployedModel(IGrainFactory grains) : IDeployedModel
{
    public async Task<ModelSignature?> Signature(string deployment, CancellationToken cancellationToken)
    {
        try
        {
            return (await grains.GetGrain<IScorerGrain>(0).Describe(deployment, null, cancellationToken)).Signature;
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }
}

/// <summary>Which columns a monitor watches.</summary>
internal static class WatchedFeatures
{
    /// <summary>The named features, or every input with one value a row. A monitor may be set up before its deployment, if it names its features.</summary>
    public static IReadOnlyList<WatchedFeature> Of(ModelSignature? signature, string deployment, IReadOnlyList<string> named)
    {
        if (signature is null)
        {
            return named.Count > 0
                ? [.. named.Select(n => new WatchedFeature(n, FeatureKind.Inferred))]
                : throw new MlopsException(ErrorKind.NotFound, $"Deployment '{deployment}' not found; deploy a model first, or name the features to watch.");
        }

        var inputs = signature.Inputs.Where(IsOneValueARow).ToList();
        if (named.Count == 0)
        {
            return inputs.Count > 0
                ? [.. inputs.Select(Watch)]
                : throw MlopsException.Invalid("features", $"The model of deployment '{deployment}' has no input with one value a row.");
        }

        // An output may be watched too, when the reference holds a column of its name.
        var known = inputs.Concat(signature.Outputs.Where(IsOneValueARow)).DistinctBy(s => s.Name).ToDictionary(s => s.Name, StringComparer.Ordinal);
        return [.. named.Select((name, i) => known.TryGetValue(name, out var spec)
            ? Watch(spec)
            : throw MlopsException.Invalid($"features[{i}]", $"features[{i}] '{name}' is not an input or output with one value a row of deployment '{deployment}'."))];
    }

    private static WatchedFeature Watch(TensorSpec spec) => new(spec.Name, spec.Datatype switch
    {
        TensorTypes.Bytes => FeatureKind.Text,
        TensorTypes.Bool => FeatureKind.Boolean,
        _ => FeatureKind.Numeric,
    });

    private static bool IsOneValueARow(TensorSpec spec) => spec.Shape.Skip(1).All(d => d == 1);
}
