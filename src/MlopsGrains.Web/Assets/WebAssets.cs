using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace MlopsGrains.Web.Assets;

/// <summary>
/// Scripts, styles and icons of the UI, from the assembly. Their addresses hold a digest of them all, so that browsers keep them for good and scripts name each other
/// relatively. Each is compressed once, when it is asked for first.
/// </summary>
internal static class WebAssets
{
    private const string Prefix = "assets/";
    private const string Forever = "public, max-age=31536000, immutable";

    private static readonly Assembly Home = typeof(WebAssets).Assembly;

    private static readonly Dictionary<string, Lazy<Asset>> All = Home.GetManifestResourceNames()
        .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(n => n[Prefix.Length..].Replace('\\', '/'), n => new Lazy<Asset>(() => Asset.Of(n)), StringComparer.Ordinal);

    /// <summary>Of this build: the module's id changes with everything that is compiled into it, resources included.</summary>
    private static readonly string Version = Convert.ToHexStringLower(SHA256.HashData(Home.ManifestModule.ModuleVersionId.ToByteArray()).AsSpan(0, 5));

    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Where an asset is.</summary>
    public static string Url(string name) => All.ContainsKey(name) ? $"/assets/{Version}/{name}" : throw new ArgumentException($"There is no asset '{name}'.", nameof(name));

    /// <summary>Answers with an asset; one of another build too, because a page may have been opened before an update.</summary>
    public static Task Answer(HttpContext context, string version, string path)
    {
        if (!All.TryGetValue(path, out var found))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        var (asset, response) = (found.Value, context.Response);
        response.ContentType = asset.Type;
        response.Headers.CacheControl = version == Version ? Forever : "no-cache";
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        var accepted = context.Request.Headers.AcceptEncoding.ToString();
        var (encoding, bytes) = accepted.Contains("br", StringComparison.Ordinal) ? ("br", asset.Brotli.Value)
            : accepted.Contains("gzip", StringComparison.Ordinal) ? ("gzip", asset.Gzip.Value)
            : (null, asset.Plain);
        if (encoding is not null)
        {
            response.Headers.ContentEncoding = encoding;
        }

        response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private sealed record Asset(string Type, byte[] Plain)
    {
        private const int BrotliQuality = 9;
        private const int BrotliWindowBits = 20;

        public Lazy<byte[]> Brotli { get; } = new(() =>
        {
            var packed = new byte[BrotliEncoder.GetMaxCompressedLength(Plain.Length)];
            return BrotliEncoder.TryCompress(Plain, packed, out var length, BrotliQuality, BrotliWindowBits) ? packed[..length] : throw new InvalidDataException("Brotli failed.");
        });

        public Lazy<byte[]> Gzip { get; } = new(() =>
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            {
                gzip.Write(Plain);
            }

            return packed.ToArray();
        });

        public static Asset Of(string resource)
        {
            using var stream = Home.GetManifestResourceStream(resource)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return new Asset(TypeOf(resource), bytes);
        }

        private static string TypeOf(string name) => Path.GetExtension(name) switch
        {
            ".css" => "text/css; charset=utf-8",
            ".js" => "text/javascript; charset=utf-8",
            ".svg" => "image/svg+xml; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
    }
}
