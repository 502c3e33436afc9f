using System.Text.Json;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Storage.Tests.Damage;

public sealed class JsonSealTests(ITestOutputHelper output)
{
    private static readonly byte[] Text = """{"name":"a run's name","values":[1,2,3]}"""u8.ToArray();

    [Fact]
    public void Sealed_IsStillTheSameJson()
    {
        using var document = JsonDocument.Parse(JsonSeal.Add(Text));

        Assert.Equal("a run's name", document.RootElement.GetProperty("name").GetString());
        Assert.False(JsonSeal.IsBroken(JsonSeal.Add(Text)));
    }

    [Fact]
    public void WithoutASeal_NothingIsBroken() => Assert.False(JsonSeal.IsBroken(Text) || JsonSeal.IsBroken([]) || JsonSeal.IsThere(Text));

    [Fact]
    public void AnyFlippedBit_IsFoundBySealOrReader()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 2000; round++)
        {
            var damaged = JsonSeal.Add(Text);
            var at = random.Next(damaged.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));

            // A byte of the seal that is white space no more leaves a text that no reader takes, or that is whole without it.
            Assert.True(JsonSeal.IsBroken(damaged) || !IsJson(damaged) || at >= Text.Length, $"byte {at} of round {round}");
        }
    }

    private static bool IsJson(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
