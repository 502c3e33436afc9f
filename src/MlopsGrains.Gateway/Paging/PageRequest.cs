using MlopsGrains.Limits;

namespace MlopsGrains.Gateway.Paging;

/// <summary>The page of a list that a request asks for.</summary>
/// <param name="Size">How many items it may have, from 1.</param>
/// <param name="Token">From where on, as the caller sent it; <see langword="null"/> for the first page.</param>
/// <param name="TokenField">The request's field that held it.</param>
internal readonly record struct PageRequest(int Size, string? Token, string TokenField)
{
    /// <summary>As the native API says it; an empty token is none.</summary>
    public static PageRequest Native(int size, string? token, int sizeMax, string sizeField = "limit") => new(Limit.Page(sizeField, size, sizeMax), GivenOrNull(token), "pageToken");

    /// <summary>As MLflow says it.</summary>
    public static PageRequest Mlflow(long size, string? token, int sizeMax) => new(Limit.Page("max_results", size, sizeMax), GivenOrNull(token), "page_token");

    private static string? GivenOrNull(string? token) => string.IsNullOrEmpty(token) ? null : token;
}
