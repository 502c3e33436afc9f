using System.Globalization;

namespace MlopsGrains.Web.Data;

/// <summary>Addresses of a dataset's pages.</summary>
internal static class DatasetAddress
{
    public static string Of(string dataset) => $"/datasets/{Uri.EscapeDataString(dataset)}";

    public static string Of(string dataset, int version, string? tab = null) =>
        $"{Of(dataset)}/{version.ToString(CultureInfo.InvariantCulture)}{(tab is null ? "" : "/" + tab)}";

    /// <summary>The version that an address names, or <see langword="null"/> for the newest.</summary>
    public static int? Version(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;
}
