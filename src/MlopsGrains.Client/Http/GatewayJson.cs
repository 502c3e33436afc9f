using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlopsGrains.Client.Http;

internal static class GatewayJson
{
    /// <summary>The native API's dialect; NaN and the infinities travel as texts because JSON has no numbers for them.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.AllowReadingFromString | JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}
