using System.Text;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Gateway.Tests.Experiments;

namespace MlopsGrains.Gateway.Tests.Json;

public sealed class JsonReaderTests
{
    private static readonly JsonMembers Pipeline = JsonMembers.Of("pipeline");
    private static readonly JsonMembers Steps = JsonMembers.Of("steps");
    private static readonly JsonMembers Step = JsonMembers.Snake("name", "trees", "share", "is_last", "run_id");

    [Theory]
    [InlineData("""{"pipeline":{"steps":[{"name":"a","trees":1},{"name":7,"trees":1}]}}""", "pipeline.steps[1].name", "expected text")]
    [InlineData("""{"pipeline":{"steps":[{"trees":1}]}}""", "pipeline.steps[0].name", "Missing value")]
    [InlineData("""{"pipeline":{"steps":[{"name":null,"trees":1}]}}""", "pipeline.steps[0].name", "Missing value")]
    [InlineData("""{"pipeline":{"steps":[{"name":"a","trees":1.5}]}}""", "pipeline.steps[0].trees", "expected a whole number")]
    [InlineData("""{"pipeline":{"steps":[{"name":"a","trees":9223372036854775808}]}}""", "pipeline.steps[0].trees", "expected a whole number")]
    [InlineData("""{"pipeline":{"steps":[{"name":"a","share":1e999}]}}""", "pipeline.steps[0].share", "valid double")]
    [InlineData("""{"pipeline":{"steps":[{"name":"a"},[]]}}""", "pipeline.steps[1]", "expected an object")]
    [InlineData("""{"pipeline":{"steps":{}}}""", "pipeline.steps", "expected an array")]
    [InlineData("""{"pipeline":[]}""", "pipeline", "expected an object")]
    [InlineData("""[]""", "body", "expected an object")]
    [InlineData("""{"pipeline":{"steps":[{"name":"\ud800"}]}}""", "pipeline.steps[0].name", "not valid Unicode")]
    public void Fault_IsNamedByItsPath_AtEveryDoor(string json, string path, string words)
    {
        foreach (var rules in new[] { JsonRules.Native, JsonRules.Mlflow, JsonRules.OpenInference })
        {
            var refusal = Refused(json, rules);

            Assert.Equal((ErrorKind.InvalidInput, path), (refusal.Kind, refusal.Field));
            Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{"pipeline":{"steps":[{"name":"a","colour":{"x":[1]}}]}}""", "pipeline.steps[0].colour", "expected one of name, trees")]
    [InlineData("""{"pipeline":{"steps":[{"name":"b","name":"a"}]}}""", "pipeline.steps[0].name", "given twice")]
    public void UnknownAndRepeatedMembers_AreRefused_OrIgnoredAndTheLastCounts(string json, string path, string words)
    {
        var refusal = Refused(json, JsonRules.Native);

        Assert.Equal(path, refusal.Field);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], Read(json, JsonRules.Mlflow));
        Assert.Equal(["a"], Read(json, JsonRules.OpenInference));
    }

    [Theory]
    [InlineData("""{"pipeline":{"steps":[{"name":"a","trees":"12"}]}}""", "pipeline.steps[0].trees")]
    [InlineData("""{"pipeline":{"steps":[{"name":"a","isLast":"True"}]}}""", "pipeline.steps[0].isLast")]
    public void ScalarsInText_AreTakenByMlflowOnly(string json, string path)
    {
        Assert.Equal(["a"], Read(json, JsonRules.Mlflow));
        Assert.Equal(path, Refused(json, JsonRules.Native).Field);
    }

    [Fact]
    public void Message_InATextOrEmpty_IsTakenByMlflowOnly()
    {
        const string Wrapped = "\"{\\\"pipeline\\\":{\\\"steps\\\":[{\\\"name\\\":\\\"a\\\"}]}}\"";

        Assert.Equal(["a"], Read(Wrapped, JsonRules.Mlflow));
        Assert.Equal("body", Refused(Wrapped, JsonRules.Native).Field);
        Assert.Empty(Read("", JsonRules.Mlflow));
    }

    [Fact]
    public void Path_IsTheSame_HoweverTheBodyIsCut()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"pipeline" : {"steps":[ {"name":"a\"]","run_id":"x"}, {"run_id":"[{", "name" : 5 } ]}}""");
        for (var size = 1; size < bytes.Length; size++)
        {
            var refusal = Assert.Throws<MlopsException>(() => JsonReader.Read(Segments.Cut(bytes, new Random(size), size), JsonRules.Native, true, Names));

            Assert.Equal("pipeline.steps[1].name", refusal.Field);
        }
    }

    private static MlopsException Refused(string json, JsonRules rules) => Assert.Throws<MlopsException>(() => Read(json, rules));

    private static List<string> Read(string json, JsonRules rules) => JsonReader.Read(new(Encoding.UTF8.GetBytes(json)), rules, true, Names);

    private static List<string> Names(ref JsonReader json, bool state)
    {
        var names = new List<string>();
        var at = json.Object(Pipeline);
        while (json.Next(ref at, out _))
        {
            var pipeline = json.Object(Steps);
            while (json.Next(ref pipeline, out _))
            {
                json.Array();
                while (json.NextItem())
                {
                    names.Add(Name(ref json));
                }
            }
        }

        return names;
    }

    private static string Name(ref JsonReader json)
    {
        string? name = null;
        var step = json.Object(Step);
        while (json.Next(ref step, out var member))
        {
            switch (member)
            {
                case 0 or 4:
                    name = member == 0 ? json.Text() : name;
                    break;
                case 1:
                    json.Int64();
                    break;
                case 2:
                    json.Double();
                    break;
                default:
                    json.Truth();
                    break;
            }
        }

        return name ?? throw json.Missing("name");
    }
}
