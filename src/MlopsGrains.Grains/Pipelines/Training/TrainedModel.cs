using Microsoft.ML;
using Microsoft.ML.Data;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Models;
using MlopsGrains.Models;
using static MlopsGrains.Grains.Pipelines.Training.TableView;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>A fitted model: saves, loads and scores. The saved file takes feature columns only, never the label.</summary>
internal sealed class TrainedModel(
    MLContext ml, ITransformer transformer, DataViewSchema inputs, LearningTask task, string label, string? positive, string? negative, IReadOnlyCollection<string> booleans)
{
    /// <summary>Largest model file.</summary>
    public const long BytesMax = 1L << 30;

    public static TrainedModel Load(ModelFileLoader files, Stream file, LearningTask task, string label, string? positive)
    {
        var ml = new MLContext(0);
        var transformer = files.Load(ml, file, out var inputs);
        return new TrainedModel(ml, transformer, inputs, task, label, positive, negative: null, booleans: []);
    }

    public void Save(Stream file) => ml.Model.Save(transformer, inputs, file);

    /// <summary>Scores the table's rows and compares with its label column.</summary>
    public Evaluation Evaluate(Table table, CancellationToken stop)
    {
        var evaluation = Measure(table, stop);
        return evaluation.Metrics.Values.All(double.IsFinite) ? evaluation
            : throw MlopsException.Invalid("with.features", "The model's predictions are not finite numbers, so it cannot be measured; look for numbers of extreme size in the label and the features.");
    }

    private Evaluation Measure(Table table, CancellationToken stop)
    {
        if (table.Rows.Count == 0)
        {
            throw MlopsException.Invalid("data", "The data to evaluate on has no rows.");
        }

        var scored = transformer.Transform(TableView.Of(table, inputs.Select(c => (c.Name, c.Type)), stop: stop));
        var index = LabelIndex(table, label);
        var labels = table.Column(index);
        switch (task)
        {
            case LearningTask.Binary:
                var other = negative ?? labels.FirstOrDefault(l => l != positive) ?? "not " + positive;
                return Evaluation.Binary([.. labels.Select(l => l == positive)], Numbers(scored, Names.Probability), [.. scored.GetColumn<bool>(Names.Predicted)], other, positive!);
            case LearningTask.Multiclass:
                var classes = Classes(scored.Schema);
                var scores = scored.GetColumn<float[]>(Names.Score).ToList();
                return Evaluation.Multiclass(labels, scores, [.. scores.Select(s => classes[Array.IndexOf(s, s.Max())])], classes);
            default:
                return Evaluation.Regression(table.Numbers(index), Numbers(scored, Names.Score));
        }
    }

    /// <summary>Probabilities or predicted numbers of every row, for comparing two models exactly.</summary>
    public IReadOnlyList<double> Scores(Table table)
    {
        var scored = transformer.Transform(TableView.Of(table, inputs.Select(c => (c.Name, c.Type))));
        return task switch
        {
            LearningTask.Binary => Numbers(scored, Names.Probability),
            LearningTask.Multiclass => [.. scored.GetColumn<float[]>(Names.Score).SelectMany(p => p).Select(p => (double)p)],
            _ => Numbers(scored, Names.Score),
        };
    }

    /// <summary>What goes in and comes out. Only of a freshly trained model: its file holds neither the names of two classes nor which numbers are truth values.</summary>
    public ModelSignature Signature()
    {
        var signature = OfFile();
        return signature with { Inputs = [.. signature.Inputs.Select(i => booleans.Contains(i.Name) ? i with { Datatype = TensorTypes.Bool } : i)] };
    }

    private ModelSignature OfFile() => task switch
    {
        LearningTask.Binary => MlNetSignature.Of(transformer, inputs, ModelTask.Binary, [], [negative ?? throw new InvalidOperationException("A loaded model does not know its classes."), positive!]),
        LearningTask.Multiclass => MlNetSignature.Of(transformer, inputs, ModelTask.Multiclass, [], Classes(transformer.GetOutputSchema(inputs))),
        _ => MlNetSignature.Of(transformer, inputs, ModelTask.Regression, []),
    };

    /// <summary>The label column as the trainers of a task want it.</summary>
    public static (DataViewType Type, Array Values) LabelOf(Table table, LearningTask task, string label, string? positive)
    {
        var index = LabelIndex(table, label);
        switch (task)
        {
            case LearningTask.Binary:
                return (BooleanDataViewType.Instance, table.Rows.Select(r => r[index] == positive).ToArray());
            case LearningTask.Multiclass:
                return (TextDataViewType.Instance, table.Rows.Select(r => r[index].AsMemory()).ToArray());
            default:
                return (NumberDataViewType.Single, LabelNumbers(table, index, label));
        }
    }

    /// <summary>The label's column, of which every row must have a value, whatever the task: a row without one can be neither learned nor measured.</summary>
    public static int LabelIndex(Table table, string label)
    {
        var index = table.Index("with.label", label);
        var missing = table.Rows.Count(r => r[index].Length == 0);
        if (missing == 0)
        {
            return index;
        }

        var first = table.Rows.TakeWhile(r => r[index].Length > 0).Count() + 1;
        throw MlopsException.Invalid(
            "with.label", $"The label '{label}' has no value in {missing} of {table.Rows.Count} rows, first in row {first}; leave such rows out of the data, or fill them in.");
    }

    private static float[] LabelNumbers(Table table, int index, string label)
    {
        var numbers = table.Numbers(index);
        return FeatureColumn.Rounding(numbers).IsVisible
            ? throw MlopsException.Invalid("with.label", $"The label '{label}' has numbers that a 32-bit float rounds away, and models predict 32-bit floats; subtract a fixed number from it, or divide it.")
            : Array.ConvertAll(numbers, n => (float)n);
    }

    private static List<string> Classes(DataViewSchema scored)
    {
        VBuffer<ReadOnlyMemory<char>> names = default;
        scored[Names.Score].GetSlotNames(ref names);
        return [.. names.DenseValues().Select(n => n.ToString())];
    }

    private static List<double> Numbers(IDataView view, string column) => [.. view.GetColumn<float>(column).Select(n => (double)n)];
}
