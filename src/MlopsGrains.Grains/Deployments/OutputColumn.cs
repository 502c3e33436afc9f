using Microsoft.ML;
using Microsoft.ML.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Turns one of ML.NET's output columns into one of the signature's outputs.</summary>
internal abstract class OutputColumn(TensorSpec spec)
{
    protected TensorSpec Spec { get; } = spec;

    /// <summary>The model's column that an output is read from.</summary>
    public static DataViewSchema.Column Source(TensorSpec output, DataViewSchema schema)
    {
        var name = output.Name switch
        {
            TableModel.Label => "PredictedLabel",
            TableModel.Probability => "Probability",
            TableModel.Score or TableModel.Scores => "Score",
            _ => throw new InvalidOperationException(
                $"the signature has an output '{output.Name}'; outputs are {TableModel.Label}, {TableModel.Probability}, {TableModel.Score} and {TableModel.Scores}."),
        };
        return schema.GetColumnOrNull(name) ?? throw new InvalidOperationException($"output '{output.Name}' needs the model's column '{name}', which is not there.");
    }

    public static OutputColumn Of(TensorSpec spec, DataViewSchema.Column source, DataViewRow row, IReadOnlyList<string>? classes) => (spec.Name, spec.Datatype, source.Type) switch
    {
        (TableModel.Label, TensorTypes.Bytes, BooleanDataViewType) => new Texts<bool>(spec, row.GetGetter<bool>(source), Binary(classes)),
        (TableModel.Label, TensorTypes.Bytes, TextDataViewType) => new Texts<ReadOnlyMemory<char>>(spec, row.GetGetter<ReadOnlyMemory<char>>(source), text => text.ToString()),
        (TableModel.Label, TensorTypes.Bytes, KeyDataViewType key) when key.RawType == typeof(uint) => new Texts<uint>(spec, row.GetGetter<uint>(source), Keyed(source, key, classes)),
        (TableModel.Score or TableModel.Probability, TensorTypes.Fp32, NumberDataViewType number) when number == NumberDataViewType.Single => new Scalar(spec, row.GetGetter<float>(source)),
        (TableModel.Scores, TensorTypes.Fp32, VectorDataViewType { IsKnownSize: true } vector) when vector.ItemType == NumberDataViewType.Single && Width(spec) == vector.Size =>
            new Vector(spec, row.GetGetter<VBuffer<float>>(source), vector.Size),
        _ => throw new InvalidOperationException($"output '{spec.Name}' is given as {spec.Datatype} of {Width(spec)} values a row; the model's column '{source.Name}' is {source.Type}."),
    };

    public abstract void Begin(int rows);

    public abstract void Read(int row);

    public abstract Tensor End(int rows);

    protected Tensor Tensor(int rows, Array data) => new(Spec.Name, Spec.Datatype, Spec.Shape.Count == 2 ? [rows, Width(Spec)] : [rows], data);

    private static int Width(TensorSpec spec) => spec.Shape.Count == 2 ? (int)spec.Shape[1] : 1;

    private static Func<bool, string> Binary(IReadOnlyList<string>? classes) => classes switch
    {
        null => positive => positive ? "true" : "false",
        [var negative, var positive] => isPositive => isPositive ? positive : negative,
        _ => throw new InvalidOperationException($"the signature names {classes.Count} classes; the model is binary and needs two: negative, positive."),
    };

    private static Func<uint, string> Keyed(DataViewSchema.Column source, KeyDataViewType key, IReadOnlyList<string>? classes)
    {
        var names = classes?.ToArray() ?? KeyTexts(source) ?? throw new InvalidOperationException("the model's labels have no texts; the signature must name its classes.");
        return names.Length == (int)key.Count
            ? value => value == 0 ? "" : names[value - 1]
            : throw new InvalidOperationException($"the signature names {names.Length} classes; the model has {key.Count}.");
    }

    private static string[]? KeyTexts(DataViewSchema.Column source)
    {
        if (source.Annotations.Schema.GetColumnOrNull("KeyValues") is not { Type: VectorDataViewType { ItemType: TextDataViewType } } column)
        {
            return null;
        }

        VBuffer<ReadOnlyMemory<char>> texts = default;
        source.Annotations.GetValue(column.Name, ref texts);
        return [.. texts.DenseValues().Select(t => t.ToString())];
    }

    private sealed class Texts<T>(TensorSpec spec, ValueGetter<T> getter, Func<T, string> text) : OutputColumn(spec)
    {
        private string[] values = [];
        private T value = default!;

        public override void Begin(int rows) => values = new string[rows];

        public override void Read(int row)
        {
            getter(ref value);
            values[row] = text(value);
        }

        public override Tensor End(int rows) => Tensor(rows, values);
    }

    private sealed class Scalar(TensorSpec spec, ValueGetter<float> getter) : OutputColumn(spec)
    {
        private float[] values = [];

        public override void Begin(int rows) => values = new float[rows];

        public override void Read(int row) => getter(ref values[row]);

        public override Tensor End(int rows) => Tensor(rows, values);
    }

    private sealed class Vector(TensorSpec spec, ValueGetter<VBuffer<float>> getter, int width) : OutputColumn(spec)
    {
        private float[] values = [];
        private VBuffer<float> value;

        public override void Begin(int rows) => values = new float[rows * width];

        public override void Read(int row)
        {
            getter(ref value);
            value.CopyTo(values.AsSpan(row * width, width));
        }

        public override Tensor End(int rows) => Tensor(rows, values);
    }
}
