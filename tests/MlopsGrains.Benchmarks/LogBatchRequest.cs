using System.Globalization;
using System.Text;

namespace MlopsGrains.Benchmarks;

/// <summary>A log-batch request that is built once; only the digits of its steps and timestamps are rewritten from one batch to the next.</summary>
internal sealed class LogBatchRequest
{
    private const int Digits = 9;
    private static readonly string Placeholder = new('1', Digits);

    private readonly byte[] request;
    private readonly int[] numbers;
    private int next;

    /// <param name="run">Id.</param>
    /// <param name="points">In each batch.</param>
    /// <param name="first">The first step, nine digits. Steps that were sent before are repeats, which the server looks up and drops.</param>
    public LogBatchRequest(string run, int points, int first = 100_000_000)
    {
        next = first;
        var body = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{{\"run_id\":\"{run}\",\"metrics\":[");
        for (var i = 0; i < points; i++)
        {
            body.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture,
                $"{{\"key\":\"{(i % 2 == 0 ? "train/loss" : "train/accuracy")}\",\"value\":{0.1234567 + i * 0.001:0.0######},\"timestamp\":1700{Placeholder},\"step\":{Placeholder}}}");
        }

        request = LoadConnection.Post("/api/2.0/mlflow/runs/log-batch", body.Append("]}").ToString());
        numbers = [.. Positions(request, Encoding.ASCII.GetBytes(Placeholder))];
    }

    /// <summary>The next batch; valid until the call after it.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        for (var i = 0; i < numbers.Length; i++)
        {
            // Two numbers a point: its timestamp and its step. Two points in turn share a step, one of each metric.
            var number = next + i / 4;
            number.TryFormat(request.AsSpan(numbers[i], Digits), out _, provider: CultureInfo.InvariantCulture);
        }

        next += Math.Max(1, numbers.Length / 4);
        return request;
    }

    private static IEnumerable<int> Positions(byte[] text, byte[] of)
    {
        for (var i = 0; i <= text.Length - of.Length; i++)
        {
            if (text.AsSpan(i, of.Length).SequenceEqual(of))
            {
                yield return i;
                i += of.Length - 1;
            }
        }
    }
}
