namespace MlopsGrains.Web.Experiments;

/// <summary>Which colour each run of a view has. Eight colours; from the ninth run on the same with dashes.</summary>
internal static class RunSlots
{
    private const int Colours = 8;
    private const int SlotMax = 63;

    /// <summary>Reads <c>id</c> or <c>id:slot</c>; what is no slot is none.</summary>
    public static (string Id, int? Slot) Read(string text) =>
        text.Split(':', 2) is [var id, var slot] ? (id, int.TryParse(slot, out var given) && given is >= 0 and <= SlotMax ? given : null) : (text, null);

    /// <summary>A slot of each run: the one that the view says, else the run's own by its id, else the next free one.</summary>
    public static IReadOnlyList<int> Of(IReadOnlyList<(string Id, int? Slot)> runs)
    {
        var taken = runs.Where(r => r.Slot is not null).Select(r => r.Slot!.Value).ToHashSet();
        return [.. runs.Select(r => r.Slot ?? Free(r.Id, taken))];
    }

    private static int Free(string id, HashSet<int> taken)
    {
        var own = id.Aggregate(17, (sum, c) => unchecked((sum * 31) + c)) & (Colours - 1);
        for (var round = 0; ; round++)
        {
            for (var step = 0; step < Colours; step++)
            {
                var slot = (round * Colours) + ((own + step) % Colours);
                if (taken.Add(slot))
                {
                    return slot;
                }
            }
        }
    }
}
