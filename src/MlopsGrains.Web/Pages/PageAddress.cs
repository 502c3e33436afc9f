namespace MlopsGrains.Web.Pages;

/// <summary>Addresses of pages, with the view in their query.</summary>
internal static class PageAddress
{
    /// <summary>What is <see langword="null"/> is left out.</summary>
    public static string Of(string path, params IEnumerable<(string Key, string? Value)> query)
    {
        var text = string.Join('&', query.Where(part => part.Value is not null).Select(part => $"{part.Key}={Uri.EscapeDataString(part.Value!)}"));
        return text.Length == 0 ? path : $"{path}?{text}";
    }
}
