using System.Diagnostics.Metrics;

namespace MlopsGrains.Grains.Deployments;

/// <summary>The meter <c>MlopsGrains.Deployments</c>: what this silo scored. Deployments are not told apart, since there may be any number of them.</summary>
internal sealed class ServingMetrics
{
    private readonly Counter<long> predictions;
    private readonly Counter<long> requests;

    public ServingMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("MlopsGrains.Deployments");
        predictions = meter.CreateCounter<long>("mlops.predictions", "{prediction}", "Rows scored.");
        requests = meter.CreateCounter<long>("mlops.inference.requests", "{request}", "Requests to score, by outcome.");
    }

    public void Scored(long rows)
    {
        predictions.Add(rows);
        requests.Add(1, new KeyValuePair<string, object?>("outcome", "scored"));
    }

    public void Refused() => requests.Add(1, new KeyValuePair<string, object?>("outcome", "refused"));
}
