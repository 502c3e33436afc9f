using System.Text.Json;

namespace MlopsGrains.Grains.Pipelines.Inputs;

internal static class ScalarText
{
    /// <summary>A scalar as it was written: <c>true</c>, <c>1.50</c>; nothing for null.</summary>
    public static string Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        _ => value.GetRawText(),
    };
}
