namespace MlopsGrains.Paging;

/// <summary>One page of a list.</summary>
/// <param name="Items">The items, in the list's order.</param>
/// <param name="NextPageToken">Opaque; hand it back for the next page. <see langword="null"/> on the last page.</param>
[GenerateSerializer, Immutable, Alias("mlops.Page`1")]
public sealed record Page<T>([property: Id(0)] IReadOnlyList<T> Items, [property: Id(1)] string? NextPageToken);
