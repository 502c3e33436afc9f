using System.Net;
using MlopsGrains.Cli.Deployments;
using MlopsGrains.Client.Tests;
using MlopsGrains.Errors;
using MlopsGrains.Models;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Deployments;

public sealed class PredictTests
{
    private static readonly TensorSpec[] Inputs = [new("age", "FP32", [-1]), new("town", "BYTES", [-1]), new("visits", "INT64", [-1]), new("member", "BOOL", [-1])];

    [Theory]
    [InlineData("""[{"age":41.5,"town":"Köln","visits":3,"member":true},{"age":null,"town":null,"visits":4,"member":false}]""")]
    [InlineData("""{"age":41.5,"town":"Köln","visits":3,"member":true}{"visits":4,"member":false}""")]
    [InlineData("{\"age\":41.5,\"town\":\"Köln\",\"visits\":3,\"member\":true}\n{\"visits\":4,\"member\":false}\n")]
    [InlineData("""{"dataframe_records":[{"age":41.5,"town":"Köln","visits":3,"member":true},{"visits":4,"member":false}]}""")]
    [InlineData("""{"dataframe_split":{"columns":["age","town","visits","member"],"data":[[41.5,"Köln",3,true],[null,null,4,false]]}}""")]
    [InlineData("age,town,visits,member,other\n41.5,Köln,3,true,x\n,,4,false,y\n")]
    [InlineData("\uFEFFage,town,visits,member\r\n\"41.5\",\"Köln\",3,True\r\n,,4,False\r\n")]
    public void Rows_InAnyForm_AreTheSameColumns(string text)
    {
        var columns = PredictRows.Columns(PredictRows.Read(text), Inputs);

        Assert.Equal([41.5f, float.NaN], (float[])columns[0].Data);
        Assert.Equal(["Köln", ""], (string[])columns[1].Data);
        Assert.Equal([3, 4], (long[])columns[2].Data);
        Assert.Equal([true, false], (bool[])columns[3].Data);
        Assert.All(columns, c => Assert.Equal([2], c.Shape));
    }

    [Theory]
    [InlineData("", "rows", "there are no rows")]
    [InlineData("age,town\n", "rows", "no rows")]
    [InlineData("age,town\n1\n", "rows", "line 2 has 1 fields; the header has 2")]
    [InlineData("[1]", "rows", "must be a JSON object")]
    [InlineData("nothing\n1\n", "rows", "the deployment takes age, town, visits, member")]
    [InlineData("age\nold\n", "age", "row 1: age is 'old'; expected a number")]
    [InlineData("visits\n1\n\"\"\n", "visits", "row 2: visits (INT64) is missing; expected a whole number")]
    [InlineData("member\nperhaps\n", "member", "row 1: member is 'perhaps'; expected true or false")]
    public void Fault_NamesRowColumnAndExpectation(string text, string field, string message)
    {
        var e = Assert.Throws<MlopsException>(() => PredictRows.Columns(PredictRows.Read(text), Inputs));

        Assert.Equal(field, e.Field);
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_AreSentInBatches_AndAnsweredInTheirOrder()
    {
        const string About = """{"name":"d","versions":["1"],"platform":"mlnet","inputs":[{"name":"age","datatype":"FP32","shape":[-1]}],"outputs":[{"name":"score","datatype":"FP32","shape":[-1]}]}""";
        string Answer(int rows) => $$"""{"model_version":"1","outputs":[{"name":"score","datatype":"FP32","shape":[{{rows}}],"data":[{{string.Join(',', Enumerable.Repeat("0.5", rows))}}]}]}""";
        var gateway = new StubGateway().Then(HttpStatusCode.OK, About).Then(HttpStatusCode.OK, Answer(1000)).Then(HttpStatusCode.OK, Answer(1));
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory.File("rows.csv"), "age\n" + string.Concat(Enumerable.Range(0, 1001).Select(i => $"{i}\n")), TestContext.Current.CancellationToken);

        var said = await Shell.RunAsync(gateway, "predict", "d", directory.File("rows.csv"), "--json");

        Assert.Equal((0, 1001), (said.Code, said.Json.GetArrayLength()));
        Assert.Equal(0.5, said.Json[1000].GetProperty("score").GetDouble());
        Assert.Contains("[1000]", gateway.Requests[2].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_MayBePipedIn()
    {
        const string About = """{"name":"d","versions":["1"],"platform":"mlnet","inputs":[{"name":"age","datatype":"FP32","shape":[-1]}],"outputs":[{"name":"p","datatype":"FP32","shape":[-1,2]}]}""";
        var gateway = new StubGateway().Then(HttpStatusCode.OK, About).Then(HttpStatusCode.OK, """{"model_version":"1","outputs":[{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.25,0.75]}]}""");

        var said = await Shell.RunAsync(_ => gateway.Connect(), [], terminal: false, e => e with { In = new StringReader("{\"age\":1}") }, "predict", "d");

        Assert.Equal("p\n0.25 0.75\n", said.Out.ReplaceLineEndings("\n"));
    }
}
