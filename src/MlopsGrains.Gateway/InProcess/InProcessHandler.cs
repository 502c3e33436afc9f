using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace MlopsGrains.Gateway.InProcess;

/// <summary>Runs a request through the pipeline and answers as soon as its answer begins; the body is read while it is written.</summary>
internal sealed class InProcessHandler(RequestDelegate pipeline, IServiceScopeFactory scopes, HttpContext caller) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? Stream.Null : await request.Content.ReadAsStreamAsync(cancellationToken);
        var abort = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, caller.RequestAborted);
        var answer = new InProcessResponse(abort);
        var context = Context(request, body, answer, abort);
        _ = RunAsync(context, answer);
        await answer.Started;
        return answer.ToMessage(request);
    }

    private DefaultHttpContext Context(HttpRequestMessage request, Stream body, InProcessResponse answer, CancellationTokenSource abort)
    {
        var address = request.RequestUri!;
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature
        {
            Protocol = HttpProtocol.Http11,
            Scheme = caller.Request.Scheme,
            Method = request.Method.Method,
            Path = PathString.FromUriComponent(address).Value!,
            QueryString = address.Query,
            RawTarget = address.PathAndQuery,
            Body = body,
        });
        features.Set<IHttpResponseFeature>(answer);
        features.Set<IHttpResponseBodyFeature>(answer);
        features.Set<IHttpRequestBodyDetectionFeature>(new Detection(request.Content is not null));
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature { RequestAborted = abort.Token });
        features.Set<IHttpConnectionFeature>(new HttpConnectionFeature { RemoteIpAddress = caller.Connection.RemoteIpAddress ?? IPAddress.Loopback, RemotePort = caller.Connection.RemotePort });
        var context = new DefaultHttpContext(features) { ServiceScopeFactory = scopes };
        foreach (var header in request.Headers.Concat(request.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>()))
        {
            context.Request.Headers[header.Key] = header.Value.ToArray();
        }

        context.Request.Host = caller.Request.Host;
        foreach (var name in (string[])[HeaderNames.Authorization, HeaderNames.Cookie])
        {
            if (caller.Request.Headers.TryGetValue(name, out var credentials))
            {
                context.Request.Headers[name] = credentials;
            }
        }

        return context;
    }

    private async Task RunAsync(DefaultHttpContext context, InProcessResponse answer)
    {
        try
        {
            await pipeline(context);
            await answer.CompleteAsync();
        }
#pragma warning disable CA1031 // Whoever reads the answer gets the exception.
        catch (Exception e)
#pragma warning restore CA1031
        {
            answer.Fail(e);
        }
        finally
        {
            await answer.EndAsync();
        }
    }

    private sealed record Detection(bool CanHaveBody) : IHttpRequestBodyDetectionFeature;
}
