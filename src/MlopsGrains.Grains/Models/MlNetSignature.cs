using Microsoft.ML;
using Microsoft.ML.Data;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>What a model predicts.</summary>
public enum ModelTask
{
    /// <summary>One of two classes.</summary>
    Binary = 0,

    /// <summary>One of several classes.</summary>
    Multiclass = 1,

    /// <summary>A number.</summary>
    Regression = 2,
}

/// <summary>The signature of an ML.NET model: every input column that is not a label goes in; what comes out follows from the task.</summary>
public static class MlNetSignature
{
    public const string Label = "label";
    public const string Probability = "probability";
    public const string Score = "score";
    public const string Scores = "scores";

    private const string MlNetProbability = "Probability";
    private const string MlNetScore = "Score";

    /// <summary>Describes a fitted model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="input">The schema it was fitted on.</param>
    /// <param name="task">What it predicts.</param>
    /// <param name="labels">Columns that are there in training only.</param>
    /// <param name="classes">Labels' texts: binary: negative, positive; multiclass: in the order of the scores.</param>
    public static ModelSignature Of(ITransformer model, DataViewSchema input, ModelTask task, IReadOnlyCollection<string> labels, IReadOnlyList<string>? classes = null)
    {
        var inputs = input.Where(c => !c.IsHidden && !labels.Contains(c.Name)).Select(c => new TensorSpec(c.Name, Datatype(c), [-1, Width(c)])).ToList();
        return new ModelSignature(inputs, [.. Outputs(model.GetOutputSchema(input), task)], classes);
    }

    private static IEnumerable<TensorSpec> Outputs(DataViewSchema output, ModelTask task)
    {
        switch (task)
        {
            case ModelTask.Regression:
                yield return new TensorSpec(Score, TensorTypes.Fp32, [-1, 1]);
                break;
            case ModelTask.Multiclass:
                yield return new TensorSpec(Label, TensorTypes.Bytes, [-1, 1]);
                yield return new TensorSpec(Scores, TensorTypes.Fp32, [-1, Width(output[MlNetScore])]);
                break;
            default:
                yield return new TensorSpec(Label, TensorTypes.Bytes, [-1, 1]);

                // A trainer without calibration gives a score and no probability.
                if (output.GetColumnOrNull(MlNetProbability) is not null)
                {
                    yield return new TensorSpec(Probability, TensorTypes.Fp32, [-1, 1]);
                }

                yield return new TensorSpec(Score, TensorTypes.Fp32, [-1, 1]);
                break;
        }
    }

    private static string Datatype(DataViewSchema.Column column) => (column.Type is VectorDataViewType vector ? vector.ItemType : column.Type) switch
    {
        TextDataViewType => TensorTypes.Bytes,
        BooleanDataViewType => TensorTypes.Bool,
        var type when type == NumberDataViewType.Single => TensorTypes.Fp32,
        var type when type == NumberDataViewType.Double => TensorTypes.Fp64,
        var type when type == NumberDataViewType.Int64 => "INT64",
        var type when type == NumberDataViewType.Int32 => "INT32",
        var type => throw new NotSupportedException($"Input column '{column.Name}' is of type {type}, which cannot be sent; load it as a number, text or boolean."),
    };

    private static long Width(DataViewSchema.Column column) => column.Type is VectorDataViewType { IsKnownSize: true } vector ? vector.Size : column.Type is VectorDataViewType ? -1 : 1;
}
