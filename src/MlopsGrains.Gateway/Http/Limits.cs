using MlopsGrains.Errors;

namespace MlopsGrains.Gateway.Http;

internal static class Limits
{
    /// <summary>Returns a page size of 1 to <paramref name="max"/> or refuses it by name.</summary>
    public static int Check(string field, int value, int max) =>
        value >= 1 && value <= max ? value : throw MlopsException.Invalid(field, $"{field} is {value}; must be 1 to {max}.");
}
