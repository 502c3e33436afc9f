using System.Globalization;
using Microsoft.ML;
using MlopsGrains.Grains.Data;
using MlopsGrains.Grains.Models;
using MlopsGrains.Models;

namespace MlopsGrains.Testing;

/// <summary>Small real models, trained on the tables of the test data in less than a second.</summary>
public static class TinyModels
{
    public static readonly ModelFileLoader Loader = new(Microsoft.Extensions.Options.Options.Create(new ModelFileOptions()));

    public static readonly string[] IrisClasses = ["setosa", "versicolor", "virginica"];

    private static readonly string[] IrisInputs = ["sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"];

    /// <summary>The four measures of each iris, in the order of the model's inputs, each a column.</summary>
    public static IReadOnlyList<(string Name, float[] Values)> IrisColumns()
    {
        return [.. IrisInputs.Select(c => (c, Column("iris.csv", c).Select(n => float.Parse(n, CultureInfo.InvariantCulture)).ToArray()))];
    }

    public static IReadOnlyList<string> IrisLabels() => Column("iris.csv", "species");

    /// <summary>Three classes, labels by key.</summary>
    public static (byte[] File, ModelSignature Signature) Iris(int iterations = 100)
    {
        var ml = new MLContext(seed: 1);
        var columns = IrisColumns();
        var labels = IrisLabels();
        var rows = labels.Select((label, i) => new IrisRow(columns[0].Values[i], columns[1].Values[i], columns[2].Values[i], columns[3].Values[i], label));
        var data = ml.Data.LoadFromEnumerable(rows);
        var model = ml.Transforms.Conversion.MapValueToKey("Label", "species", keyOrdinality: Microsoft.ML.Transforms.ValueToKeyMappingEstimator.KeyOrdinality.ByValue)
            .Append(ml.Transforms.Concatenate("Features", IrisInputs))
            .Append(ml.Transforms.NormalizeMinMax("Features"))
            .Append(ml.MulticlassClassification.Trainers.SdcaMaximumEntropy(new Microsoft.ML.Trainers.SdcaMaximumEntropyMulticlassTrainer.Options { NumberOfThreads = 1, MaximumNumberOfIterations = iterations }))
            .Fit(data);
        return (Save(ml, model, data.Schema), MlNetSignature.Of(model, data.Schema, ModelTask.Multiclass, ["species"], IrisClasses));
    }

    /// <summary>Two classes of texts and numbers, label Boolean.</summary>
    public static (byte[] File, ModelSignature Signature) Binary()
    {
        var ml = new MLContext(seed: 1);
        var random = new Random(7);
        var rows = Enumerable.Range(0, 400).Select(i => new BinaryRow(random.NextSingle(), i % 3 == 0 ? "north" : "south", i % 2 == 0)).ToList();
        rows = [.. rows.Select(r => r with { label = r.x > 0.5f ^ (r.place == "north" && r.x > 0.9f) })];
        var data = ml.Data.LoadFromEnumerable(rows);
        var model = ml.Transforms.Categorical.OneHotEncoding("p", "place")
            .Append(ml.Transforms.Concatenate("Features", "x", "p"))
            .Append(ml.BinaryClassification.Trainers.FastTree("label", numberOfTrees: 20, numberOfLeaves: 5, minimumExampleCountPerLeaf: 5))
            .Fit(data);
        return (Save(ml, model, data.Schema), MlNetSignature.Of(model, data.Schema, ModelTask.Binary, ["label"], ["small", "large"]));
    }

    private static byte[] Save(MLContext ml, ITransformer model, DataViewSchema schema)
    {
        using var file = new MemoryStream();
        ml.Model.Save(model, schema, file);
        return file.ToArray();
    }

    private static List<string> Column(string name, string column)
    {
        using var reader = CsvReader.Open(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "testdata", name)));
        var (place, cells) = (reader.IndexOf(column), new List<string>());
        while (reader.Read())
        {
            cells.Add(reader.Text(place));
        }

        return cells;
    }

    private sealed record IrisRow(float sepal_length_cm, float sepal_width_cm, float petal_length_cm, float petal_width_cm, string species);

    private sealed record BinaryRow(float x, string place, bool label);
}
