using System.Text;
using System.Text.Json;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Data;

namespace MlopsGrains.Grains.Tests.Data;

public sealed class ExpectationSuiteTests
{
    private const string Csv = "id,age,city,code,empty\n1,10,Bonn,a1,\n2,20,,b22,\n3,30,Rome,a3,\n3,x,Rome,,\n3,40,Oslo,b4,\n";

    [Theory]
    [InlineData("""{"row_count_between":[1,5]}""", true, 0)]
    [InlineData("""{"row_count_between":[6,null]}""", false, 0)]
    [InlineData("""{"column_exists":"age"}""", true, 0)]
    [InlineData("""{"column_exists":true,"column":"wage"}""", false, 0)]
    [InlineData("""{"columns_exact":["id","age","city","code","empty"]}""", true, 0)]
    [InlineData("""{"columns_exact":["age","id","city","code","empty"]}""", false, 0)]
    [InlineData("""{"column":"id","type":"integer"}""", true, 0)]
    [InlineData("""{"column":"age","type":"number"}""", false, 1)]
    [InlineData("""{"column":"age","type":"number","mostly":0.8}""", true, 1)]
    [InlineData("""{"column":"city","not_null":true}""", false, 1)]
    [InlineData("""{"column":"city","not_null":true,"mostly":0.8}""", true, 1)]
    [InlineData("""{"column":"empty","not_null":true}""", false, 5)]
    [InlineData("""{"column":"age","between":[10,40],"mostly":0.8}""", true, 1)]
    [InlineData("""{"column":"age","between":[10,40],"mostly":0.81}""", false, 1)]
    [InlineData("""{"column":"age","between":[10,40],"strict":true}""", false, 3)]
    [InlineData("""{"column":"id","between":[null,null]}""", true, 0)]
    [InlineData("""{"column":"empty","between":[1,2]}""", true, 0)]
    [InlineData("""{"column":"city","in_set":["Bonn","Rome","Oslo"]}""", true, 0)]
    [InlineData("""{"column":"city","in_set":["Bonn"],"mostly":0.25}""", true, 3)]
    [InlineData("""{"column":"id","in_set":[1.0,2,3]}""", true, 0)]
    [InlineData("""{"column":"city","not_in_set":["Rome"]}""", false, 2)]
    [InlineData("""{"column":"id","unique":true}""", false, 3)]
    [InlineData("""{"column":"id","unique":true,"mostly":0.4}""", true, 3)]
    [InlineData("""{"column":"empty","unique":true}""", true, 0)]
    [InlineData("""{"column":"code","matches":"^[ab][0-9]+$"}""", true, 0)]
    [InlineData("""{"column":"code","matches":"^[ab][0-9]$"}""", false, 1)]
    [InlineData("""{"column":"code","length_between":[2,2]}""", false, 1)]
    [InlineData("""{"column":"wage","between":[0,1]}""", false, 0)]
    public void Evaluate_EachRule_CountsAsGreatExpectations(string rule, bool success, long unexpected)
    {
        var result = Assert.Single(Evaluate($"[{rule}]").Results);

        Assert.Equal((success, unexpected), (result.Success, result.Unexpected));
    }

    [Fact]
    public void Evaluate_Breaches_SampleTheValues()
    {
        var report = Evaluate("""[{"column":"age","between":[25,35]},{"column":"id","unique":true}]""");

        Assert.Equal(["10", "20", "x", "40"], report.Results[0].Sample);
        Assert.Equal(["3"], report.Results[1].Sample);
        Assert.Equal((5L, 0L), (report.Results[0].Elements, report.Results[0].Missing));
    }

    [Fact]
    public void Evaluate_WarningsOnly_Succeeds()
    {
        Assert.True(Evaluate("""[{"column":"age","between":[0,1],"severity":"warn"}]""").Success);
        Assert.False(Evaluate("""[{"column":"age","between":[0,1],"severity":"error"}]""").Success);
    }

    [Theory]
    [InlineData("{}", "expectations", "list of 1–1000 rules")]
    [InlineData("[]", "expectations", "list of 1–1000 rules")]
    [InlineData("[7]", "expectations[0]", "must be an object")]
    [InlineData("""[{"column":"a"}]""", "expectations[0]", "holds no rule")]
    [InlineData("""[{"column":"a","betwen":[0,1]}]""", "expectations[0].betwen", "no rule 'betwen'")]
    [InlineData("""[{"column":"a","between":[0,1],"unique":true}]""", "expectations[0].unique", "two rules")]
    [InlineData("""[{"column":"a","not_null":true},{"between":[0,1]}]""", "expectations[1].column", "is required by between")]
    [InlineData("""[{"column":"a","between":[0]}]""", "expectations[0].between", "two bounds")]
    [InlineData("""[{"column":"a","between":[2,1]}]""", "expectations[0].between", "above its end")]
    [InlineData("""[{"column":"a","between":["x",1]}]""", "expectations[0].between[0]", "must be a number")]
    [InlineData("""[{"column":"a","between":[0,1],"mostly":1.5}]""", "expectations[0].mostly", "from 0 to 1")]
    [InlineData("""[{"column":"a","unique":true,"strict":true}]""", "expectations[0].strict", "belongs to between")]
    [InlineData("""[{"column":"a","unique":false}]""", "expectations[0].unique", "must be true")]
    [InlineData("""[{"column":"a","matches":"("}]""", "expectations[0].matches", "pattern")]
    [InlineData("""[{"column":"a","matches":"(?=x)"}]""", "expectations[0].matches", "pattern")]
    [InlineData("""[{"column":"a","type":"float"}]""", "expectations[0].type", "expected text, integer, number or boolean")]
    [InlineData("""[{"column":"a","in_set":[]}]""", "expectations[0].in_set", "list of values")]
    [InlineData("""[{"column":"a","unique":true,"severity":"fatal"}]""", "expectations[0].severity", "expected error or warn")]
    [InlineData("""[{"column":"a","row_count_between":[1,2]}]""", "expectations[0].column", "about the table")]
    public void Parse_Malformed_NamesThePlace(string rules, string field, string message)
    {
        var refusal = Assert.Throws<MlopsException>(() => ExpectationSuite.Parse(JsonDocument.Parse(rules).RootElement));

        Assert.Equal(field, refusal.Field);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    private static ExpectationReport Evaluate(string rules) =>
        ExpectationSuite.Parse(JsonDocument.Parse(rules).RootElement).Evaluate(new MemoryStream(Encoding.UTF8.GetBytes(Csv)), TestContext.Current.CancellationToken);
}
