using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Experiments;

namespace MlopsGrains.Gateway.Tests.Experiments;

public sealed class BatchReaderTests
{
    private static readonly Gen<string> GenKey = Gen.OneOf(
        Gen.Int[0, 5].Select(i => "loss/" + i),
        Gen.String[Gen.Char["abcåπ漢_- ./:\"\\\n"], 1, 40],
        Gen.Const("emoji 😀 key"));

    private static readonly Gen<double> GenValue = Gen.OneOf(Gen.Double, Gen.OneOf([.. new[] { 0d, -0d, 1, double.NaN, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, double.MaxValue }.Select(Gen.Const)]));

    private static readonly Gen<Metric> GenMetric =
        Gen.Select(GenKey, GenValue, Gen.OneOf(Gen.Long[0, long.MaxValue], Gen.Const(0L)), Gen.OneOf(Gen.Long, Gen.Const(0L)), (k, v, t, s) => new Metric(k, v, t, s));

    private static readonly Gen<Tag> GenPair = Gen.Select(GenKey, Gen.String[Gen.Char["aé漢\"\\\t "], 0, 60], (k, v) => new Tag(k, v));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Batch_HoweverItIsWrittenAndCut_ReadsTheSame(bool mlflow) =>
        Gen.Select(GenMetric.Array[0, 60], GenPair.Array[0, 8], GenPair.Array[0, 8], Gen.Int[1, 40], Gen.Int).Sample((metrics, parameters, tags, segment, seed) =>
        {
            var random = new Random(seed);
            var json = OddJson.Write("r1", metrics, parameters, tags, random, mlflow);
            var body = Segments.Cut(Encoding.UTF8.GetBytes(json), random, segment);

            var (runId, batch, _) = mlflow ? BatchReader.ReadMlflow(body) : new MlflowBatch("r1", BatchReader.ReadNative(body), null);

            Assert.Equal("r1", runId);
            Assert.Equal(metrics.Select(Exactly), Points(batch.Metrics).Select(Exactly));
            Assert.Equal(parameters, batch.Params);
            Assert.Equal(tags, batch.Tags);
        });

    [Fact]
    public void Batch_CutAnywhereBeforeItsEnd_IsRefused()
    {
        const string Json = """{"run_id":"r","metrics":[{"key":"a","value":1.5,"timestamp":1,"step":2}],"params":[{"key":"p","value":"v"}]}""";
        for (var length = 1; length < Json.Length; length++)
        {
            var cut = Segments.One(Json[..length]);
            Assert.ThrowsAny<JsonException>(() => BatchReader.ReadMlflow(cut));
        }
    }

    [Fact]
    public void Batch_WithMutatedBytes_IsReadOrRefused_NeverAnythingElse() =>
        Gen.Select(GenMetric.Array[1, 5], GenPair.Array[0, 3], Gen.Int, Gen.Bool).Sample((metrics, pairs, seed, mlflow) =>
        {
            var random = new Random(seed);
            var bytes = Encoding.UTF8.GetBytes(OddJson.Write("r1", metrics, pairs, pairs, random, mlflow));
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var body = Segments.Cut(bytes, random, 30);
            try
            {
                _ = mlflow ? BatchReader.ReadMlflow(body).Batch : BatchReader.ReadNative(body);
            }
            catch (Exception e) when (e is JsonException or MlopsException { Kind: ErrorKind.InvalidInput })
            {
                // A refusal.
            }
        });

    [Theory]
    [InlineData("""{"metrics":[{"value":1,"timestamp":1}]}""", "metrics[0].key")]
    [InlineData("""{"metrics":[{"key":"","value":1,"timestamp":1}]}""", "metrics[0].key")]
    [InlineData("""{"metrics":[{"key":null,"value":1,"timestamp":1}]}""", "metrics[0].key")]
    [InlineData("""{"metrics":[{"key":7,"value":1,"timestamp":1}]}""", "metrics[0].key")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1},{"key":"a","timestamp":1}]}""", "metrics[1].value")]
    [InlineData("""{"metrics":[{"key":"a","value":null,"timestamp":1}]}""", "metrics[0].value")]
    [InlineData("""{"metrics":[{"key":"a","value":"1.5","timestamp":1}]}""", "metrics[0].value")]
    [InlineData("""{"metrics":[{"key":"a","value":"nan","timestamp":1}]}""", "metrics[0].value")]
    [InlineData("""{"metrics":[{"key":"a","value":1e999,"timestamp":1}]}""", "metrics[0].value")]
    [InlineData("""{"metrics":[{"key":"a","value":true,"timestamp":1}]}""", "metrics[0].value")]
    [InlineData("""{"metrics":[{"key":"a","value":1}]}""", "metrics[0].timestamp")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":-1}]}""", "metrics[0].timestamp")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1.5}]}""", "metrics[0].timestamp")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1,"step":"x"}]}""", "metrics[0].step")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1,"step":9223372036854775808}]}""", "metrics[0].step")]
    [InlineData("""{"metrics":{"key":"a"}}""", "metrics")]
    [InlineData("""{"metrics":[5]}""", "metrics[0]")]
    [InlineData("""{"params":[{"value":"v"}]}""", "params[0].key")]
    [InlineData("""{"params":[{"key":"k","value":5}]}""", "params[0].value")]
    [InlineData("""{"tags":["x"]}""", "tags[0]")]
    [InlineData("""{"tags":"x"}""", "tags")]
    [InlineData("""[]""", "body")]
    [InlineData("""5""", "body")]
    public void Fault_IsNamedByItsPath_InBothDialects(string json, string field)
    {
        Assert.Equal(field, Assert.Throws<MlopsException>(() => BatchReader.ReadMlflow(Segments.One(json))).Field);
        Assert.Equal(field, Assert.Throws<MlopsException>(() => BatchReader.ReadNative(Segments.One(json))).Field);
    }

    [Theory]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1,"model_id":"m"}]}""", "metrics[0].model_id")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":"1"}]}""", "metrics[0].timestamp")]
    [InlineData("""{"params":[{"key":"k"}]}""", "params[0].value")]
    [InlineData("""{"run_id":"r"}""", "run_id")]
    [InlineData("""{"producer":{"producerId":"","sequence":1}}""", "producer.producerId")]
    [InlineData("""{"producer":{"producerId":"p","sequence":0}}""", "producer.sequence")]
    [InlineData("""{"producer":{"producerId":"p","sequence":1,"x":1}}""", "producer.x")]
    public void Leniency_OfMlflow_IsRefusedNatively(string json, string field)
    {
        _ = BatchReader.ReadMlflow(Segments.One(json));

        Assert.Equal(field, Assert.Throws<MlopsException>(() => BatchReader.ReadNative(Segments.One(json))).Field);
    }

    [Theory]
    [InlineData("\"\\ud800\"")]
    [InlineData("\"\\udc00x\"")]
    public void HalfACharacter_IsRefused(string key)
    {
        var json = $$"""{"run_id":"r","metrics":[{"key":{{key}},"value":1,"timestamp":1}],"tags":[]}""";

        Assert.Equal(ErrorKind.InvalidInput, Assert.Throws<MlopsException>(() => BatchReader.ReadMlflow(Segments.One(json))).Kind);
    }

    [Fact]
    public void NotUtf8_IsRefused()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"run_id":"r","metrics":[{"key":"?","value":1,"timestamp":1}]}""");
        bytes[Array.IndexOf(bytes, (byte)'?')] = 0xFF;

        Assert.Equal(ErrorKind.InvalidInput, Assert.Throws<MlopsException>(() => BatchReader.ReadMlflow(new(bytes))).Kind);
    }

    [Theory]
    [InlineData(1000, 0, 0, null)]
    [InlineData(1001, 0, 0, "metrics")]
    [InlineData(0, 100, 100, null)]
    [InlineData(0, 101, 0, "params")]
    [InlineData(0, 0, 101, "tags")]
    [InlineData(800, 100, 100, null)]
    [InlineData(801, 100, 100, "metrics")]
    public void Limits_HoldAtTheLimitAndOneBeyond(int metrics, int parameters, int tags, string? refused)
    {
        var body = Segments.One(OddJson.Write(
            "r",
            [.. Enumerable.Range(0, metrics).Select(i => new Metric("m", i, i, i))],
            [.. Enumerable.Range(0, parameters).Select(i => new Tag("p" + i, "v"))],
            [.. Enumerable.Range(0, tags).Select(i => new Tag("t" + i, "v"))],
            new Random(1),
            mlflow: true));

        if (refused is null)
        {
            Assert.Equal(metrics, BatchReader.ReadMlflow(body).Batch.Metrics.Count);
        }
        else
        {
            var refusal = Assert.Throws<MlopsException>(() => BatchReader.ReadMlflow(body));
            Assert.Equal(refused, refusal.Field);
            Assert.Contains(refused is "params" or "tags" ? "100" : "1000", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void DoubleEncodedMessage_IsUnwrappedOnce()
    {
        var message = """{"run_id":"r","params":[{"key":"k","value":"v"}]}""";
        var once = JsonSerializer.Serialize(message);

        Assert.Equal([new Tag("k", "v")], BatchReader.ReadMlflow(Segments.One(once)).Batch.Params);
        Assert.Throws<MlopsException>(() => BatchReader.ReadMlflow(Segments.One(JsonSerializer.Serialize(once))));
        Assert.Throws<MlopsException>(() => BatchReader.ReadNative(Segments.One(once)));
    }

    [Fact]
    public void LegacyAlias_NamesTheRun_AndTheNewNameWins()
    {
        Assert.Equal("old", BatchReader.ReadMlflow(Segments.One("""{"run_uuid":"old"}""")).RunId);
        Assert.Equal("new", BatchReader.ReadMlflow(Segments.One("""{"run_uuid":"old","run_id":"new"}""")).RunId);
        Assert.Null(BatchReader.ReadMlflow(Segments.One("{}")).RunId);
    }

    [Fact]
    public void TrailingContent_IsRefused() =>
        Assert.ThrowsAny<JsonException>(() => BatchReader.ReadMlflow(Segments.One("""{"run_id":"r"} {}""")));

    [Fact]
    public void Keys_AreListedOnce_InOrderOfAppearance()
    {
        var batch = BatchReader.ReadMlflow(Segments.One(OddJson.Write(
            "r", [.. new[] { "a", "b", "a", "c", "b", "b" }.Select((k, i) => new Metric(k, i, i, i))], [], [], new Random(3), mlflow: true))).Batch;

        Assert.Equal(["a", "b", "c"], batch.Metrics.Keys);
        Assert.Equal([0, 1, 0, 2, 1, 1], batch.Metrics.KeyIndexes);
    }

    [Theory]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1,"model_id":5}]}""", "metrics[0].model_id")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1},{"key":"a","value":1,"timestamp":1,"dataset_name":[]}]}""", "metrics[1].dataset_name")]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1,"dataset_digest":true}]}""", "metrics[0].dataset_digest")]
    public void ModelOfAPoint_ThatIsNoText_IsNamedByItsPath(string json, string field) =>
        Assert.Equal(field, Assert.Throws<MlopsException>(() => BatchReader.ReadMlflow(Segments.One(json))).Field);

    [Theory]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1,"model_id":""},{"key":"b","value":1,"timestamp":1,"model_id":null,"dataset_name":"d"}]}""", false)]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1},{"key":"b","value":1,"timestamp":1,"modelId":"m","datasetName":"d"}]}""", true)]
    [InlineData("""{"metrics":[{"key":"a","value":1,"timestamp":1,"model_id":"m"}],"metrics":[]}""", false)]
    public void PointsOfModels_AreSetApart_OnlyWhenAModelIsNamed(string json, bool any) =>
        Assert.Equal(any, BatchReader.ReadMlflow(Segments.One(json)).Models is not null);

    [Fact]
    public void Points_CostTheirColumnsAndNothingElse()
    {
        var few = Body(500);
        var many = Body(1000);
        Allocated(few);
        Allocated(many);

        // 28 bytes a point are its place in the four columns.
        Assert.InRange(Allocated(many) - Allocated(few), 500 * 28, (500 * 28) + 256);

        static System.Buffers.ReadOnlySequence<byte> Body(int points) => Segments.One(
            $$"""{"run_id":"r","metrics":[{{string.Join(',', Enumerable.Range(0, points).Select(i => string.Create(CultureInfo.InvariantCulture, $$"""{"key":"m{{i % 7}}","value":{{i * 0.37}},"timestamp":{{1700000000000 + i}},"step":{{i}}}""")))}}]}""");

        static long Allocated(System.Buffers.ReadOnlySequence<byte> body)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = BatchReader.ReadMlflow(body);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static IEnumerable<Metric> Points(MetricColumns columns) => Enumerable.Range(0, columns.Count)
        .Select(i => new Metric(columns.Keys[columns.KeyIndexes[i]], columns.Values[i], columns.Timestamps[i], columns.Steps[i]));

    private static (string, long, long, long) Exactly(Metric m) => (m.Key, double.IsNaN(m.Value) ? long.MinValue + 1 : BitConverter.DoubleToInt64Bits(m.Value), m.Timestamp, m.Step);
}
