using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Identity;
using MlopsGrains.Grains.Models;
using MlopsGrains.Grains.Pipelines;
using MlopsGrains.Grains.Pipelines.Definitions;
using MlopsGrains.Grains.Pipelines.Inputs;
using MlopsGrains.Grains.Pipelines.Runs;
using MlopsGrains.Grains.Pipelines.Steps;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Tests.Pipelines;

/// <summary>Inputs of the real kinds of steps, checked when a definition is registered.</summary>
public sealed partial class StepInputTests
{
    private static readonly ServiceProvider Services = new ServiceCollection().Configure<PipelineOptions>(_ => { }).AddSingleton<ModelFileLoader>().BuildServiceProvider();

    private static readonly IReadOnlyList<IStepExecutor> Steps = [.. new ServiceCollection().AddPipelines()
        .Where(s => s.ServiceType == typeof(IStepExecutor)).Select(s => (IStepExecutor)ActivatorUtilities.CreateInstance(Services, s.ImplementationType!))];

    internal static StepCatalog Catalog { get; } = StepCatalog.Of(Steps);

    private static readonly PipelineYaml Reader = new(Catalog);

    [Fact]
    public void Check_FindsEverythingAtOnceAndWhereItStands()
    {
        var check = Reader.Check("""
            name: x
            steps:
              - name: split
                uses: data/split
                with: { data: "${steps.load.outputs.digest}", test: 1.5 }
              - { name: load, uses: dataset/load, with: { dataset: d, version: newest } }
              - name: train
                uses: model/train
                matrix: { trainer: [xgboost, fast-tree] }
                with:
                  experiment: x
                  trainer: ${matrix.trainer}
                  task: clasification
                  train: ${steps.split.outputs.train}
                  trees: -5
                  learning_rate: fast
              - name: evaluate
                uses: model/evaluate
                with: { candidates: "${steps.train.outputs}", test: "${steps.split.outputs.test}", label: l, metric: rmse }
              - name: monitor
                uses: monitor/configure
                with: { deployment: my live, reference: "${steps.split.outputs.train}", window_rows: 5, alpha: 0, raise: 1 }
            """);

        Assert.False(check.Valid);
        Assert.Equal(
            [
                "steps.split.with.test is 1.5; expected above 0 and below 1",
                "steps.load.with.version must be a whole number or latest, not 'newest'",
                "steps.train.with.label is required",
                "steps.train.with.trainer is 'xgboost'; expected one of fast-tree, fast-forest, logistic-regression, sdca",
                "steps.train.with.task is 'clasification'; expected one of binary, multiclass, regression",
                "steps.train.with.trees is -5; expected 1–2000",
                "steps.train.with.learning_rate must be a number, not 'fast'",
                "steps.evaluate.with.positive is required when task is binary",
                "steps.evaluate.with.metric is 'rmse', which the task binary does not have; expected one of auc, accuracy, precision, recall, f1, log_loss",
                "steps.monitor.with.deployment 'my live' must begin with a letter or digit and hold only letters, digits, '.', '_' and '-'",
                "steps.monitor.with.window_rows is 5; expected 100–10000000",
                "steps.monitor.with.alpha is 0; expected above 0 and at most 0.5",
                "steps.monitor.with.raise is unknown; expected one of deployment, reference, features, window_rows, window_seconds, alpha, effect_floor, raise_after, pipeline",
            ],
            check.Faults.Select(f => Place().Replace(f.Message, "")));
        Assert.Equal([5, 6, 11, 12, 13, 15, 16, 19, 19, 22, 22, 22, 22], check.Faults.Select(f => f.Line));
        Assert.Equal(("steps.split.with.test", 57), (check.Faults[0].Field, check.Faults[0].Column));
        Assert.EndsWith(" (line 5, column 57).", check.Faults[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dataset/load", "{}", "dataset is required")]
    [InlineData("dataset/load", "{ dataset: d, version: 0 }", "version is 0; expected 1–2147483647 or latest")]
    [InlineData("dataset/load", "{ dataset: [d] }", "dataset must be a text")]
    [InlineData("data/validate", "{ data: abc, expectations: [{ column: a, not_null: true }] }", "data must be a SHA-256 digest")]
    [InlineData("data/validate", "{ expectations: [{ column: a, betwen: [0, 1] }] }", "expectations[0] has no rule 'betwen'")]
    [InlineData("data/validate", "{ expectations: [{ column: a, not_null: true }, { column: a, between: [2, 1] }] }", "expectations[1].between begins at 2, above its end 1")]
    [InlineData("data/validate", "{ expectations: { column: a } }", "expectations must be a list")]
    [InlineData("data/validate", "{ expectations: [] }", "expectations has 0 entries")]
    [InlineData("data/split", "{ test: 0.5, validation: 0.5 }", "validation is 0.5 and test is 0.5; both together must be below 1")]
    [InlineData("data/split", "{ seed: 1.5 }", "seed must be a whole number, not '1.5'")]
    [InlineData("model/train", "{ label: l, trainer: sdca }", "positive is required when task is binary")]
    [InlineData("model/train", "{ task: regression, trainer: logistic-regression }", "trainer is logistic-regression, which is not for the task regression")]
    [InlineData("model/train", "{ features: [a, { b: c }] }", "features[1] must be a text or a list of texts")]
    [InlineData("model/evaluate", "{ metric: rocauc }", "metric is 'rocauc'; expected one of auc, accuracy")]
    [InlineData("model/evaluate", "{ candidates: best }", "candidates must be a list")]
    [InlineData("gate/metrics", "{ metrics: { auc: high } }", "metrics must be an object of numbers")]
    [InlineData("gate/metrics", "{ metrics: { auc: 1 } }", "thresholds or change is required")]
    [InlineData("gate/metrics", "{ metrics: { auc: 1 }, thresholds: [{ metric: rocauc, min: 1 }] }", "thresholds[0].metric is 'rocauc'; expected one of auc")]
    [InlineData("gate/metrics", "{ thresholds: [{ metric: auc }] }", "thresholds[0] needs min or max")]
    [InlineData("gate/metrics", "{ thresholds: [{ metric: auc, mim: 1 }] }", "thresholds[0].mim is unknown; expected one of metric, min, max")]
    [InlineData("gate/metrics", "{ thresholds: { auc: 1 } }", "thresholds must be a list")]
    [InlineData("gate/metrics", "{ thresholds: [{ min: 1 }] }", "thresholds[0].metric is required")]
    [InlineData("gate/metrics", "{ change: [{ metric: auc, absolute: 0 }] }", "baseline is required by change")]
    [InlineData("gate/metrics", "{ baseline: { auc: 0.5 }, change: [{ metric: auc }] }", "change[0] needs absolute or relative")]
    [InlineData("gate/metrics", "{ baseline: { auc: 0.5 }, change: [{ metric: auc, against: best, absolute: 0 }] }", "change[0].against is 'best'; expected one of baseline, champion")]
    [InlineData("model/register", "{ name: a/b }", "name 'a/b' must not hold")]
    [InlineData("monitor/configure", "{ raise_after: 4 }", "raise_after is 4; expected 1–3")]
    [InlineData("monitor/configure", "{ window_seconds: 0 }", "window_seconds is 0; expected 1–604800")]
    public void Input_ThatIsWrong_IsNamed(string uses, string with, string message) =>
        Assert.Contains(Reader.Check($"name: x\nsteps: [{{ name: a, uses: {uses}, with: {with} }}]").Faults, f => f.Message.Contains(message, StringComparison.Ordinal));

    [Theory]
    [InlineData("metrics: \"${steps.e.outputs.metrics}\", thresholds: [{ metric: rmse, min: 1 }]", "steps.g.with.thresholds[0].metric is 'rmse'; expected one of auc, accuracy")]
    [InlineData("metrics: \"${steps.e.outputs.metrics}\", baseline: \"${steps.e.outputs.baseline}\", change: [{ metric: roc, absolute: 0 }]", "change[0].metric is 'roc'")]
    public void Gate_IsCheckedAgainstTheEvaluationThatFeedsIt(string gate, string message)
    {
        var check = Reader.Check($$"""
            name: x
            steps:
              - { name: e, uses: model/evaluate, with: { candidates: [{ run_id: r, model: m }], test: "{{new string('a', 64)}}", label: l, positive: p } }
              - { name: g, uses: gate/metrics, with: { {{gate}} } }
            """);

        Assert.Contains(message, Assert.Single(check.Faults).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> OddValues =>
    [
        "null", "[]", "{}", "[null]", "[[]]", "[{}]", "{ a: { b: c } }", "''", "'${params.p}'", "['${params.p}']", "[{ metric: '${params.p}', min: [] }]", "'{\"a\":1,\"a\":2}'", "'{\"a\":1e999}'", "1e999",
        "-0.0", "99999999999999999999", "'$${x}'", "TRUE", "[{ metric: auc, min: 1, against: {} }]", "[{ run_id: 1 }]", "[{ column: 1 }]", "[{ column: a, between: [1, '${params.p}'] }]",
    ];

    [Theory]
    [MemberData(nameof(OddValues))]
    public void Check_OfAnyValue_NamesItsFaultsAndNeverBreaks(string value)
    {
        foreach (var (kind, input) in Catalog.Kinds.SelectMany(k => k.Inputs!.Select(i => (k, i))))
        {
            var yaml = $"name: x\nparams: {{ p: 1 }}\nsteps: [{{ name: e, uses: model/evaluate, with: {{ task: {value} }} }}, {{ name: a, uses: {kind.Uses}, with: {{ {input.Name}: {value}{(input.Name is "metrics" or "thresholds" ? "" : ", thresholds: [{ metric: auc, min: 1 }], metrics: '${steps.e.outputs.metrics}'")} }} }}]";

            Assert.All(Reader.Check(yaml).Faults, f => Assert.StartsWith("steps.", f.Field, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Values_OfParams_AreCheckedWhenARunStarts()
    {
        var spec = Reader.Read($$"""
            name: x
            params: { share: 0.25, min: 0.5 }
            steps:
              - { name: s, uses: data/split, with: { data: "{{new string('a', 64)}}", test: "${params.share}" } }
              - { name: g, uses: gate/metrics, with: { metrics: { auc: 1 }, thresholds: [{ metric: auc, min: "${params.min}" }] } }
            """);

        new StepInputCheck(Catalog, spec.Steps).Start(PipelinePlan.Params(spec, null));
        var e = Assert.Throws<MlopsException>(() => new StepInputCheck(Catalog, spec.Steps).Start(PipelinePlan.Params(spec, new Dictionary<string, string> { ["share"] = "7" })));

        Assert.Equal(("steps.s.with.test", "steps.s.with.test is 7; expected above 0 and below 1."), (e.Field, e.Message));
    }

    [Fact]
    public void Values_OfOutputs_AreCheckedBeforeTheStepRuns()
    {
        var with = JsonSerializer.Deserialize<JsonElement>("""{"metrics":"{\"auc\":\"high\"}","thresholds":[{"metric":"auc","min":"low"}]}""");

        Assert.Equal(["metrics must be an object of numbers", "thresholds[0].min must be a number, not 'low'"], Catalog.Faults("gate/metrics", with).Select(f => f.Message));
    }

    [Fact]
    public void Defaults_AreOfTheirOwnType() => Assert.Empty(Catalog.Kinds.SelectMany(k => k.Inputs!.Where(i => i.Default is not null).SelectMany(i =>
        StepInputRules.Faults([i], JsonSerializer.SerializeToElement(new Dictionary<string, string> { [i.Name] = i.Default! }), k.Uses + "."))));

    [Fact]
    public void EveryKind_IsRegistered() => Assert.Equal(
        typeof(IStepExecutor).Assembly.GetTypes().Where(t => t.Namespace == typeof(IStepExecutor).Namespace && t.IsClass && t.IsAssignableTo(typeof(IStepExecutor))).Select(t => t.Name).Order(StringComparer.Ordinal),
        Steps.Select(s => s.GetType().Name).Order(StringComparer.Ordinal));

    [Fact]
    public void EveryThing_ThatAStepNames_NeedsARight()
    {
        foreach (var step in Steps)
        {
            var named = step.Kind.Inputs!.Where(i => i.Type is StepInputType.Name or StepInputType.ModelName).Select(i => i.Name);
            var with = JsonSerializer.SerializeToElement(step.Kind.Inputs!.ToDictionary(i => i.Name, i => i.Type == StepInputType.Candidates ? (object)Array.Empty<string>() : i.Name));

            var asked = step.Rights(new StepInputs(with)).OfType<Right.On>().Select(r => r.Id);

            Assert.Empty(named.Except(asked).Select(name => $"{step.Kind.Uses}: {name}"));
        }
    }

    [GeneratedRegex(@" \(line [0-9]+, column [0-9]+\)\.$")]
    private static partial Regex Place();
}
