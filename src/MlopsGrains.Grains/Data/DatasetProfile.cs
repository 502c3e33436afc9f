using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>What is known of a dataset version's content.</summary>
[GenerateSerializer, Immutable, Alias("mlops.grains.DatasetProfile")]
internal sealed record DatasetProfile([property: Id(0)] long Rows, [property: Id(1)] IReadOnlyList<ColumnProfileView> Columns)
{
    /// <summary>Profiles a CSV in the standard dialect; see <see cref="ReadCsv.Of"/>.</summary>
    public static DatasetProfile Of(Stream content, CancellationToken cancellationToken) => ReadCsv.Of(content, CsvDialect.Standard, cancellationToken).Profile;
}
