using Microsoft.ML;
using Microsoft.ML.Data;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Models;

/// <summary>The signature of an ML.NET model.</summary>
public static class MlNetSignature
{
    /// <param name="model">A fitted model.</param>
    /// <param name="input">The schema it was fitted on.</param>
    /// <inheritdoc cref="TableModel.Signature"/>
    public static ModelSignature Of(ITransformer model, DataViewSchema input, ModelTask task, IReadOnlyCollection<string> labels, IReadOnlyList<string>? classes = null) =>
        TableModel.Signature(Columns(input), Columns(model.GetOutputSchema(input)), task, labels, classes);

    private static IEnumerable<ModelColumn> Columns(DataViewSchema schema) =>
        from column in schema
        where !column.IsHidden
        let vector = column.Type as VectorDataViewType
        select new ModelColumn(column.Name, (vector?.ItemType ?? column.Type).RawType, vector is null ? 1 : vector.IsKnownSize ? vector.Size : -1);
}
