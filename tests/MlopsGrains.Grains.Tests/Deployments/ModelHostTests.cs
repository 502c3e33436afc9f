using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using MlopsGrains.Blobs;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Models;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Deployments;

public sealed class ModelHostTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Score_Iris_GivesLabelsAndScoresOfItsClasses()
    {
        var (file, signature) = TinyModels.Iris();
        var model = await new Store().Host().Get(Store.Version(file, signature), Ct);

        var outputs = model.Score(Iris(0, 150), 150, Ct);

        Assert.Equal(["label", "scores"], outputs.Select(o => o.Name));
        Assert.Equal([150, 3], outputs[1].Shape);
        var (labels, scores) = ((string[])outputs[0].Data, (float[])outputs[1].Data);
        Assert.True(labels.Zip(TinyModels.IrisLabels()).Count(p => p.First == p.Second) >= 140);
        Assert.All(Enumerable.Range(0, 150), i => Assert.Equal(1, scores.Skip(i * 3).Take(3).Sum(), 3));
        Assert.All(Enumerable.Range(0, 150), i => Assert.Equal(labels[i], TinyModels.IrisClasses[Array.IndexOf(scores, scores.Skip(i * 3).Take(3).Max(), i * 3, 3) - (i * 3)]));
    }

    [Fact]
    public async Task Score_Binary_GivesTheClassesTexts()
    {
        var (file, signature) = TinyModels.Binary();
        Assert.Equal([("x", "FP32"), ("place", "BYTES")], signature.Inputs.Select(i => (i.Name, i.Datatype)));
        var model = await new Store().Host().Get(Store.Version(file, signature), Ct);

        var outputs = model.Score(new InferenceRequest([new("x", "FP32", [2], new[] { 0.1f, 0.7f }), new("place", "BYTES", [2, 1], new[] { "south", "never seen" })]), 2, Ct);

        Assert.Equal(["label", "probability", "score"], outputs.Select(o => o.Name));
        Assert.Equal(["small", "large"], (string[])outputs[0].Data);
        Assert.True(((float[])outputs[1].Data)[0] < 0.5f && ((float[])outputs[1].Data)[1] > 0.5f);
    }

    /// <summary>A shared ML.NET engine mixes up rows without an exception; each caller must get its own rows' scores, bit for bit.</summary>
    [Fact]
    public async Task Score_ManyAtOnce_GivesWhatOneGives()
    {
        var (file, signature) = TinyModels.Iris();
        var model = await new Store().Host().Get(Store.Version(file, signature), Ct);
        var alone = Enumerable.Range(0, 150).Select(i => (float[])model.Score(Iris(i, 1), 1, Ct)[1].Data).ToArray();

        await Parallel.ForEachAsync(Enumerable.Range(0, 3000), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Ct }, (n, ct) =>
        {
            var (first, rows) = (n % 150, Math.Min(1 + (n % 7), 150 - (n % 150)));
            var scores = (float[])model.Score(Iris(first, rows), rows, ct)[1].Data;
            for (var i = 0; i < rows; i++)
            {
                Assert.Equal(alone[first + i], scores.AsSpan(i * 3, 3).ToArray());
            }

            return ValueTask.CompletedTask;
        });
    }

    [Fact]
    public async Task Get_ManyAtOnce_LoadsOnce()
    {
        var (file, signature) = TinyModels.Iris(5);
        var store = new Store();
        var host = store.Host();
        var version = Store.Version(file, signature);

        var models = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Get(version, Ct)));

        Assert.Single(models.Distinct());
        Assert.Equal(1, store.Reads);
        Assert.Equal(file.Length, host.LoadedBytes);
    }

    [Fact]
    public async Task Get_PastTheBytes_DropsTheLeastRecentlyUsed()
    {
        var (file, signature) = TinyModels.Iris(5);
        var store = new Store();
        var host = store.Host(loaded: file.Length * 2L);
        var versions = Enumerable.Range(1, 3).Select(n => Store.Version(file, signature) with { Version = n }).ToArray();

        await host.Get(versions[0], Ct);
        await host.Get(versions[1], Ct);
        await host.Get(versions[0], Ct);
        await host.Get(versions[2], Ct);
        Assert.Equal((3, file.Length * 2L), (store.Reads, host.LoadedBytes));

        await host.Get(versions[0], Ct);
        Assert.Equal(3, store.Reads);
        await host.Get(versions[1], Ct);
        Assert.Equal(4, store.Reads);
    }

    [Fact]
    public async Task Get_WhatCannotBeServed_IsRefusedAndForgotten()
    {
        var (file, signature) = TinyModels.Iris(5);
        var host = new Store().Host(one: file.Length);

        await Refused(host, Store.Version([1, 2, 3], signature), "cannot be served");
        await Refused(host, Store.Version(new byte[file.Length + 1], signature), "ModelHost:ModelBytesMax");
        await Refused(host, Store.Version(file, signature with { Inputs = [new TensorSpec("colour", "FP32", [-1, 1])] }), "no input column 'colour'");
        await Refused(host, Store.Version(file, signature with { Inputs = [signature.Inputs[0] with { Datatype = "INT64" }] }), "as INT64 of 1 values a row");
        await Refused(host, Store.Version(file, signature with { Outputs = [new TensorSpec("colour", "FP32", [-1, 1])] }), "output 'colour'");
        await Refused(host, Store.Version(file, signature with { Classes = ["a", "b"] }), "names 2 classes; the model has 3");
        Assert.Equal(0, host.LoadedBytes);
    }

    private static async Task Refused(ModelHost host, ModelVersion version, string message)
    {
        var refusal = await Assert.ThrowsAsync<MlopsException>(() => host.Get(version, Ct));
        Assert.Equal(ErrorKind.Conflict, refusal.Kind);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    private static InferenceRequest Iris(int first, int rows) =>
        new([.. TinyModels.IrisColumns().Select(c => new Tensor(c.Name, "FP32", [rows, 1], c.Values.AsSpan(first, rows).ToArray()))]);

    /// <summary>Blobs in memory that count how often they are read.</summary>
    private sealed class Store : IBlobs
    {
        private static readonly Dictionary<string, byte[]> Files = [];
        private int reads;

        public int Reads => reads;

        public static ModelVersion Version(byte[] file, ModelSignature signature)
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData(file));
            lock (Files)
            {
                Files[digest] = file;
            }

            return new ModelVersion("iris", 1, "mlnet", new BlobRef(digest, file.Length), signature, new ModelLineage(), new Dictionary<string, double>(), null, [], default, "test", default, new Dictionary<string, string>(), ModelStage.None, "source", null, null);
        }

        public ModelHost Host(long loaded = 1 << 20, long one = 1 << 20) => new(this, TinyModels.Loader, Options.Create(new ModelHostOptions { LoadedBytesMax = loaded, ModelBytesMax = one }));

        public Task<BlobRef> WriteAsync(Stream content, long maxBytes, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<Stream> OpenReadAsync(string digest, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref reads);
            lock (Files)
            {
                return Task.FromResult<Stream>(new MemoryStream(Files[digest], writable: false));
            }
        }
    }
}
