namespace MlopsGrains.Gateway.Json;

/// <summary>What a door's messages may do, besides being JSON of at most <see cref="DepthMax"/> levels whose <c>null</c> means unset.</summary>
/// <param name="SkipsUnknown">Unknown members are ignored, and of a member that is given twice the last counts; otherwise both are refused.</param>
/// <param name="ScalarsInText">Whole numbers and truth values may be texts.</param>
/// <param name="MayBeWrapped">The message may be the text of a JSON string, as old clients send it; nothing is the empty message.</param>
internal sealed record JsonRules(bool SkipsUnknown, bool ScalarsInText = false, bool MayBeWrapped = false)
{
    public const int DepthMax = 32;

    public static JsonRules Native { get; } = new(SkipsUnknown: false);

    public static JsonRules Mlflow { get; } = new(SkipsUnknown: true, ScalarsInText: true, MayBeWrapped: true);

    public static JsonRules OpenInference { get; } = new(SkipsUnknown: true);
}
