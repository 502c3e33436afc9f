using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.Extensions.Options;
using Microsoft.ML;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Models;
using MlopsGrains.Testing;

namespace MlopsGrains.Grains.Tests.Models;

/// <summary>A model file is an archive from somebody else.</summary>
public sealed class ModelFileLoaderTests
{
    private const int BombBytes = 8 << 20;

    [Fact]
    public void Load_AnArchiveThatUnpacksToMoreThanIsAllowed_IsRefusedByTheSettingsName()
    {
        var bomb = Zip(("TransformerChain/Model.key", BombBytes), ("TransformerChain/Model.more", BombBytes));

        Assert.Contains($"unpacks to {2 * BombBytes} bytes; at most {BombBytes} (ModelFiles:UnpackedBytesMax)", Refusal(bomb, new ModelFileOptions { UnpackedBytesMax = BombBytes }), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MoreEntriesThanAllowed_IsRefusedByTheSettingsName()
    {
        var many = Zip([.. Enumerable.Range(0, 11).Select(i => ($"e{i}", 1))]);

        Assert.Contains("has 11 entries; at most 10 entries (ModelFiles:EntriesMax)", Refusal(many, new ModelFileOptions { EntriesMax = 10 }), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AListOfEntriesThatIsLongerThanItsEndTells_IsNotRead()
    {
        var many = Zip([.. Enumerable.Range(0, 200).Select(i => ($"e{i}", 1))]);
        many[^12] = many[^14] = 1;
        many[^11] = many[^13] = 0;

        Assert.Contains("ModelFiles:EntriesMax", Refusal(many, new ModelFileOptions { EntriesMax = 5 }), StringComparison.Ordinal);
    }

    /// <summary>The bound holds only as long as unpacking stops at the length that the header says.</summary>
    [Fact]
    public void Unpacking_StopsAtTheLengthThatTheHeaderSays()
    {
        var lie = Zip(("Model.key", BombBytes));
        var list = BinaryPrimitives.ReadInt32LittleEndian(lie.AsSpan(lie.Length - 6));
        BinaryPrimitives.WriteInt32LittleEndian(lie.AsSpan(list + 24), 1000);
        using var archive = new ZipArchive(new MemoryStream(lie));
        using var unpacked = new MemoryStream();

        try
        {
            using var content = archive.Entries[0].Open();
            content.CopyTo(unpacked);
        }
        catch (InvalidDataException)
        {
        }

        Assert.InRange(unpacked.Length, 0, 1000);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("a/../../evil")]
    [InlineData("a\\..\\..\\evil")]
    [InlineData("/etc/evil")]
    public void Load_ANameThatLeavesTheArchive_IsRefused(string name) => Assert.Contains("leaves it", Refusal(Zip((name, 1)), new ModelFileOptions()), StringComparison.Ordinal);

    [Fact]
    public void Load_ARealModel_IsWithinTheDefaults()
    {
        var (file, _) = TinyModels.Iris(5);

        Assert.NotNull(TinyModels.Loader.Load(new MLContext(), new MemoryStream(file), out var inputs));
        Assert.Contains(inputs, c => c.Name == "petal_width_cm");
    }

    private static string Refusal(byte[] file, ModelFileOptions options)
    {
        var refusal = Assert.Throws<MlopsException>(() => new ModelFileLoader(Options.Create(options)).Load(new MLContext(), new MemoryStream(file), out _));
        Assert.Equal(ErrorKind.Conflict, refusal.Kind);
        return refusal.Message;
    }

    private static byte[] Zip(params (string Name, int Bytes)[] entries)
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in entries)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(new byte[bytes]);
            }
        }

        return file.ToArray();
    }
}
