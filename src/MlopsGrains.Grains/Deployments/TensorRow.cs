using Microsoft.ML;
using Microsoft.ML.Data;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>One row of a request's tensors, as ML.NET reads rows. Columns that are not inputs (the label) and inputs that were left out read as missing.</summary>
internal sealed class TensorRow : DataViewRow
{
    private readonly Dictionary<string, Slot> slots = new(StringComparer.Ordinal);
    private readonly Delegate[] getters;
    private long position = -1;
    private int current;

    public TensorRow(DataViewSchema schema, IReadOnlyList<TensorSpec> inputs)
    {
        Schema = schema;
        getters = new Delegate[schema.Count];
        foreach (var input in inputs)
        {
            var column = schema.GetColumnOrNull(input.Name) ?? throw new InvalidOperationException($"the model has no input column '{input.Name}'.");
            var slot = new Slot(input);
            slots.Add(input.Name, slot);
            getters[column.Index] = Getter(column, slot);
        }
    }

    public override DataViewSchema Schema { get; }

    /// <summary>Never the same twice: ML.NET takes an equal position for the same row and answers from its cache.</summary>
    public override long Position => position;

    public override long Batch => 0;

    public void Take(IReadOnlyList<Tensor> tensors)
    {
        foreach (var slot in slots.Values)
        {
            slot.Data = null;
        }

        foreach (var tensor in tensors)
        {
            slots[tensor.Name].Data = (Array)tensor.Data;
        }
    }

    public void MoveTo(int row)
    {
        current = row;
        position++;
    }

    public override bool IsColumnActive(DataViewSchema.Column column) => true;

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        getters[column.Index] is ValueGetter<TValue> getter ? getter
        : column.Type is VectorDataViewType ? throw new InvalidOperationException($"the model needs the vector column '{column.Name}', which is no input of the signature.")
        : Missing<TValue>();

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)position, 0);

    private static ValueGetter<TValue> Missing<TValue>() =>
        typeof(TValue) == typeof(float) ? (ValueGetter<TValue>)(object)(ValueGetter<float>)((ref float value) => value = float.NaN)
        : (ref TValue value) => value = default!;

    private Delegate Getter(DataViewSchema.Column column, Slot slot)
    {
        var (datatype, width) = (slot.Spec.Datatype, slot.Width);
        switch (column.Type)
        {
            case VectorDataViewType { IsKnownSize: true } vector when vector.ItemType == NumberDataViewType.Single && datatype == TensorTypes.Fp32 && width == vector.Size:
                return (ValueGetter<VBuffer<float>>)((ref VBuffer<float> value) => Fill(ref value, slot.Of<float>(), width));
            case VectorDataViewType { IsKnownSize: true } vector when vector.ItemType == NumberDataViewType.Double && datatype == TensorTypes.Fp64 && width == vector.Size:
                return (ValueGetter<VBuffer<double>>)((ref VBuffer<double> value) => Fill(ref value, slot.Of<double>(), width));
            case NumberDataViewType number when width == 1 && number == NumberDataViewType.Single && datatype == TensorTypes.Fp32:
                return (ValueGetter<float>)((ref float value) => value = slot.Find<float>()?[current] ?? float.NaN);
            case NumberDataViewType number when width == 1 && number == NumberDataViewType.Single && datatype == TensorTypes.Bool:
                return (ValueGetter<float>)((ref float value) => value = slot.Truth(current) is { } truth ? (truth ? 1 : 0) : float.NaN);
            case NumberDataViewType number when width == 1 && number == NumberDataViewType.Double && datatype == TensorTypes.Fp64:
                return (ValueGetter<double>)((ref double value) => value = slot.Find<double>()?[current] ?? double.NaN);
            case NumberDataViewType number when width == 1 && number == NumberDataViewType.Int64 && datatype == "INT64":
                return (ValueGetter<long>)((ref long value) => value = slot.Of<long>()[current]);
            case NumberDataViewType number when width == 1 && number == NumberDataViewType.Int32 && datatype == "INT32":
                return (ValueGetter<int>)((ref int value) => value = (int)slot.Of<long>()[current]);
            case BooleanDataViewType when width == 1 && datatype == TensorTypes.Bool:
                return (ValueGetter<bool>)((ref bool value) => value = slot.Truth(current) ?? throw MlopsException.Invalid(slot.Spec.Name, $"input '{slot.Spec.Name}' is missing in row {current + 1}; this model takes true or false only."));
            case TextDataViewType when width == 1 && datatype == TensorTypes.Bytes:
                return (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> value) => value = slot.Find<string>()?[current].AsMemory() ?? default);
            default:
                throw new InvalidOperationException($"the signature gives input '{column.Name}' as {datatype} of {width} values a row; the model's column is {column.Type}.");
        }
    }

    private void Fill<T>(ref VBuffer<T> value, T[] data, int width)
    {
        var editor = VBufferEditor.Create(ref value, width);
        data.AsSpan(current * width, width).CopyTo(editor.Values);
        value = editor.Commit();
    }

    /// <summary>Where the present request's values of one input are.</summary>
    private sealed class Slot(TensorSpec spec)
    {
        public TensorSpec Spec { get; } = spec;

        public int Width { get; } = spec.Shape.Count == 2 ? (int)spec.Shape[1] : 1;

        public Array? Data { get; set; }

        public T[] Of<T>() => (T[])Data!;

        /// <summary>The values, or <see langword="null"/> when the input was left out.</summary>
        public T[]? Find<T>() => (T[]?)Data;

        public bool? Truth(int row) => Data switch
        {
            bool[] truths => truths[row],
            string[] texts when texts[row].Length > 0 => texts[row] == Truths.True,
            _ => null,
        };
    }
}
