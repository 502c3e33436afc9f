namespace MlopsGrains.Simulator;

public sealed class SimulatorTests
{
    /// <summary>As many as two cores do in a minute.</summary>
    private const int Seeds = 150;

    /// <summary>Explicit: Orleans' own waits are real, so that on a busy machine a seed may stand still or simulated time run ahead of a call.</summary>
    [Fact(Explicit = true)]
    public async Task Seeds_ShowNoFault()
    {
        var found = await Simulation.Run(first: 1, Seeds);

        Assert.True(found.Count == 0, string.Join('\n', found.Select(f => $"""
            Seed {f.Seed}: {string.Join("; ", f.Wrong)}
            Again, with everything that happened: tests/MlopsGrains.Simulator/bin/Debug/net10.0/MlopsGrains.Simulator --seed {f.Seed} --verbose
            """)));
    }
}
