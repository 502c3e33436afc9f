namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// A hash table of numbers that stand for things kept elsewhere: four bytes a slot, at most three quarters used. Linear probing; removal closes the gap, so
/// there are no tombstones.
/// </summary>
/// <param name="hashOf">The hash of what a stored number stands for.</param>
internal sealed class NumberTable(Func<int, int> hashOf)
{
    public const int None = -1;

    private int[] slots = new int[16];

    public int Count { get; private set; }

    public int this[int slot]
    {
        get => slots[slot] - 1;
        set => slots[slot] = value + 1;
    }

    public int First(int hash) => hash & (slots.Length - 1);

    public int Next(int slot) => (slot + 1) & (slots.Length - 1);

    /// <summary>Adds a number that is not there.</summary>
    public void Add(int hash, int number)
    {
        if ((Count + 1) * 4 > slots.Length * 3)
        {
            Grow();
        }

        Place(hash, number);
        Count++;
    }

    public void RemoveAt(int slot)
    {
        var hole = slot;
        for (var next = Next(slot); slots[next] != 0; next = Next(next))
        {
            var (fromHome, fromHole) = ((next - hashOf(slots[next] - 1)) & (slots.Length - 1), (next - hole) & (slots.Length - 1));
            if (fromHome >= fromHole)
            {
                slots[hole] = slots[next];
                hole = next;
            }
        }

        slots[hole] = 0;
        Count--;
    }

    private void Grow()
    {
        var old = slots;
        slots = new int[old.Length * 2];
        foreach (var stored in old)
        {
            if (stored != 0)
            {
                Place(hashOf(stored - 1), stored - 1);
            }
        }
    }

    private void Place(int hash, int number)
    {
        var slot = First(hash);
        while (slots[slot] != 0)
        {
            slot = Next(slot);
        }

        slots[slot] = number + 1;
    }
}
