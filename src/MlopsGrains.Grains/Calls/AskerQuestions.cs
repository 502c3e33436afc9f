using System.Collections.Concurrent;
using MlopsGrains.Calls;

namespace MlopsGrains.Grains.Calls;

/// <summary>Asks gateways whether they still wait for calls that were long on their way. What comes up while an answer is under way goes with the next question.</summary>
internal sealed class AskerQuestions(IGrainFactory grains, CallClock clock)
{
    /// <summary>A gateway that does not answer within this time is taken to wait for nothing.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Gateways that asked. A cluster has few at a time; those that are gone are forgotten when there are too many.</summary>
    private const int AskersMax = 1000;

    private readonly ConcurrentDictionary<GrainId, Questions> askers = new();

    public Task<bool> StillWaits(GrainId asker, long call)
    {
        if (askers.Count > AskersMax)
        {
            askers.Clear();
        }

        return askers.GetOrAdd(asker, id => new Questions(grains.GetGrain<IAsker>(id), clock.Time)).StillWaits(call);
    }

    private sealed class Questions(IAsker asker, TimeProvider time)
    {
        private readonly Lock gate = new();
        private List<long> collected = [];
        private Task<long[]> answer = Task.FromResult<long[]>([]);

        public async Task<bool> StillWaits(long call)
        {
            Task<long[]> mine;
            lock (gate)
            {
                collected.Add(call);
                if (collected.Count == 1)
                {
                    var before = answer;
                    answer = Task.Run(() => AskAfter(before));
                }

                mine = answer;
            }

            return (await mine).Contains(call);
        }

        private async Task<long[]> AskAfter(Task before)
        {
            await before;
            List<long> calls;
            lock (gate)
            {
                (calls, collected) = (collected, []);
            }

            try
            {
                RequestContext.Clear();
                return await asker.StillWaitsFor([.. calls]).WaitAsync(Patience, time);
            }
            catch (Exception e) when (PlatformFaults.Is(e))
            {
                return [];
            }
        }
    }
}
