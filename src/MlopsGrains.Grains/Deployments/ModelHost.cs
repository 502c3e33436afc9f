using Microsoft.Extensions.Options;
using Microsoft.ML;
using MlopsGrains.Blobs;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Models;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Deployments;

/// <summary>
/// The models that this silo has loaded, least recently used out first, bounded in bytes. Callers that ask for the same model at once share one load. An evicted
/// model that is still scoring goes on until it is done.
/// </summary>
public sealed class ModelHost(IBlobs blobs, ModelFileLoader files, IOptions<ModelHostOptions> options)
{
    private readonly Lock gate = new();
    private readonly Dictionary<Key, LinkedListNode<Entry>> entries = [];
    private readonly LinkedList<Entry> byUse = new();
    private long bytes;

    /// <summary>Bytes of the files of the loaded models.</summary>
    public long LoadedBytes
    {
        get
        {
            lock (gate)
            {
                return bytes;
            }
        }
    }

    /// <exception cref="MlopsException">The file is too large, missing, no ML.NET model, or does not fit its signature.</exception>
    public async Task<HostedModel> Get(ModelVersion version, CancellationToken cancellationToken = default)
    {
        var entry = Enter(version);
        try
        {
            return await entry.Model.Value.WaitAsync(cancellationToken);
        }
        catch when (entry.Model.Value.IsFaulted)
        {
            Remove(entry.Key);
            throw;
        }
    }

    private Entry Enter(ModelVersion version)
    {
        var key = new Key(version.Model, version.Version, version.Blob?.Digest ?? throw NoFile(version));
        lock (gate)
        {
            if (entries.TryGetValue(key, out var node))
            {
                byUse.Remove(node);
                byUse.AddFirst(node);
                return node.Value;
            }

            CheckSize(version);

            // Loading belongs to everybody who waits for it, so no caller's cancellation ends it, and it runs on none of their schedulers.
            var entry = new Entry(key, version.Blob!.Length, new Lazy<Task<HostedModel>>(() => Task.Run(() => Load(version))));
            entries.Add(key, byUse.AddFirst(entry));
            bytes += entry.Bytes;
            while (bytes > options.Value.LoadedBytesMax && byUse.Last is { } oldest && oldest.Value != entry)
            {
                Drop(oldest);
            }

            return entry;
        }
    }

    private void Remove(Key key)
    {
        lock (gate)
        {
            if (entries.TryGetValue(key, out var node) && node.Value.Model is { IsValueCreated: true, Value.IsFaulted: true })
            {
                Drop(node);
            }
        }
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        byUse.Remove(node);
        entries.Remove(node.Value.Key);
        bytes -= node.Value.Bytes;
    }

    private void CheckSize(ModelVersion version)
    {
        if (version.Blob!.Length > options.Value.ModelBytesMax)
        {
            throw MlopsException.Conflict($"Model version '{version.Model}/{version.Version}' has {version.Blob.Length} bytes; this server loads at most {options.Value.ModelBytesMax} (ModelHost:ModelBytesMax).");
        }
    }

    private async Task<HostedModel> Load(ModelVersion version)
    {
        if (version.Format != ModelFormats.MlNet)
        {
            throw new MlopsException(ErrorKind.NotSupported, $"Model version '{version.Model}/{version.Version}' has format '{version.Format}'; this server scores {string.Join(", ", ModelFormats.All)}.", "format");
        }

        // Read from start to end, so that the digest is checked; the zip reader would jump about.
        using var file = new MemoryStream(checked((int)version.Blob!.Length));
        await using (var content = await blobs.OpenReadAsync(version.Blob.Digest))
        {
            await content.CopyToAsync(file);
        }

        try
        {
            var model = files.Load(new MLContext(), file, out var schema);
            return new HostedModel(model, schema, version.Signature!);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw MlopsException.Conflict($"Model version '{version.Model}/{version.Version}' cannot be served: {e.Message}");
        }
    }

    private static MlopsException NoFile(ModelVersion version) => MlopsException.Conflict($"Model version '{version.Model}/{version.Version}' has no model file here.");

    private readonly record struct Key(string Model, int Version, string Digest);

    private sealed record Entry(Key Key, long Bytes, Lazy<Task<HostedModel>> Model);
}
