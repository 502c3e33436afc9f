using Microsoft.ML;
using Microsoft.ML.Data;

namespace MlopsGrains.Grains.Pipelines.Training;

/// <summary>Columns of a table as ML.NET reads them. One cursor at a time in row order, so that training does not depend on timing.</summary>
internal sealed class TableView : IDataView
{
    private readonly Array[] values;
    private readonly CancellationToken stop;

    private TableView(int rows, IReadOnlyList<(string Name, DataViewType Type, Array Values)> columns, CancellationToken stop)
    {
        this.stop = stop;
        Rows = rows;
        values = [.. columns.Select(c => c.Values)];
        var schema = new DataViewSchema.Builder();
        foreach (var (name, type, _) in columns)
        {
            schema.AddColumn(name, type);
        }

        Schema = schema.ToSchema();
    }

    public int Rows { get; }

    public bool CanShuffle => false;

    public DataViewSchema Schema { get; }

    /// <param name="table">The data.</param>
    /// <param name="features">Columns and their types: <see cref="NumberDataViewType.Single"/>, <see cref="NumberDataViewType.Double"/> or text.</param>
    /// <param name="label">A label column to add, or <see langword="null"/>.</param>
    /// <param name="stop">Ends every reading of the rows.</param>
    public static TableView Of(Table table, IEnumerable<(string Name, DataViewType Type)> features, (DataViewType Type, Array Values)? label = null, CancellationToken stop = default)
    {
        var columns = new List<(string, DataViewType, Array)>();
        foreach (var (name, type) in features)
        {
            var index = table.Index("features", name);
            columns.Add((name, type, type is TextDataViewType ? Texts(table, index) : type == NumberDataViewType.Double ? table.Numbers(index) : Singles(table, index)));
        }

        if (label is { } l)
        {
            columns.Add((Names.Label, l.Type, l.Values));
        }

        return new TableView(table.Rows.Count, columns, stop);
    }

    public static float[] Singles(Table table, int index) => Array.ConvertAll(table.Numbers(index), n => (float)n);

    public long? GetRowCount() => Rows;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) =>
        new Cursor(this, [.. columnsNeeded.Select(c => c.Index)]);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];

    private static ReadOnlyMemory<char>[] Texts(Table table, int index) => [.. table.Rows.Select(r => r[index].AsMemory())];

    /// <summary>Names that the training pipeline uses itself.</summary>
    public static class Names
    {
        public const string Label = "Label";
        public const string Features = "Features";
        public const string Score = "Score";
        public const string Predicted = "PredictedLabel";
        public const string Probability = "Probability";
        public const string Gaps = "#Gaps";

        public static readonly IReadOnlyList<string> Reserved = [Label, Features, Score, Predicted, Probability, Gaps];
    }

    private sealed class Cursor(TableView view, HashSet<int> active) : DataViewRowCursor
    {
        private long position = -1;

        public override long Position => position;

        public override long Batch => 0;

        public override DataViewSchema Schema => view.Schema;

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

        public override bool MoveNext()
        {
            view.stop.ThrowIfCancellationRequested();
            if (position + 1 >= view.Rows)
            {
                position = view.Rows;
                return false;
            }

            position++;
            return true;
        }

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            var typed = view.values[column.Index] as TValue[]
                ?? throw new InvalidOperationException($"Column '{column.Name}' holds no {typeof(TValue).Name}.");
            return (ref TValue value) => value = typed[position];
        }

        public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new DataViewRowId((ulong)position, 0);
    }
}
