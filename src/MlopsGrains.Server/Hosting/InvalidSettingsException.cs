namespace MlopsGrains.Server.Hosting;

/// <summary>The server cannot start as it was told to; the message lists every fault.</summary>
public sealed class InvalidSettingsException(IReadOnlyList<string> faults) : Exception(string.Join(Environment.NewLine, faults))
{
    public IReadOnlyList<string> Faults { get; } = faults;
}
