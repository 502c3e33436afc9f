namespace MlopsGrains.Gateway.Experiments;

internal static class MlflowValues
{
    /// <summary>Cuts a long value as MLflow's server does, without leaving half a character.</summary>
    public static string Cut(string value, int max) =>
        value.Length <= max ? value : value[..(char.IsHighSurrogate(value[max - 1]) ? max - 1 : max)];
}
