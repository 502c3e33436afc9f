using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace MlopsGrains.Gateway.Http;

/// <summary>A request's body that is charged to the budget as its bytes come, until the request ends: what was made from them lives as long.</summary>
internal sealed class BudgetedBody(IRequestBodyPipeFeature inner, BodyBudget budget) : PipeReader, IRequestBodyPipeFeature, IDisposable
{
    private readonly PipeReader body = inner.Reader;
    private ReadOnlySequence<byte> last;
    private long consumed;
    private long charged;

    /// <summary>Somebody may have put another body in the place of this one since.</summary>
    public PipeReader Reader => inner.Reader is var now && ReferenceEquals(now, body) ? this : now;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        var reading = body.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Charge(reading.Result)) : ChargeAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!body.TryRead(out result))
        {
            return false;
        }

        result = Charge(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        this.consumed += last.Slice(0, consumed).Length;
        last = default;
        body.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => body.CancelPendingRead();

    public override void Complete(Exception? exception = null) => body.Complete(exception);

    public void Dispose() => budget.Return(charged);

    private async ValueTask<ReadResult> ChargeAsync(ValueTask<ReadResult> reading) => Charge(await reading);

    private ReadResult Charge(ReadResult result)
    {
        last = result.Buffer;
        var bytes = consumed + last.Length;
        if (bytes > charged)
        {
            try
            {
                budget.Take(bytes - charged);
            }
            catch
            {
                AdvanceTo(last.End);
                throw;
            }

            charged = bytes;
        }

        return result;
    }
}
