namespace MlopsGrains.Server.Hosting;

/// <summary>The server cannot start as it was told to; the message lists every fault.</summary>
public sealed class InvalidSettingsException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    public IReadOnlyList<string> Faults { get; } = faults;

    /// <summary>Refuses settings that have faults, telling all of them.</summary>
    public static void ThrowIfAny(IEnumerable<string> faults)
    {
        if (faults.ToList() is { Count: > 0 } found)
        {
            throw new InvalidSettingsException(found);
        }
    }
}
