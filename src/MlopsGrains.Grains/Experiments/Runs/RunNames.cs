namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>Readable names for runs that got none, such as <c>quiet-heron-417</c>. Taken from the run's id, so the same run always gets the same one.</summary>
internal static class RunNames
{
    private static readonly string[] Adjectives =
    [
        "able", "amber", "ample", "bold", "brave", "bright", "brisk", "calm", "candid", "clean", "clever", "crisp", "deft", "eager", "early", "fair",
        "fleet", "fond", "frank", "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest", "humble", "keen", "kind", "lively", "loyal",
        "lucid", "lucky", "mellow", "merry", "mild", "modest", "neat", "noble", "patient", "placid", "polite", "proud", "quick", "quiet", "rapid", "ready",
        "serene", "sharp", "silent", "silver", "sincere", "smart", "smooth", "solid", "steady", "sunny", "swift", "tidy", "upbeat", "vivid", "warm", "wise",
    ];

    private static readonly string[] Animals =
    [
        "ant", "badger", "bat", "bear", "beaver", "bee", "bison", "boar", "bull", "camel", "carp", "cat", "cod", "colt", "crab", "crane",
        "crow", "deer", "dog", "dove", "duck", "eagle", "eel", "elk", "falcon", "fawn", "finch", "fox", "frog", "goat", "goose", "gull",
        "hare", "hawk", "hen", "heron", "horse", "ibex", "jay", "koala", "lark", "lion", "lynx", "mole", "moose", "moth", "mule", "newt",
        "otter", "owl", "ox", "panda", "perch", "quail", "rabbit", "ram", "raven", "robin", "seal", "shrew", "snipe", "stork", "swan", "wolf",
    ];

    public static string Of(string runId)
    {
        // FNV-1a: stable over processes and releases, unlike string.GetHashCode.
        var hash = 14695981039346656037UL;
        foreach (var c in runId)
        {
            hash = unchecked((hash ^ c) * 1099511628211UL);
        }

        hash ^= hash >> 29;
        return $"{Adjectives[hash % 64]}-{Animals[(hash >> 6) % 64]}-{(hash >> 12) % 1000}";
    }
}
