namespace MlopsGrains.Simulator.Workload;

/// <summary>
/// What may be read of a value that one writer changes, one change after the other: the last that was acknowledged, or a later one whose fate nobody knows. One that was given up before
/// another was acknowledged, or seen, must never be seen again.
/// </summary>
internal sealed class Register(string name, string? initial)
{
    private readonly List<(string? Value, Fate Fate)> writes = [(initial, Fate.Done)];
    private int floor;

    public IReadOnlyList<(string? Value, Fate Fate)> Writes => writes;

    public void Wrote(string value, Fate fate)
    {
        writes.Add((value, fate));
        if (fate == Fate.Done)
        {
            floor = writes.Count - 1;
        }
    }

    /// <summary>What is wrong with a value that was read after all that was written so far.</summary>
    public string? Saw(string? value)
    {
        var found = writes.FindIndex(w => w.Value == value);
        if (found < 0)
        {
            return $"{name} is '{value}', which nobody wrote";
        }

        if (found < floor)
        {
            return $"{name} is '{value}' ({writes[found].Fate}), although '{writes[floor].Value}' was acknowledged or seen after it: a write came late, or one was lost";
        }

        if (writes[found].Fate == Fate.Refused)
        {
            return $"{name} is '{value}', although its writer was told that nothing was changed";
        }

        floor = found;
        writes[found] = (value, Fate.Done);
        return null;
    }
}

/// <summary>What a client knows of what it asked for.</summary>
internal enum Fate
{
    /// <summary>It was acknowledged.</summary>
    Done,

    /// <summary>It may have been done or not.</summary>
    Unknown,

    /// <summary>The answer says that it was not.</summary>
    Refused,
}
