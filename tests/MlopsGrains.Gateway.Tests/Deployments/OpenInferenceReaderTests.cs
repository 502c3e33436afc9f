using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Deployments;

namespace MlopsGrains.Gateway.Tests.Deployments;

public sealed class OpenInferenceReaderTests
{
    private const string Good = """{"id":"7","inputs":[{"name":"x","datatype":"FP32","shape":[2,2],"data":[[1,2.5],[4,5]]}],"outputs":[{"name":"y"}],"parameters":{"a":1}}""";

    [Fact]
    public void Read_NestedAndFlat_AreTheSame()
    {
        var nested = Read(Good);
        var flat = Read("""{"inputs":[{"data":[1,2.5,4,5],"shape":[2,2],"later":{"x":[1]},"datatype":"FP32","name":"x"}],"extra":null,"outputs":[]}""");

        Assert.Equal([1f, 2.5f, 4f, 5f], (float[])nested.Inference.Inputs[0].Data);
        Assert.Equal([1f, 2.5f, 4f, 5f], (float[])flat.Inference.Inputs[0].Data);
        Assert.Equal(("7", "y"), (nested.Id, Assert.Single(nested.Inference.Outputs!)));
        Assert.Null(flat.Id);
    }

    public static TheoryData<int> Tensors => [.. Enumerable.Range(0, Vectors().Count)];

    /// <summary>Tensors that another implementation wrote: those with a JSON form survive, the others are refused.</summary>
    [Theory]
    [MemberData(nameof(Tensors))]
    public void Read_GoldenTensor_ComesBackAsItWas(int index)
    {
        var vector = Vectors()[index]!;
        var (datatype, shape) = ((string)vector["datatype"]!, vector["shape"]!.ToJsonString());
        var data = vector["values"]!.ToJsonString();
        if (datatype.EndsWith("INT64", StringComparison.Ordinal))
        {
            data = data.Replace("\"", "", StringComparison.Ordinal);
        }

        var body = $$"""{"inputs":[{"name":"x","datatype":"{{datatype}}","shape":{{shape}},"data":{{data}}}]}""";
        if (datatype is "FP16" or "BF16" || data.Contains("NaN", StringComparison.Ordinal))
        {
            Assert.Equal(ErrorKind.InvalidInput, Assert.Throws<MlopsException>(() => Read(body)).Kind);
            return;
        }

        var tensor = Assert.Single(Read(body).Inference.Inputs);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            OpenInferenceWriter.WriteData(json, tensor);
            json.WriteEndObject();
        }

        using var expected = JsonDocument.Parse($$"""{"data":{{data}}}""");
        using var written = JsonDocument.Parse(buffer.WrittenMemory);
        Assert.Equal(expected.RootElement.GetProperty("data").GetArrayLength(), written.RootElement.GetProperty("data").GetArrayLength());
        foreach (var (e, w) in expected.RootElement.GetProperty("data").EnumerateArray().Zip(written.RootElement.GetProperty("data").EnumerateArray()))
        {
            if (datatype == "FP32")
            {
                Assert.Equal(e.GetSingle(), w.GetSingle());
            }
            else
            {
                Assert.True(JsonElement.DeepEquals(e, w), $"{e} {w}");
            }
        }
    }

    [Theory]
    [InlineData("INT8", "128")]
    [InlineData("INT8", "1.5")]
    [InlineData("INT64", "9223372036854775808")]
    [InlineData("UINT64", "-1")]
    [InlineData("UINT8", "256")]
    [InlineData("FP32", "1e39")]
    [InlineData("FP64", "1e400")]
    [InlineData("FP32", "\"1\"")]
    [InlineData("INT64", "null")]
    [InlineData("FP32", "Infinity")]
    [InlineData("FP64", "\"-Infinity\"")]
    [InlineData("FP32", "\"nan\"")]
    [InlineData("FP32", "true")]
    [InlineData("BOOL", "1")]
    [InlineData("BYTES", "1")]
    [InlineData("BYTES", "\"\\ud800\"")]
    public void Read_ElementThatDoesNotFit_IsRefused(string datatype, string element) =>
        Assert.Equal(ErrorKind.InvalidInput, Assert.Throws<MlopsException>(() => Read($$"""{"inputs":[{"name":"x","datatype":"{{datatype}}","shape":[1],"data":[{{element}}]}]}""")).Kind);

    [Theory]
    [InlineData("FP32", "[1,null,\"\",\"NaN\",NaN]", "1 NaN NaN NaN NaN")]
    [InlineData("FP64", "[[1],[null],[\"\"],[\"NaN\"],[NaN]]", "1 NaN NaN NaN NaN")]
    [InlineData("BYTES", "[\"a\",null,\"\",\"NaN\",NaN]", "a   NaN ")]
    [InlineData("BYTES", "[\"a\\\"NaN\\\\\",\"NaN\",\"-Infinity\",\"b\",null]", "a\"NaN\\ NaN -Infinity b ")]
    [InlineData("BOOL", "[true,null,false,NaN,true]", "true  false  true")]
    public void Read_MissingElements_AreNaNOrEmpty(string datatype, string data, string values)
    {
        var shape = data.StartsWith("[[", StringComparison.Ordinal) ? "[5,1]" : "[5]";

        var read = Read($$"""{"inputs":[{"name":"x","datatype":"{{datatype}}","shape":{{shape}},"data":{{data}}}]}""").Inference.Inputs[0];

        Assert.Equal(values, string.Join(' ', ((Array)read.Data).Cast<object>().Select(v => Convert.ToString(v, CultureInfo.InvariantCulture))));
        Assert.Equal(datatype == "BOOL" ? "BYTES" : datatype, read.Datatype);
    }

    [Fact]
    public void Read_BareNaNAcrossSegments_IsMissing()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[NaN]}]}""");
        var cut = Array.IndexOf(bytes, (byte)'N') + 1;
        var first = new Segment(bytes.AsMemory(0, cut), null);
        var last = new Segment(bytes.AsMemory(cut), first);

        var read = OpenInferenceReader.Read(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));

        Assert.Equal([float.NaN], (float[])read.Inference.Inputs[0].Data);
    }

    [Theory]
    [InlineData("[3]", "[1,2]", "which is 3 elements; found 2")]
    [InlineData("[2]", "[1,2,3]", "which is 2 elements; found 3")]
    [InlineData("[2,2]", "[[1,2],[3]]", "a list of 1 in dimension 1")]
    [InlineData("[2,2]", "[[1,2]]", "a list of 1 in dimension 0")]
    [InlineData("[2,2]", "[[1,2],3]", "nested as the shape")]
    [InlineData("[2,2]", "[1,[2],3,4]", "nested as the shape")]
    [InlineData("[2]", "[[1],[2]]", "nested as the shape")]
    [InlineData("[1,1]", "[[[1]]]", "nested as the shape")]
    [InlineData("[-1]", "[1]", "not negative")]
    [InlineData("[1.5]", "[1]", "whole number")]
    [InlineData("[4294967296,4294967296]", "[1]", "at most 1073741824 elements")]
    [InlineData("[1]", "1", "data must be a list")]
    public void Read_DataAgainstItsShape_IsRefused(string shape, string data, string message) =>
        Assert.Contains(message, Assert.Throws<MlopsException>(() => Read($$"""{"inputs":[{"name":"x","datatype":"FP32","shape":{{shape}},"data":{{data}}}]}""")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("[]", "body")]
    [InlineData("{}", "inputs")]
    [InlineData("""{"inputs":{}}""", "inputs")]
    [InlineData("""{"inputs":[1]}""", "inputs[0]")]
    [InlineData("""{"inputs":[{}]}""", "inputs[0].name")]
    [InlineData("""{"inputs":[{"name":"x"}]}""", "inputs[0].datatype")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32"}]}""", "inputs[0].shape")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","shape":[1]}]}""", "inputs[0].data")]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP31","shape":[1],"data":[1]}]}""", "inputs[0].datatype")]
    [InlineData("""{"inputs":[{"name":7,"datatype":"FP32","shape":[1],"data":[1]}]}""", "inputs[0].name")]
    [InlineData("""{"id":7,"inputs":[]}""", "id")]
    [InlineData("""{"inputs":[],"outputs":[{}]}""", "outputs[0].name")]
    [InlineData("""{"inputs":[],"parameters":[]}""", "parameters")]
    [InlineData("""{"inputs":[],"parameters":{"a":[1]}}""", "parameters.a")]
    public void Read_Malformed_NamesTheField(string body, string field) => Assert.Equal(field, Assert.Throws<MlopsException>(() => Read(body)).Field);

    [Theory]
    [InlineData("""{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}""")]
    [InlineData("""{"inputs":[],"parameters":{"binary_data_output":true}}""")]
    [InlineData("""{"inputs":[],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}""")]
    public void Read_BinaryData_IsSaidToBeUnsupported(string body) => Assert.Equal(ErrorKind.NotSupported, Assert.Throws<MlopsException>(() => Read(body)).Kind);

    [Fact]
    public void Read_Base64Texts_AreDecoded() =>
        Assert.Equal(["日本"], (string[])Read("""{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"parameters":{"content_type":"base64"},"data":["5pel5pys"]}]}""").Inference.Inputs[0].Data);

    [Fact]
    public void Write_NotANumber_IsUnprocessable() =>
        Assert.Equal(ErrorKind.Unprocessable, Assert.Throws<MlopsException>(() =>
        {
            using var json = new Utf8JsonWriter(new ArrayBufferWriter<byte>());
            json.WriteStartObject();
            OpenInferenceWriter.Write(json, "m", null, new InferenceResponse("1", [new Tensor("score", "FP32", [1], new[] { float.NaN })]));
        }).Kind);

    [Fact]
    public void Read_Damaged_FailsOnlyAsTheCallersMistake() =>
        Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Char["[]{}\",:0-1eE.\\untf xé"], Gen.Int[0, 4]).Array[1, 4].Sample(
            damages =>
            {
                var body = Good;
                foreach (var (at, with, cut) in damages)
                {
                    var place = Math.Min(at, body.Length - 1);
                    body = body.Length < 2 ? body : body[..place] + with + body[Math.Min(body.Length, place + cut)..];
                }

                try
                {
                    Read(body);
                }
                catch (Exception e) when (e is MlopsException or JsonException)
                {
                }
            },
            iter: 20_000);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is not null)
            {
                before.Next = this;
                RunningIndex = before.RunningIndex + before.Memory.Length;
            }
        }
    }

    private static OpenInferenceRequest Read(string body) => OpenInferenceReader.Read(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(body)));

    private static JsonArray Vectors() =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "testdata", "oip-wire-vectors.json")))!["tensors"]!.AsArray();
}
