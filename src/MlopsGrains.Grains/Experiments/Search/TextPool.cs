namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Each text once, under a small number. Uses are counted, so a text that no row has any more is forgotten and its code given out again.</summary>
internal sealed class TextPool
{
    public const int None = -1;

    private readonly NumberTable table;
    private string?[] texts = new string?[16];
    private int[] hashes = new int[16];

    /// <summary>How often a text is used; for a free code the next free one.</summary>
    private int[] uses = new int[16];

    private int free = None;

    public TextPool() => table = new NumberTable(code => hashes[code]);

    /// <summary>Every code is below this.</summary>
    public int CodesEnd { get; private set; }

    public int Count => table.Count;

    /// <summary>About what the texts take in memory.</summary>
    public long Bytes { get; private set; }

    public string this[int code] => texts[code]!;

    /// <summary>A text's code, or <see cref="None"/>.</summary>
    public int Find(string text) => Find(text, string.GetHashCode(text));

    /// <summary>A text's code; one use more.</summary>
    public int Take(string text)
    {
        var hash = string.GetHashCode(text);
        var code = Find(text, hash);
        if (code == None)
        {
            code = Free();
            (texts[code], hashes[code], uses[code]) = (text, hash, 0);
            table.Add(hash, code);
            Bytes += Size(text);
        }

        uses[code]++;
        return code;
    }

    public void Release(int code)
    {
        if (--uses[code] > 0)
        {
            return;
        }

        var slot = table.First(hashes[code]);
        while (table[slot] != code)
        {
            slot = table.Next(slot);
        }

        table.RemoveAt(slot);
        Bytes -= Size(texts[code]!);
        (texts[code], uses[code], free) = (null, free, code);
    }

    /// <summary>A string's head, its characters, and its place in the tables.</summary>
    private static long Size(string text) => 40 + (2L * text.Length);

    private int Find(string text, int hash)
    {
        for (var slot = table.First(hash); table[slot] is >= 0 and var code; slot = table.Next(slot))
        {
            if (hashes[code] == hash && texts[code] == text)
            {
                return code;
            }
        }

        return None;
    }

    private int Free()
    {
        if (free != None)
        {
            var code = free;
            free = uses[code];
            return code;
        }

        if (CodesEnd == texts.Length)
        {
            var size = texts.Length < 65_536 ? texts.Length * 2 : texts.Length + (texts.Length / 4);
            Array.Resize(ref texts, size);
            Array.Resize(ref hashes, size);
            Array.Resize(ref uses, size);
        }

        return CodesEnd++;
    }
}
