using System.Reflection;
using MlopsGrains.Idempotency;

namespace MlopsGrains.Gateway.Tests.Http;

/// <summary>The real grains, but whoever keeps an answer dies before it is kept. Public because the runtime makes the proxy.</summary>
public class ForgetfulStores : DispatchProxy
{
    private IGrainFactory? inner;

    public static IGrainFactory Over(IGrainFactory inner)
    {
        var factory = Create<IGrainFactory, ForgetfulStores>();
        ((ForgetfulStores)(object)factory).inner = inner;
        return factory;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod!.IsGenericMethod && targetMethod.GetGenericArguments()[0] == typeof(IIdempotencyStoreGrain) ? new Store() : targetMethod.Invoke(inner, args);

    private sealed class Store : IIdempotencyStoreGrain
    {
        public Task<AnswerEntry> Enter(string key, string bodyDigest, CancellationToken cancellationToken = default) => Task.FromResult(new AnswerEntry(AnswerTurn.Yours));

        public Task Keep(string key, string bodyDigest, Answer answer, TimeSpan retention, CancellationToken cancellationToken = default) => Task.CompletedTask;

        public Task Leave(string key, CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
