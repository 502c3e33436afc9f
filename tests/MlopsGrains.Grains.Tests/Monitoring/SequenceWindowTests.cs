using CsCheck;
using MlopsGrains.Grains.Monitoring;

namespace MlopsGrains.Grains.Tests.Monitoring;

public sealed class SequenceWindowTests
{
    /// <summary>Sequences that come late by fewer than 64, some of them twice, are each new exactly once.</summary>
    [Fact]
    public void Sequences_OutOfOrderAndRepeated_AreEachNewOnce() =>
        Gen.Select(Gen.Int[1, 300], Gen.Int[0, 60], Gen.UInt).Sample((count, lateness, seed) =>
        {
            var random = new Random((int)(seed & int.MaxValue));
            var arrivals = Enumerable.Range(1, count)
                .SelectMany(s => Enumerable.Range(0, random.Next(1, 4)).Select(_ => (Sequence: (long)s, At: s + random.Next(lateness + 1))))
                .OrderBy(a => a.At)
                .Select(a => a.Sequence);
            var window = default(SequenceWindow);
            var fresh = new List<long>();
            foreach (var sequence in arrivals)
            {
                if (!window.Contains(sequence))
                {
                    fresh.Add(sequence);
                }

                window = window.Add(sequence);
            }

            Assert.Equal(Enumerable.Range(1, count).Select(s => (long)s), fresh.Order());
        });

    [Fact]
    public void Sequence_FarBelowTheHighest_CountsAsSeen() => Assert.True(default(SequenceWindow).Add(100).Contains(36));
}
