namespace MlopsGrains.Models;

/// <summary>What a model of a table predicts.</summary>
public enum ModelTask
{
    /// <summary>One of two classes.</summary>
    Binary = 0,

    /// <summary>One of several classes.</summary>
    Multiclass = 1,

    /// <summary>A number.</summary>
    Regression = 2,
}

/// <summary>A column that goes into a model, or comes out of it, as ML.NET holds it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Item">Type of one value; a text is a <see cref="ReadOnlyMemory{T}"/> of <see cref="char"/>.</param>
/// <param name="Width">Values in a row; −1 where it varies.</param>
public sealed record ModelColumn(string Name, Type Item, long Width);

/// <summary>The signature of a model that ML.NET fitted on a table: every input column that is not a label goes in; what comes out follows from the task.</summary>
public static class TableModel
{
    /// <summary>Output: the class that is predicted.</summary>
    public const string Label = "label";

    /// <summary>Output: how sure it is of the positive class, 0–1.</summary>
    public const string Probability = "probability";

    /// <summary>Output: the number that is predicted, or from which two classes are told apart.</summary>
    public const string Score = "score";

    /// <summary>Output: a number for each class.</summary>
    public const string Scores = "scores";

    /// <summary>Describes a fitted model.</summary>
    /// <param name="inputs">The columns that it was fitted on, without hidden ones.</param>
    /// <param name="outputs">The columns that it adds to them.</param>
    /// <param name="task">What it predicts.</param>
    /// <param name="labels">Columns that are there in training only.</param>
    /// <param name="classes">Labels' texts: binary: negative, positive; multiclass: in the order of the scores.</param>
    /// <exception cref="NotSupportedException">Values of an input column cannot be sent.</exception>
    public static ModelSignature Signature(
        IEnumerable<ModelColumn> inputs, IEnumerable<ModelColumn> outputs, ModelTask task, IReadOnlyCollection<string> labels, IReadOnlyList<string>? classes = null) =>
        new([.. inputs.Where(c => !labels.Contains(c.Name)).Select(c => new TensorSpec(c.Name, Datatype(c), [-1, c.Width]))], [.. Outputs([.. outputs], task)], classes);

    private static IEnumerable<TensorSpec> Outputs(List<ModelColumn> outputs, ModelTask task)
    {
        switch (task)
        {
            case ModelTask.Regression:
                yield return new TensorSpec(Score, TensorTypes.Fp32, [-1, 1]);
                break;
            case ModelTask.Multiclass:
                yield return new TensorSpec(Label, TensorTypes.Bytes, [-1, 1]);
                yield return new TensorSpec(Scores, TensorTypes.Fp32, [-1, outputs.Last(c => c.Name == "Score").Width]);
                break;
            default:
                yield return new TensorSpec(Label, TensorTypes.Bytes, [-1, 1]);

                // A trainer without calibration gives a score and no probability.
                if (outputs.Exists(c => c.Name == "Probability"))
                {
                    yield return new TensorSpec(Probability, TensorTypes.Fp32, [-1, 1]);
                }

                yield return new TensorSpec(Score, TensorTypes.Fp32, [-1, 1]);
                break;
        }
    }

    private static string Datatype(ModelColumn column) => column.Item switch
    {
        var item when item == typeof(ReadOnlyMemory<char>) => TensorTypes.Bytes,
        var item when item == typeof(bool) => TensorTypes.Bool,
        var item when item == typeof(float) => TensorTypes.Fp32,
        var item when item == typeof(double) => TensorTypes.Fp64,
        var item when item == typeof(long) => "INT64",
        var item when item == typeof(int) => "INT32",
        _ => throw new NotSupportedException($"Input column '{column.Name}' holds {column.Item.Name}, which cannot be sent; load it as a number, text or boolean."),
    };
}
