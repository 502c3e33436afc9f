using System.IO.Hashing;
using System.Text.Json;
using MlopsGrains.Client.Http;

namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>A file of a run that waits in the spool.</summary>
/// <param name="Path">Where it belongs in the run.</param>
/// <param name="File">Its name in the spool.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Checksum">CRC-32 of its bytes.</param>
internal sealed record SpooledArtifact(string Path, string File, long Bytes, uint Checksum)
{
    public const string Extension = ".artifact";

    public SpoolRecord ToRecord() => new(SpoolKind.Artifact, JsonSerializer.SerializeToUtf8Bytes(this, GatewayJson.Options));

    public static SpooledArtifact Of(SpoolRecord record) => JsonSerializer.Deserialize<SpooledArtifact>(record.Payload.Span, GatewayJson.Options)!;

    public string In(string directory) => System.IO.Path.Combine(directory, File);

    /// <summary>Whether its bytes are what was stored.</summary>
    public async Task<bool> IsSoundAsync(Stream content, CancellationToken cancellationToken)
    {
        if (content.Length != Bytes)
        {
            return false;
        }

        var crc = new Crc32();
        await crc.AppendAsync(content, cancellationToken);
        content.Position = 0;
        return crc.GetCurrentHashAsUInt32() == Checksum;
    }
}
