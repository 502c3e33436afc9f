using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using MlopsGrains.Gateway.Mlflow;

namespace MlopsGrains.Gateway.Tests.Mlflow;

public sealed class MlflowRequestTests
{
    [Fact]
    public async Task Fields_StayWhatTheyWere_WhenTheServerReusesTheBodysMemory()
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "POST";
        context.Request.ContentType = "application/json";
        context.Features.Set<IRequestBodyPipeFeature>(new ReusedMemory("""{"run_id":"abc","key":"k","value":"v"}"""u8.ToArray()));

        var request = await MlflowRequest.ReadAsync(context);

        Assert.Equal(("abc", "k", "v"), (request.Required("run_id"), request.Required("key"), request.Text("value")));
    }

    /// <summary>A pipe as a server has it: what the reader has advanced over is overwritten by the next request.</summary>
    private sealed class ReusedMemory(byte[] body) : PipeReader, IRequestBodyPipeFeature
    {
        public PipeReader Reader => this;

        public override void AdvanceTo(SequencePosition consumed) => Array.Fill(body, (byte)'x');

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

        public override void CancelPendingRead()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(new ReadResult(new ReadOnlySequence<byte>(body), isCanceled: false, isCompleted: true));

        public override bool TryRead(out ReadResult result)
        {
            result = new ReadResult(new ReadOnlySequence<byte>(body), isCanceled: false, isCompleted: true);
            return true;
        }
    }
}
