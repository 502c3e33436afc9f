using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MlopsGrains.Gateway.InProcess;

/// <summary>An answer that its reader takes from a pipe while it is written. Its head is fixed at the first flush, after everybody who wanted a last word has had it.</summary>
internal sealed class InProcessResponse : PipeWriter, IHttpResponseFeature, IHttpResponseBodyFeature
{
    private readonly Pipe pipe = new();
    private readonly CancellationTokenSource abort;
    private readonly Stream stream;
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stack<(Func<object, Task> Call, object State)> starting = new();
    private readonly Stack<(Func<object, Task> Call, object State)> completed = new();
    private bool isCompleted;

    public InProcessResponse(CancellationTokenSource abort)
    {
        this.abort = abort;
        stream = AsStream(leaveOpen: true);
    }

    public Task Started => started.Task;

    public int StatusCode { get; set; } = StatusCodes.Status200OK;

    public string? ReasonPhrase { get; set; }

    public IHeaderDictionary Headers { get; set; } = new HeaderDictionary();

    [Obsolete("Use IHttpResponseBodyFeature.Stream instead.")]
    Stream IHttpResponseFeature.Body
    {
        get => stream;
        set => throw new NotSupportedException();
    }

    public bool HasStarted { get; private set; }

    public Stream Stream => stream;

    public PipeWriter Writer => this;

    public void OnStarting(Func<object, Task> callback, object state) => starting.Push((callback, state));

    public void OnCompleted(Func<object, Task> callback, object state) => completed.Push((callback, state));

    public void DisableBuffering()
    {
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (HasStarted)
        {
            return;
        }

        while (starting.TryPop(out var one))
        {
            await one.Call(one.State);
        }

        HasStarted = true;
        started.TrySetResult();
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) =>
        SendFileFallback.SendFileAsync(stream, path, offset, count, cancellationToken);

    public async Task CompleteAsync()
    {
        await StartAsync();
        if (!isCompleted)
        {
            isCompleted = true;
            await pipe.Writer.CompleteAsync();
        }
    }

    public void Fail(Exception exception)
    {
        started.TrySetException(exception);
        pipe.Writer.Complete(exception);
    }

    public async Task EndAsync()
    {
        while (completed.TryPop(out var one))
        {
            await one.Call(one.State);
        }
    }

    public HttpResponseMessage ToMessage(HttpRequestMessage request)
    {
        var message = new HttpResponseMessage((HttpStatusCode)StatusCode) { RequestMessage = request, Content = new StreamContent(new Reader(pipe.Reader, abort)) };
        foreach (var (name, values) in Headers)
        {
            if (!message.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                message.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return message;
    }

    public override void Advance(int bytes) => pipe.Writer.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => pipe.Writer.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => pipe.Writer.GetSpan(sizeHint);

    public override bool CanGetUnflushedBytes => pipe.Writer.CanGetUnflushedBytes;

    public override long UnflushedBytes => pipe.Writer.UnflushedBytes;

    public override void CancelPendingFlush() => pipe.Writer.CancelPendingFlush();

    public override void Complete(Exception? exception = null)
    {
        if (!isCompleted)
        {
            isCompleted = true;
            pipe.Writer.Complete(exception);
        }
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        await StartAsync(cancellationToken);
        return await pipe.Writer.FlushAsync(cancellationToken);
    }

    /// <summary>Whoever stops reading ends the request.</summary>
    private sealed class Reader(PipeReader reader, CancellationTokenSource abort) : Stream
    {
        private readonly Stream inner = reader.AsStream();
        private bool isDisposed;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing && !isDisposed)
            {
                isDisposed = true;
                inner.Dispose();
                abort.Cancel();
                abort.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
