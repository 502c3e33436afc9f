using MlopsGrains.Data;

namespace MlopsGrains.Grains.Data;

/// <summary>
/// The most frequent values in bounded memory (Misra–Gries): every value with more than one in <c>capacity</c> rows is among the candidates. When values had to
/// be dropped, counts are too low until the candidates have been counted in another pass.
/// </summary>
internal sealed class FrequentValues(int capacity)
{
    public const int TopMax = 20;

    /// <summary>Longer values are no categories and would fill the memory.</summary>
    private const int ValueCharactersMax = 256;

    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);
    private bool counting = true;

    public bool IsExact { get; private set; } = true;

    public void Add(ReadOnlySpan<char> value)
    {
        if (value.IsEmpty || value.Length > ValueCharactersMax)
        {
            return;
        }

        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(value, out var count))
        {
            lookup[value] = count + 1;
        }
        else if (!counting)
        {
            return;
        }
        else if (counts.Count < capacity)
        {
            lookup[value] = 1;
        }
        else
        {
            DropOne();
        }
    }

    /// <summary>From here on only the present candidates are counted, from zero.</summary>
    public void Recount()
    {
        counting = false;
        foreach (var value in counts.Keys)
        {
            counts[value] = 0;
        }
    }

    public List<ValueCount> Top() =>
        [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Take(TopMax).Select(c => new ValueCount(c.Key, c.Value))];

    private void DropOne()
    {
        IsExact = false;
        foreach (var (value, count) in counts)
        {
            if (count == 1)
            {
                counts.Remove(value);
            }
            else
            {
                counts[value] = count - 1;
            }
        }
    }
}
