using MlopsGrains.Errors;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Models;
using MlopsGrains.Texts;

namespace MlopsGrains.Grains.Models;

/// <summary>What a version with a file must be like before it is registered.</summary>
internal static class NewVersionRules
{
    public static void Check(NewModelVersion version)
    {
        if (!ModelFormats.All.Contains(version.Format))
        {
            throw MlopsException.Invalid("format", $"format is '{version.Format}'; expected {string.Join(" or ", ModelFormats.All)}.");
        }

        Names.CheckDigest("blob.digest", Required("blob", version.Blob).Digest);
        CheckSignature(Required("signature", version.Signature));
        CheckLineage(Required("lineage", version.Lineage));
        CheckMetrics(Required("metrics", version.Metrics));
        CheckDescription(version.Description);
        ModelTags.Check(version.Tags);
        if (version.IdempotencyKey is { } key)
        {
            Limit.Text("idempotencyKey", key, RegistryLimits.IdempotencyKeyLengthMax);
        }
    }

    public static void CheckDeploymentJob(string? jobId) => Limit.Length("deployment_job_id", jobId, RegistryLimits.DeploymentJobLengthMax);

    public static void CheckDescription(string? description) => Limit.Length("description", description, RegistryLimits.DescriptionLengthMax);

    private static void CheckSignature(ModelSignature signature)
    {
        CheckTensors("signature.inputs", Required("signature.inputs", signature.Inputs));
        CheckTensors("signature.outputs", Required("signature.outputs", signature.Outputs));
        if (signature.Classes is { } classes && (classes.Count is 0 or > RegistryLimits.ClassesMax || classes.Distinct(StringComparer.Ordinal).Count() != classes.Count))
        {
            throw MlopsException.Invalid("signature.classes", $"signature.classes must be 1–{RegistryLimits.ClassesMax} different texts.");
        }
    }

    private static void CheckTensors(string field, IReadOnlyList<TensorSpec> tensors)
    {
        if (tensors.Count is 0 or > RegistryLimits.TensorsMax)
        {
            throw MlopsException.Invalid(field, $"{field} has {tensors.Count} tensors; expected 1–{RegistryLimits.TensorsMax}.");
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < tensors.Count; i++)
        {
            var (name, datatype, shape) = Required($"{field}[{i}]", tensors[i]);
            if (string.IsNullOrEmpty(name) || name.IsLongerThan(RegistryLimits.NameLengthMax) || !names.Add(name))
            {
                throw MlopsException.Invalid($"{field}[{i}].name", $"{field}[{i}].name must be 1–{RegistryLimits.NameLengthMax} characters and no other tensor's name.");
            }

            if (!TensorTypes.All.Contains(datatype))
            {
                throw MlopsException.Invalid($"{field}[{i}].datatype", $"{field}[{i}].datatype is '{datatype}'; expected one of {string.Join(", ", TensorTypes.All)}.");
            }

            if (shape is not { Count: 1 or 2 } || shape[0] != -1 || (shape.Count == 2 && shape[1] is < -1 or 0 or > int.MaxValue))
            {
                throw MlopsException.Invalid($"{field}[{i}].shape", $"{field}[{i}].shape must be [-1, n]: −1 for the rows, then the values a row.");
            }
        }
    }

    private static void CheckLineage(ModelLineage lineage)
    {
        foreach (var (name, text) in new[]
        {
            ("runId", lineage.RunId), ("experimentId", lineage.ExperimentId), ("pipelineRunId", lineage.PipelineRunId), ("dataset", lineage.Dataset),
            ("datasetDigest", lineage.DatasetDigest), ("trainingDataDigest", lineage.TrainingDataDigest), ("codeVersion", lineage.CodeVersion), ("environment", lineage.Environment),
        })
        {
            Limit.Length($"lineage.{name}", text, RegistryLimits.LineageLengthMax);
        }
    }

    private static void CheckMetrics(IReadOnlyDictionary<string, double> metrics)
    {
        Limit.Count("metrics", metrics.Count, RegistryLimits.MetricsMax);
        foreach (var (key, value) in metrics)
        {
            if (key.Length == 0 || key.IsLongerThan(RegistryLimits.NameLengthMax))
            {
                throw MlopsException.Invalid("metrics", $"a metric's name must have 1–{RegistryLimits.NameLengthMax} characters.");
            }

            if (!double.IsFinite(value))
            {
                throw MlopsException.Invalid($"metrics.{key}", $"metrics.{key} is not a finite number; leave an undefined metric out.");
            }
        }
    }

    private static T Required<T>(string field, T? value)
        where T : class =>
        value ?? throw MlopsException.Invalid(field, $"{field} is required.");
}
