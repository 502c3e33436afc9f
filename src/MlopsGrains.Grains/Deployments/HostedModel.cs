using System.Collections.Concurrent;
using Microsoft.ML;
using MlopsGrains.Deployments;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>A loaded model. Any number of threads may score at once; each has a scorer of its own while it does.</summary>
public sealed class HostedModel
{
    private readonly ConcurrentBag<RowScorer> idle = [];
    private readonly ITransformer model;
    private readonly DataViewSchema schema;

    /// <summary>Binds the model to its signature, or throws what does not fit.</summary>
    public HostedModel(ITransformer model, DataViewSchema schema, ModelSignature signature)
    {
        this.model = model;
        this.schema = schema;
        Signature = signature;
        idle.Add(new RowScorer(model, schema, signature));
    }

    public ModelSignature Signature { get; }

    /// <summary>Scores the rows of a request that has been checked against the signature. Blocks for about 5 µs a row.</summary>
    public IReadOnlyList<Tensor> Score(InferenceRequest request, int rows, CancellationToken cancellationToken = default)
    {
        var scorer = idle.TryTake(out var waiting) ? waiting : new RowScorer(model, schema, Signature);
        var outputs = scorer.Score(request, rows, cancellationToken);
        if (idle.Count < Environment.ProcessorCount)
        {
            idle.Add(scorer);
        }

        return outputs;
    }
}
