using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Experiments;

namespace MlopsGrains.Gateway.Tests.Experiments;

public sealed class MetricColumnsReaderTests
{
    private static readonly Gen<double> GenValue = Gen.OneOf(Gen.Double, Gen.Const(double.NaN), Gen.Const(double.NegativeInfinity), Gen.Const(-0d));

    private static readonly Gen<(int Key, double Value, long Time, long Step)> GenPoint = Gen.Select(Gen.Int[0, 3], GenValue, Gen.Long[0, long.MaxValue], Gen.Long);

    [Fact]
    public void Columns_InAnyOrderOfMembers_HoweverTheyAreCut_ReadAsTheyWereWritten() =>
        Gen.Select(GenPoint.Array[0, 50], Gen.Int[1, 40], Gen.Int).Sample((points, segment, seed) =>
        {
            var random = new Random(seed);
            string[] keys = ["loss", "a \"quoted\" key", "漢/b", "emoji 😀"];
            var members = new List<KeyValuePair<string, JsonNode?>>
            {
                new("keys", new JsonArray([.. keys.Select(k => JsonValue.Create(k))])),
                new("keyIndexes", new JsonArray([.. points.Select(p => JsonValue.Create(p.Key))])),
                new("values", new JsonArray([.. points.Select(p => double.IsFinite(p.Value) ? JsonValue.Create(p.Value) : (JsonNode)JsonValue.Create(double.IsNaN(p.Value) ? "NaN" : "-Infinity"))])),
                new("timestamps", new JsonArray([.. points.Select(p => JsonValue.Create(p.Time))])),
                new("steps", new JsonArray([.. points.Select(p => JsonValue.Create(p.Step))])),
            };
            var body = new JsonObject { ["columns"] = new JsonObject(members.OrderBy(_ => random.Next())) };

            var read = BatchReader.ReadNative(Segments.Cut(Encoding.UTF8.GetBytes(body.ToJsonString()), random, segment)).Metrics;

            Assert.Equal(
                points.Select(p => (keys[p.Key], BitConverter.DoubleToInt64Bits(p.Value), p.Time, p.Step)),
                Enumerable.Range(0, read.Count).Select(i => (read.Keys[read.KeyIndexes[i]], BitConverter.DoubleToInt64Bits(read.Values[i]), read.Timestamps[i], read.Steps[i])));
        });

    [Theory]
    [InlineData("""{"columns":5}""", "columns")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[0],"values":[1],"timestamps":[1],"steps":[1],"x":1}}""", "columns.x")]
    [InlineData("""{"columns":{"keys":"a"}}""", "columns.keys")]
    [InlineData("""{"columns":{"keys":[""]}}""", "columns.keys[0]")]
    [InlineData("""{"columns":{"keys":["a",7]}}""", "columns.keys[1]")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[1],"values":[1],"timestamps":[1],"steps":[1]}}""", "columns.keyIndexes[0]")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[-1],"values":[1],"timestamps":[1],"steps":[1]}}""", "columns.keyIndexes[0]")]
    [InlineData("""{"columns":{"keys":["a"],"values":[1],"timestamps":[1],"steps":[1]}}""", "columns.keyIndexes")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[0],"values":[1],"timestamps":[1,2],"steps":[1]}}""", "columns.timestamps")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[0],"values":[1],"timestamps":[1],"steps":[]}}""", "columns.steps")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[0],"values":[1e999],"timestamps":[1],"steps":[1]}}""", "columns.values[0]")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[0],"values":[1],"timestamps":[-1],"steps":[1]}}""", "columns.timestamps[0]")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[0],"values":[1],"timestamps":[1],"steps":[0.5]}}""", "columns.steps[0]")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1}],"columns":{"keys":[],"keyIndexes":[],"values":[],"timestamps":[],"steps":[]}}""", "columns")]
    [InlineData("""{"columns":{"keys":["a"],"keyIndexes":[0],"values":[1],"timestamps":[1],"steps":[1]},"metrics":[]}""", "metrics")]
    public void Fault_IsNamedByItsPath(string json, string field) =>
        Assert.Equal(field, Assert.Throws<MlopsException>(() => BatchReader.ReadNative(Segments.One(json))).Field);

    [Fact]
    public void MoreThanAThousand_AreRefused()
    {
        var values = JsonSerializer.Serialize(Enumerable.Repeat(1, 1001));

        var refusal = Assert.Throws<MlopsException>(() => BatchReader.ReadNative(Segments.One("{\"columns\":{\"values\":" + values + "}}")));

        Assert.Equal("columns.values", refusal.Field);
        Assert.Contains("1000", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mlflow_KnowsNoColumns() => Assert.Equal(0, BatchReader.ReadMlflow(Segments.One("""{"run_id":"r","columns":{"keys":5}}""")).Batch.Metrics.Count);

    [Fact]
    public void MutatedBytes_AreReadOrRefused_NeverAnythingElse() => Gen.Select(Gen.Int, Gen.Int[1, 5]).Sample((seed, changes) =>
    {
        var random = new Random(seed);
        var bytes = """{"columns":{"keys":["a","b"],"keyIndexes":[0,1,0],"values":[1,"NaN",2.5],"timestamps":[1,2,3],"steps":[0,-1,2]}}"""u8.ToArray();
        for (var i = 0; i < changes; i++)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        try
        {
            _ = BatchReader.ReadNative(new(bytes));
        }
        catch (Exception e) when (e is JsonException or MlopsException { Kind: ErrorKind.InvalidInput })
        {
            // A refusal.
        }
    });
}
