using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Tests.Pipelines;

public sealed class PipelineYamlTests
{
    private static readonly PipelineYaml Reader = new(new StepCatalog(
    [
        (new("any"), null),
        (new("load", [new("dataset", StepInputType.Text, ""), new("rows", StepInputType.Text, "")], ["digest", "rows"]), null),
    ]));

    [Fact]
    public void Read_WholeDefinition_GivesEveryPart()
    {
        var spec = Reader.Read("""
            name: churn
            description: "What it is for"
            params: { seed: 42, rate: 0.5, name: "7", on: true, none: null }
            steps:
              - name: train
                uses: any
                matrix: { trainer: [a, b], depth: [2, 3] }
                retry: { attempts: 3 }
                timeout: 5m
                with: { trainer: "${matrix.trainer}", seed: "${params.seed}", data: ["${steps.load.outputs.digest}"] }
              - { name: load, uses: load, with: { dataset: d } }
              - { name: best, uses: any, needs: load, with: { all: "${steps.train.outputs}", run: "${run.id}" } }
            triggers:
              - alert: churn-live
            """);

        Assert.Equal("churn", spec.Name);
        Assert.Equal(["load", "train", "best"], spec.Steps.Select(s => s.Name));
        Assert.Equal(["load", "train"], spec.Steps[2].Needs);
        Assert.Equal((3, TimeSpan.FromMinutes(5)), (spec.Steps[1].Attempts, spec.Steps[1].Timeout));
        Assert.Equal(["churn-live"], spec.AlertTriggers);
        Assert.Equal(["42", "0.5", "\"7\"", "true", "null"], spec.Params.Select(p => p.Value.GetRawText()));
        Assert.Equal(["load", "train@a-2", "train@a-3", "train@b-2", "train@b-3", "best"], PipelinePlan.Steps(spec).Select(s => s.Name));
        Assert.Equal(["load", "train@a-2", "train@a-3", "train@b-2", "train@b-3"], PipelinePlan.Steps(spec)[5].Needs);
    }

    [Theory]
    [InlineData("", "yaml", "line 1, column 1")]
    [InlineData("name: [", "yaml", "line ")]
    [InlineData("name: x\nsteps: []", "steps", "line 2, column 8")]
    [InlineData("name: x\nname: y", "yaml", "stands twice in one mapping (line 2, column 1)")]
    [InlineData("nam: x", "nam", "is unknown; expected one of name, description, params, steps, triggers (line 1, column 1)")]
    [InlineData("name: ../x\nsteps: [{name: a, uses: any}]", "name", "(line 1, column 7)")]
    [InlineData("name: x\nsteps: [{name: a, uses: nope}]", "steps.a.uses", "'nope' is unknown; expected one of any, load (line 2, column 25)")]
    [InlineData("name: x\nsteps:\n- {name: a, uses: any}\n- {name: a, uses: any}", "steps.a.name", "(line 4, column 10)")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, need: b}]", "steps.a.need", "(line 2, column 30)")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, needs: [b]}]", "steps.a.needs[0]", "'b' is not a step of this pipeline (line 2, column 38)")]
    [InlineData("name: x\nsteps: [{name: a, uses: load, with: {path: b}}]", "steps.a.with.path", "(line 2, column 38)")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, with: {k: '${params.p}'}}]", "steps.a.with.k", "unknown param 'p' (line 2, column 40)")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, with: {k: '${matrix.p}'}}]", "steps.a.with.k", "not in the step's matrix")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, with: {k: '${steps.b.outputs.c}'}}]", "steps.a.with.k", "unknown step 'b'")]
    [InlineData("name: x\nsteps: [{name: l, uses: load}, {name: a, uses: any, with: {k: '${steps.l.outputs.c}'}}]", "steps.a.with.k", "which gives digest, rows")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, with: {k: '${env.HOME}'}}]", "steps.a.with.k", "is not a reference")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, with: {k: '${params.x'}}]", "steps.a.with.k", "not closed")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, timeout: 2d}]", "steps.a.timeout", "at most 24h")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, timeout: 999999h}]", "steps.a.timeout", "at most 24h")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, retry: {attempts: 11}}]", "steps.a.retry.attempts", "1–10")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, matrix: {t: [a, a]}}]", "steps.a.matrix.t", "twice")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, matrix: {t: ['a b']}}]", "steps.a.matrix.t", "(line 2, column")]
    [InlineData("name: x\nsteps: [{name: a, uses: any, with: {k: '${steps.a.outputs}'}}]", "steps.a.needs", "form a cycle: a → a (line 2, column 9)")]
    [InlineData("name: x\nsteps:\n- {name: a, uses: any, needs: c}\n- {name: b, uses: any, needs: a}\n- {name: c, uses: any, needs: b}", "steps.a.needs", "a → c → b → a (line 3, column 3)")]
    [InlineData("name: x\nsteps: [{name: a, uses: any}]\ntriggers: [{cron: x}]", "triggers[0].cron", "(line 3, column 13)")]
    [InlineData("name: x\nparams: {p: [1]}\nsteps: [{name: a, uses: any}]", "params.p", "(line 2, column 13)")]
    [InlineData("name: !!python/object x", "yaml", "Tags")]
    [InlineData("name: x\n---\nname: y", "yaml", "second one begins")]
    [InlineData("a: &a [x,x]\nb: &b [*a,*a]", "yaml", "Anchors (&a) are not allowed in a definition (line 1, column 4)")]
    [InlineData("a: *a", "yaml", "Aliases (*a)")]
    public void Read_Broken_IsRefusedWithFieldAndPlace(string yaml, string field, string message)
    {
        var e = Assert.Throws<MlopsException>(() => Reader.Read(yaml));

        Assert.Equal((ErrorKind.InvalidInput, field), (e.Kind, e.Field));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Contains("(line ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[", "deeper than 32 levels")]
    [InlineData("{a: ", "deeper than 32 levels")]
    [InlineData("- ", "deeper than 32 levels")]
    public void Read_TooDeep_IsRefused(string open, string message)
    {
        var e = Assert.Throws<MlopsException>(() => Reader.Read(string.Concat(Enumerable.Repeat(open, 5_000))));

        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_TooManyNodesOrBytes_IsRefused()
    {
        var nodes = Assert.Throws<MlopsException>(() => Reader.Read("name: [" + string.Concat(Enumerable.Repeat("a,", 20_000)) + "]"));
        var bytes = Assert.Throws<MlopsException>(() => Reader.Read("name: " + new string('x', PipelineLimits.YamlBytesMax)));

        Assert.Contains("more than 20000 nodes", nodes.Message, StringComparison.Ordinal);
        Assert.Contains("larger than 1048576 bytes", bytes.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MatrixBeyondTheLimit_IsRefused()
    {
        var list = "[" + string.Join(',', Enumerable.Range(0, 17)) + "]";

        var e = Assert.Throws<MlopsException>(() => Reader.Read($"name: x\nsteps: [{{name: a, uses: any, matrix: {{a: {list}, b: {list}}}}}]"));

        Assert.Contains("fan out to 289 steps; at most 256", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AnyText_IsReadOrRefusedButNeverBreaks()
    {
        var piece = Gen.OneOf([.. new[] { "name", ": ", "\n", "steps", "- ", "[", "]", "{", "}", "&a", "*a", "!!str", "'", "\"", "|", ">", "#", "\t", "  ", "?", "%", "@", "${", "}", "uses", "any", ",", "\0", "é", "---", "..." }.Select(Gen.Const)]);
        piece.Array[0, 30].Sample(
            parts =>
            {
                try
                {
                    Reader.Read(string.Concat(parts));
                }
                catch (MlopsException e)
                {
                    Assert.Equal(ErrorKind.InvalidInput, e.Kind);
                }
            },
            iter: 20_000);
    }

    [Fact]
    public void Read_RandomGraph_IsOrderedOrItsCycleIsFound()
    {
        var graph = from n in Gen.Int[1, 25]
                    from edges in Gen.Select(Gen.Int[0, n - 1], Gen.Int[0, n - 1]).Array[0, 40]
                    select (n, edges);
        graph.Sample(
            g =>
            {
                var needs = g.edges.ToLookup(e => e.Item1, e => e.Item2);
                var yaml = new StringBuilder("name: x\nsteps:\n");
                for (var i = 0; i < g.n; i++)
                {
                    yaml.Append(CultureInfo.InvariantCulture, $"- {{name: s{i}, uses: any, needs: [{string.Join(", ", needs[i].Distinct().Select(j => $"s{j}"))}]}}\n");
                }

                if (HasCycle(g.n, needs))
                {
                    var e = Assert.Throws<MlopsException>(() => Reader.Read(yaml.ToString()));
                    Assert.Contains("form a cycle", e.Message, StringComparison.Ordinal);
                    return;
                }

                var order = Reader.Read(yaml.ToString()).Steps.Select((s, at) => (s, at)).ToDictionary(x => x.s.Name, x => x.at);
                Assert.Equal(g.n, order.Count);
                Assert.All(g.edges, e => Assert.True(order[$"s{e.Item2}"] < order[$"s{e.Item1}"]));
            },
            iter: 2_000);
    }

    [Theory]
    [InlineData("true", "true", "true")]
    [InlineData("TRUE", "\"TRUE\"", "TRUE")]
    [InlineData("False", "\"False\"", "False")]
    [InlineData("1.0", "1.0", "1.0")]
    [InlineData("0.0", "0.0", "0.0")]
    [InlineData("1.50", "1.50", "1.50")]
    [InlineData("1e3", "1e3", "1e3")]
    [InlineData("007", "\"007\"", "007")]
    [InlineData("+5", "\"+5\"", "+5")]
    [InlineData(".5", "\".5\"", ".5")]
    [InlineData("1_000", "\"1_000\"", "1_000")]
    [InlineData("12345678901234567890123", "12345678901234567890123", "12345678901234567890123")]
    [InlineData("1e999", "\"1e999\"", "1e999")]
    [InlineData("'1.0'", "\"1.0\"", "1.0")]
    [InlineData("yes", "\"yes\"", "yes")]
    public void Scalar_KeepsItsWrittenText(string written, string json, string text)
    {
        var spec = Reader.Read($"name: x\nparams: {{ p: {written} }}\nsteps: [{{name: a, uses: any, matrix: {{ m: [{(written[0] is '+' or '.' ? "1.50" : written)}] }}, with: {{ own: {written}, param: '${{params.p}}', list: [{written}], mixed: 'is ${{params.p}}' }} }}]");
        var state = new PipelineRunState();
        state.Apply(new RunBegan("r", "x", 1, "d", "manual", "me", default, PipelinePlan.Params(spec, null), PipelinePlan.Steps(spec), []));

        var inputs = new StepInputs(JsonSerializer.Deserialize<JsonElement>(PipelineRunRules.Inputs(state, state.Steps[0])));

        Assert.Equal(json, spec.Params[0].Value is { ValueKind: JsonValueKind.String } quoted ? $"\"{quoted.GetString()}\"" : spec.Params[0].Value.GetRawText());
        Assert.Equal([text, text, text, $"is {text}"], [inputs.Text("own"), inputs.Text("param"), inputs.Texts("list")[0], inputs.Text("mixed")]);
        Assert.Equal(text, PipelineRunView.Of(state).Params["p"]);
        Assert.Equal(written[0] is '+' or '.' ? "a@1.50" : $"a@{text}", state.Steps[0].Name);
    }

    [Fact]
    public void Params_TakeTheTypeOfTheirDefault()
    {
        var spec = Reader.Read("name: x\nparams: {n: 1, t: a, b: true}\nsteps: [{name: a, uses: any}]");

        var values = PipelinePlan.Params(spec, new Dictionary<string, string> { ["n"] = "2.5", ["t"] = "3", ["b"] = "false" });

        Assert.Equal(["2.5", "\"3\"", "false"], values.Values.Select(v => v.GetRawText()));
        Assert.Equal(["0.50", "\"007\"", "true"], PipelinePlan.Params(spec, new Dictionary<string, string> { ["n"] = "0.50", ["t"] = "007", ["b"] = "TRUE" }).Values.Select(v => v.GetRawText()));
        Assert.Equal("params.n", Assert.Throws<MlopsException>(() => PipelinePlan.Params(spec, new Dictionary<string, string> { ["n"] = "two" })).Field);
        Assert.Equal("params.z", Assert.Throws<MlopsException>(() => PipelinePlan.Params(spec, new Dictionary<string, string> { ["z"] = "1" })).Field);
    }

    private static bool HasCycle(int n, ILookup<int, int> needs)
    {
        // Floyd–Warshall reachability: nothing in common with the product's sort.
        var reach = new bool[n, n];
        foreach (var group in needs)
        {
            foreach (var to in group)
            {
                reach[group.Key, to] = true;
            }
        }

        for (var k = 0; k < n; k++)
        {
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    reach[i, j] |= reach[i, k] && reach[k, j];
                }
            }
        }

        return Enumerable.Range(0, n).Any(i => reach[i, i]);
    }
}
