using Microsoft.ML;
using Microsoft.ML.Data;
using MlopsGrains.Errors;
using MlopsGrains.Models;
using static MlopsGrains.Grains.Pipelines.Training.TableView;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>A fitted model: saves, loads and scores. The saved file takes feature columns only, never the label.</summary>
internal sealed class TrainedModel(
    MLContext ml, ITransformer transformer, DataViewSchema inputs, LearningTask task, string label, string? positive, string? negative)
{
    /// <summary>Largest model file.</summary>
    public const long BytesMax = 1L << 30;

    public static TrainedModel Load(Stream file, LearningTask task, string label, string? positive)
    {
        var ml = new MLContext(0);
        var transformer = ml.Model.Load(file, out var inputs);
        return new TrainedModel(ml, transformer, inputs, task, label, positive, negative: null);
    }

    public void Save(Stream file) => ml.Model.Save(transformer, inputs, file);

    /// <summary>Scores the table's rows and compares with its label column.</summary>
    public Evaluation Evaluate(Table table)
    {
        if (table.Rows.Count == 0)
        {
            throw MlopsException.Invalid("data", "The data to evaluate on has no rows.");
        }

        var scored = transformer.Transform(TableView.Of(table, inputs.Select(c => (c.Name, c.Type))));
        var labels = table.Column(table.Index("with.label", label));
        switch (task)
        {
            case LearningTask.Binary:
                var predicted = Texts(scored, Names.Prediction);
                var other = negative ?? labels.Concat(predicted).FirstOrDefault(l => l != positive) ?? "not " + positive;
                return Evaluation.Binary([.. labels.Select(l => l == positive)], Numbers(scored, Names.Probability), [.. predicted.Select(p => p == positive)], other, positive!);
            case LearningTask.Multiclass:
                return Evaluation.Multiclass(labels, [.. scored.GetColumn<float[]>(Names.Probabilities)], Texts(scored, Names.Prediction), Classes(scored));
            default:
                var actual = LabelNumbers(table, label);
                return Evaluation.Regression([.. actual.Select(a => (double)a)], Numbers(scored, Names.Prediction));
        }
    }

    /// <summary>Probabilities or predicted numbers of every row, for comparing two models exactly.</summary>
    public IReadOnlyList<double> Scores(Table table)
    {
        var scored = transformer.Transform(TableView.Of(table, inputs.Select(c => (c.Name, c.Type))));
        return task switch
        {
            LearningTask.Binary => Numbers(scored, Names.Probability),
            LearningTask.Multiclass => [.. scored.GetColumn<float[]>(Names.Probabilities).SelectMany(p => p).Select(p => (double)p)],
            _ => Numbers(scored, Names.Prediction),
        };
    }

    /// <summary>What goes in and comes out, in the words of the Open Inference Protocol.</summary>
    public ModelSignature Signature()
    {
        var output = transformer.GetOutputSchema(inputs);
        string[] names = task switch
        {
            LearningTask.Binary => [Names.Prediction, Names.Probability],
            LearningTask.Multiclass => [Names.Prediction, Names.Probabilities],
            _ => [Names.Prediction],
        };
        return new ModelSignature([.. inputs.Select(Spec)], [.. names.Select(n => Spec(output[n]))]);
    }

    /// <summary>The label column as the trainers of a task want it.</summary>
    public static (DataViewType Type, Array Values) LabelOf(Table table, LearningTask task, string label, string? positive)
    {
        var index = table.Index("with.label", label);
        switch (task)
        {
            case LearningTask.Binary:
                return (BooleanDataViewType.Instance, table.Rows.Select(r => r[index] == positive).ToArray());
            case LearningTask.Multiclass:
                return (TextDataViewType.Instance, table.Rows.Select(r => r[index].AsMemory()).ToArray());
            default:
                return (NumberDataViewType.Single, LabelNumbers(table, label));
        }
    }

    private static float[] LabelNumbers(Table table, string label)
    {
        var numbers = TableView.Numbers(table, table.Index("with.label", label), label);
        return Array.Exists(numbers, float.IsNaN) ? throw MlopsException.Invalid("with.label", $"The label '{label}' has missing values.") : numbers;
    }

    private static List<string> Classes(IDataView scored)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored.Schema[Names.Probabilities].GetSlotNames(ref names);
        return [.. names.DenseValues().Select(n => n.ToString())];
    }

    private static List<string> Texts(IDataView view, string column) => [.. view.GetColumn<ReadOnlyMemory<char>>(column).Select(t => t.ToString())];

    private static List<double> Numbers(IDataView view, string column) => [.. view.GetColumn<float>(column).Select(n => (double)n)];

    private static TensorSpec Spec(DataViewSchema.Column column) => column.Type switch
    {
        VectorDataViewType vector => new TensorSpec(column.Name, Datatype(vector.ItemType), [-1, vector.Size]),
        var type => new TensorSpec(column.Name, Datatype(type), [-1]),
    };

    private static string Datatype(DataViewType type) => type switch
    {
        TextDataViewType => "BYTES",
        BooleanDataViewType => "BOOL",
        NumberDataViewType number when number == NumberDataViewType.Single => "FP32",
        NumberDataViewType number when number == NumberDataViewType.Double => "FP64",
        _ => throw new NotSupportedException($"A model column of type {type} has no datatype in the Open Inference Protocol here."),
    };
}
