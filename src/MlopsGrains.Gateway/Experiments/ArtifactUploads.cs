using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Identity;
using MlopsGrains.Texts;

namespace MlopsGrains.Gateway.Experiments;

/// <summary>
/// Uploads in parts. The directory of the artifact root remembers the upload, the blob store holds its parts; nothing is visible before the join, and an upload
/// that is neither completed nor aborted is forgotten after a day.
/// </summary>
internal sealed class ArtifactUploads(IGrainFactory grains, IBlobUploads blobs, IIdSource ids, IOptions<GatewayOptions> options)
{
    /// <summary>Where clients reach this gateway.</summary>
    public string PublicUrl(HttpRequest request) => options.Value.PublicUrl?.TrimEnd('/') ?? $"{request.Scheme}://{request.Host}";

    /// <summary>The upload's id, and the key that its parts must bring.</summary>
    public async Task<(string Id, string Key)> Begin(ArtifactPath file, int parts, CancellationToken cancellationToken)
    {
        var (id, key) = (ids.NewId(), Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)));
        await Directory(file.Writable()).BeginUpload(id, new ArtifactUpload(file.Relative, parts, Digest(key)), cancellationToken);
        return (id, key);
    }

    public async Task<BlobRef> PutPart(ArtifactPath file, string id, string key, int number, Stream content, CancellationToken cancellationToken)
    {
        var upload = await Find(file, id, cancellationToken);
        if (upload is null || upload.IsComplete || !CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Digest(key)), Encoding.ASCII.GetBytes(upload.KeyDigest)))
        {
            throw Unknown(id);
        }

        if (number < 1 || number > upload.Parts)
        {
            throw MlopsException.Invalid("part_number", $"part_number is {number}; must be 1 to {upload.Parts}.");
        }

        return await Limited(() => blobs.WritePartAsync(id, number, content, options.Value.ArtifactBytesMax, cancellationToken));
    }

    /// <summary>Joins the parts in the order of their numbers and publishes the file; again changes nothing.</summary>
    public async Task Complete(ArtifactPath file, string id, IReadOnlyList<UploadedPart> parts, CancellationToken cancellationToken)
    {
        var upload = await Find(file, id, cancellationToken) ?? throw Unknown(id);
        if (upload.IsComplete)
        {
            return;
        }

        if (parts.Count == 0 || parts.Any(p => p.Number > upload.Parts) || parts.DistinctBy(p => p.Number).Count() < parts.Count)
        {
            throw MlopsException.Invalid("parts", $"parts must name each part once, with numbers from 1 to {upload.Parts}; it has {parts.Count}.");
        }

        foreach (var part in parts)
        {
            Names.CheckDigest($"etag of part {part.Number}", part.Digest);
        }

        BlobRef blob;
        try
        {
            blob = await Limited(() => blobs.JoinPartsAsync(id, [.. parts.OrderBy(p => p.Number)], options.Value.ArtifactBytesMax, cancellationToken));
        }
        catch (MlopsException)
        {
            // The same request, sent again because its answer took long, may find the parts joined and gone.
            if (await Find(file, id, cancellationToken) is { IsComplete: true })
            {
                return;
            }

            throw;
        }

        await Directory(file).CompleteUpload(id, blob, CancellationToken.None);
        await blobs.DropPartsAsync(id, CancellationToken.None);
    }

    /// <summary>Forgets the upload and its parts; again changes nothing.</summary>
    public async Task Abort(ArtifactPath file, string id, CancellationToken cancellationToken)
    {
        if (await Find(file, id, cancellationToken) is { IsComplete: false })
        {
            await Directory(file).AbortUpload(id, CancellationToken.None);
            await blobs.DropPartsAsync(id, CancellationToken.None);
        }
    }

    private async Task<ArtifactUpload?> Find(ArtifactPath file, string id, CancellationToken cancellationToken) =>
        await Directory(file).FindUpload(id, cancellationToken) is { } upload && upload.Path == file.Relative ? upload : null;

    private async Task<BlobRef> Limited(Func<Task<BlobRef>> write)
    {
        try
        {
            return await write();
        }
        catch (MlopsException e) when (e.Kind == ErrorKind.TooLarge)
        {
            throw BodyLimit.Artifact.Refuse(options.Value);
        }
    }

    private IArtifactDirectoryGrain Directory(ArtifactPath file) => grains.GetGrain<IArtifactDirectoryGrain>(file.Root);

    private static MlopsException Unknown(string id) => MlopsException.NotFound("Upload", id.Shorten(64));

    private static string Digest(string key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));
}
