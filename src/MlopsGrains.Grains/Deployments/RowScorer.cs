using Microsoft.ML;
using MlopsGrains.Deployments;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>
/// Scores row by row through the model's row mapper over one row that is filled again and again. For one thread at a time: ML.NET caches inside the row, and
/// two threads in one would silently mix up their scores.
/// </summary>
#pragma warning disable CA1001 // The row only overrides reads; there is nothing to let go of, and scorers end with their model.
internal sealed class RowScorer
#pragma warning restore CA1001
{
    private readonly TensorRow row;
    private readonly OutputColumn[] outputs;

    public RowScorer(ITransformer model, DataViewSchema schema, ModelSignature signature)
    {
        row = new TensorRow(schema, signature.Inputs);
        var mapper = model.GetRowToRowMapper(schema);
        var sources = signature.Outputs.Select(o => OutputColumn.Source(o, mapper.OutputSchema)).ToList();
        var scored = mapper.GetRow(row, sources);
        outputs = [.. signature.Outputs.Select((o, i) => OutputColumn.Of(o, sources[i], scored, signature.Classes))];
    }

    public IReadOnlyList<Tensor> Score(InferenceRequest request, int rows, CancellationToken cancellationToken)
    {
        row.Take(request.Inputs);
        foreach (var output in outputs)
        {
            output.Begin(rows);
        }

        for (var i = 0; i < rows; i++)
        {
            if ((i & 1023) == 1023)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            row.MoveTo(i);
            foreach (var output in outputs)
            {
                output.Read(i);
            }
        }

        row.Take([]);
        return [.. outputs.Select(o => o.End(rows))];
    }
}
