using System.Net;

namespace MlopsGrains.EndToEnd;

/// <summary>Asks the model <c>watched</c> for one row after the other, and counts what was answered.</summary>
internal sealed class InferenceLoad(Caller caller)
{
    private int answered;
    private int unanswered;

    public int Answered => Volatile.Read(ref answered);

    public int Unanswered => Volatile.Read(ref unanswered);

    public Task AskAsync(CancellationToken stop) => Task.Run(async () =>
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var (status, _) = await caller.SendAsync("/v2/models/watched/infer", new { inputs = new[] { new { name = "x", datatype = "FP32", shape = new[] { 1, 1 }, data = new[] { 5.1 } } } });
                Interlocked.Increment(ref status == HttpStatusCode.OK ? ref answered : ref unanswered);
            }
            catch (HttpRequestException)
            {
                Interlocked.Increment(ref unanswered);
            }
        }
    }, CancellationToken.None);
}
