namespace MlopsGrains.Grains.Data;

/// <summary>What was found in a CSV, read once as its dialect says.</summary>
/// <param name="Profile">Its columns.</param>
/// <param name="Differs">Whether a reader of the standard dialect would have found something else.</param>
/// <param name="Notes">What the owner of the data should know of how it was read.</param>
internal sealed record ReadCsv(DatasetProfile Profile, bool Differs, IReadOnlyList<string> Notes)
{
    private const int CandidatesMax = 10_000;
    private const int CandidatesBudget = 500_000;
    private const int NotesMax = 50;
    private const int ColumnsShown = 20;

    /// <summary>
    /// Profiles a CSV in one pass over numeric columns, a second when there is text, and a third when a text column has too many values to count all at once.
    /// Memory stays under about 600 MB for 10,000 columns and far below for usual tables. Blocks; the stream must seek and is left open.
    /// </summary>
    public static ReadCsv Of(Stream content, CsvDialect dialect, CancellationToken cancellationToken)
    {
        using var first = CsvReader.Open(content, dialect, leaveOpen: true);
        var columns = first.Columns.Select(name => new ColumnProfile(name, first.Columns.Count)).ToArray();
        first.ReadAll((place, cell) => columns[place].Add(cell), cancellationToken);
        var texts = columns.Where(c => c.HasCategories).ToArray();
        if (texts.Length > 0)
        {
            var capacity = Math.Clamp(CandidatesBudget / texts.Length, FrequentValues.TopMax * 2, CandidatesMax);
            Array.ForEach(texts, c => c.Frequent = new FrequentValues(capacity));
            Again(content, dialect, columns, cancellationToken);
        }

        if (texts.Any(c => !c.Frequent!.IsExact))
        {
            foreach (var column in columns)
            {
                column.Frequent = column.Frequent is { IsExact: true } ? column.Close() : column.Frequent;
                column.Frequent?.Recount();
            }

            Again(content, dialect, columns, cancellationToken);
        }

        return new ReadCsv(new DatasetProfile(first.Row, [.. columns.Select(c => c.View())]), first.Differs, [.. NotesOn(first, columns).Take(NotesMax)]);
    }

    private static void Again(Stream content, CsvDialect dialect, ColumnProfile[] columns, CancellationToken cancellationToken)
    {
        content.Seek(0, SeekOrigin.Begin);
        using var reader = CsvReader.Open(content, dialect, leaveOpen: true);
        reader.ReadAll((place, cell) => columns[place].Frequent?.Add(cell), cancellationToken);
    }

    private static IEnumerable<string> NotesOn(CsvReader reader, ColumnProfile[] columns)
    {
        if (columns is [var only])
        {
            yield return $"The data has one column, '{only.Name}'; if it should have more, say which delimiter stands between them.";
        }

        var missing = Enumerable.Range(0, columns.Length).Select(i => (columns[i].Name, Words: reader.MissingWordsOf(i))).Where(c => c.Words.Count > 0).ToList();
        if (missing.Count > 0)
        {
            var more = missing.Count > ColumnsShown ? $" and {missing.Count - ColumnsShown} more columns" : "";
            yield return $"Read as missing: {string.Join(", ", missing.Take(ColumnsShown).Select(c => FormattableString.Invariant($"'{c.Words.Word}' in {c.Name} ({c.Words.Count})")))}{more}; the option missing chooses the words.";
        }

        foreach (var note in columns.Select(c => c.NearlyNumbers).OfType<string>())
        {
            yield return note;
        }
    }
}
