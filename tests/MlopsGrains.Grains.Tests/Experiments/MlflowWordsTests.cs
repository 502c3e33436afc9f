using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Experiments.LoggedModels;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Grains.Models;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Identity;
using MlopsGrains.Limits;
using MlopsGrains.Models;
using MlopsGrains.Paging;
using MlopsGrains.Webhooks;

namespace MlopsGrains.Grains.Tests.Experiments;

/// <summary>Refusals say MLflow's sentences, which its clients and their tests look for.</summary>
public sealed class MlflowWordsTests
{
    private const string Id = "0123456789abcdef0123456789abcdef";
    private const string Model = "m-" + Id;

    private static readonly Experiment Experiment = new("7", "seven", "mlflow-artifacts:/7", LifecycleStage.Active, 1, 1, []);

    private static readonly Dictionary<string, Func<object?>> Refusals = new()
    {
        ["No Experiment with id=7 exists"] = () => throw TrackingErrors.NoExperiment("7"),
        ["Could not find experiment with name 'seven'"] = () => throw TrackingErrors.NoExperimentNamed("seven"),
        ["Experiment(name=seven) already exists. It is deleted."] = () => throw TrackingErrors.ExperimentTaken("seven", "It is deleted."),
        ["The experiment 7 must be in the 'active' state. Current state is deleted."] = () => throw TrackingErrors.ExperimentDeleted("7"),
        [$"Run with id={Id} not found"] = () => RunRules.Update(new RunState(), Id, new RunUpdate()),
        [$"The run {Id} must be in the 'active' state. Current state is deleted."] = () => throw TrackingErrors.RunDeleted(Id),
        [$"No tag with name: absent in run with id {Id}"] = () => RunRules.DeleteTag(Begun(), Id, "absent"),
        ["No tag with name: absent in experiment with id 7"] = () => ExperimentRules.DeleteTag(Experiment, "absent"),
        [$"Logged model with ID '{Model}' not found."] = () => LoggedModelRules.DeleteTag(new LoggedModelState(), Model, "k", DateTimeOffset.UnixEpoch),
        [$"No tag with key 'absent' found for model with ID '{Model}'."] = () => throw TrackingErrors.NoLoggedModelTag("absent", Model),
        ["Registered Model with name=churn not found"] = () => throw RegistryErrors.NoModel("churn"),
        ["Registered Model (name=churn) already exists."] = () => throw RegistryErrors.ModelTaken("churn"),
        ["Model Version (name=churn, version=3) not found"] = () => new RegisteredModelDocument().Resolve("churn", "3"),
        ["Registered model alias champion not found."] = () => new RegisteredModelDocument().Resolve("churn", "@champion"),
        ["User with username=ada not found"] = () => throw UserErrors.NoUser("ada"),
        ["User (username=ada) already exists."] = () => throw UserErrors.UserTaken("ada"),
        ["Experiment permission with experiment_id=7 and username=ada not found"] = () => throw UserErrors.NoPermission("ada", new(PermissionKind.Experiment, "7")),
        ["Registered model permission with name=churn and username=ada not found"] = () => throw UserErrors.NoPermission("ada", new(PermissionKind.RegisteredModel, "churn")),
        ["Experiment permission (experiment_id=7, username=ada) already exists."] = () => throw UserErrors.PermissionTaken("ada", new(PermissionKind.Experiment, "7")),
        ["Webhook with ID 1 not found."] = () => throw WebhookErrors.NoWebhook("1"),

        ["Missing value for required parameter 'name'."] = () => Make(""),
        ["'name' exceeds the maximum length of 500 characters"] = () => Make(new string('x', 501)),
        ["Invalid value \"b*\" for parameter 'key' supplied: Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."] =
            () => Tag("b*", ""),
        ["Invalid value \"a/../b\" for parameter 'key' supplied: Names may be treated as files in certain cases, and must not resolve to other names when treated as such"] = () => Tag("a/../b", ""),
        ["'key' exceeds the maximum length of 250 characters"] = () => Tag(new string('x', 251), ""),
        ["'value' exceeds the maximum length of 5000 characters"] = () => Tag("k", new string('x', 5001)),
        ["Artifact location cannot be a runs:/ URI. Given: 'runs:/a/b'"] = () => Make("n", "runs:/a/b"),
        ["'artifact_location' URL can't include fragments or params."] = () => Make("n", "s3://b/c#d"),
        ["Invalid path in artifactLocation: it must be relative"] = () => Make("n", "mlflow-artifacts:/a/%252e%252e/b"),
        ["Invalid path in artifactLocation: '..' segments are not allowed"] = () => Make("n", "s3://b/%2e%2E/c"),
        ["Invalid query string"] = () => Make("n", "s3://b/c?d=%2e%2e/e"),
        ["Invalid value 0 for parameter 'max_results' supplied: It must be a positive integer"] = () => Do(() => Limit.Page("max_results", 0, 50)),
        ["Invalid value 51 for parameter 'max_results' supplied: It must be at most 50"] = () => Do(() => Limit.Page("max_results", 51, 50)),
        ["Invalid page token"] = () => PageToken.Read<Page<string>>("list", "not a token"),

        ["Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='a', mlflow.runName='b')."] =
            () => RunRules.Create(Id, new NewRun("7", "a", Tags: [new("mlflow.runName", "b")]), Experiment, DateTimeOffset.UnixEpoch),
        ["Duplicate parameter keys have been submitted: ['p']"] = () => RunRules.LogBatch(Begun(), Id, new RunBatch(MetricColumns.Empty, [new("p", "1"), new("p", "2")], [])),
        ["A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics across multiple requests and try again."] =
            () => Do(() => BatchLimits.Check("metrics", 1001, BatchLimits.MetricsMax)),
        ["A batch logging request can contain at most 100 params. Got 101 params."] =
            () => RunRules.LogBatch(Begun(), Id, new RunBatch(MetricColumns.Empty, [.. Enumerable.Range(0, 101).Select(i => new Tag($"p{i}", ""))], [])),
        ["A batch logging request can contain at most 1000 metrics, params, and tags. Got 1001 metrics, params, and tags."] = () => Do(() => BatchLimits.CheckTotal(1001)),
        ["Invalid value -1 for parameter 'metrics[0].timestamp' supplied: metric 'm'. Timestamp must be a nonnegative long (64-bit integer)"] =
            () => RunRules.LogBatch(Begun(), Id, new RunBatch(new MetricColumns(["m"], [0], [1], [-1], [0]), [], [])),
        ["Malformed model info."] = () => ModelHistory.Append(null, "[1]"),
        ["Model json is missing mandatory fields"] = () => ModelHistory.Append(null, "{}"),
        ["Invalid model name ('a/b') provided. Model name must be a non-empty string and cannot contain the following characters"] =
            () => LoggedModelRules.Create(Model, new NewLoggedModel("7", "a/b", null, null, [], []), Experiment, DateTimeOffset.UnixEpoch),

        ["Registered model alias name cannot be empty."] = () => AliasRules.Check(""),
        ["'Registered model alias name' exceeds the maximum length of 255 characters"] = () => AliasRules.Check(new string('a', 256)),
        ["Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."] = () => AliasRules.Check("a b"),
        ["'latest' alias name (case insensitive) is reserved."] = () => AliasRules.Check("Latest"),
        ["Version alias name 'v1' is reserved."] = () => AliasRules.Check("v1"),
        ["Prompt text exceeds max length of 100000 characters."] = () => Do(() => ModelTags.Check("mlflow.prompt.text", new string('x', 100_001))),
        ["'value' exceeds the maximum length of 100000 characters"] = () => Do(() => ModelTags.Check("k", new string('x', 100_001))),
        ["Invalid model version source: 's3://b/../c'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path."] =
            () => ModelSource.Read("s3://b/../c"),

        ["Webhook name 'a b' is invalid. It must start and end with a letter or digit"] = () => Hook("a b", "https://example.com"),
        ["Webhook URL cannot be empty or just whitespace"] = () => Hook("a", "   "),
        ["Invalid webhook URL 'http://[invalid'"] = () => Hook("a", "http://[invalid"),
        ["Invalid webhook URL scheme: 'ftp'."] = () => Hook("a", "ftp://example.com"),

        ["Invalid entity type 'm'."] = () => RunFilter.Parse("m.acc >= 0.94"),
        ["Invalid attribute key 'acc' specified."] = () => RunFilter.Parse("acc >= 0.94"),
        ["Invalid dataset key 'status' specified."] = () => RunFilter.Parse("dataset.status = 'true'"),
        ["Invalid clause(s) in filter string"] = () => RunFilter.Parse("params.acc LR !="),
        ["Invalid clause(s) in filter string: the quote"] = () => RunFilter.Parse("params.acc = 'LR"),
        ["Invalid clause(s) in filter string: Search filter contained multiple expression"] = () => RunFilter.Parse("metric.acc >= 0.94; metrics.rmse < 1"),
        ["Expected 'Identifier' found '1'"] = () => RunFilter.Parse("1=1"),
        ["Parameter value is either not quoted or unidentified quote types used for string value LR."] = () => RunFilter.Parse("params.acc = `LR`"),
        ["Expected a quoted string value for param. Got value 5"] = () => RunFilter.Parse("params.acc = 5"),
        ["Expected a quoted string value for tag. Got value 5"] = () => RunFilter.Parse("tags.acc = 5"),
        ["Expected a quoted string value for attributes. Got value 1"] = () => RunFilter.Parse("attribute.status = 1"),
        ["Expected numeric value type for metric. Found LR"] = () => RunFilter.Parse("metric.model = 'LR'"),
        ["Invalid comparator '>' not one of"] = () => RunFilter.Parse("params.abc > 'v'"),
        ["Invalid comparator 'LIKE' not one of"] = () => RunFilter.Parse("attributes.start_time LIKE '1234'"),
        ["Invalid comparison operator for name"] = () => LoggedModelFilter.Parse("name > 'foo'", []),
        ["While parsing a list in the query, expected string value, punctuation, or whitespace, but got different type in list"] = () => RunFilter.Parse("run_id IN (1,2,3)"),
        ["While parsing a list in the query, expected a non-empty list of string values, but got empty list"] = () => RunFilter.Parse("run_id IN ()"),
        ["While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list"] = () => RunFilter.Parse("run_id IN ('a',,'b')"),
        ["Invalid order_by clause 'metrics.A != 1'."] = () => RunOrder.Parse(["metrics.A != 1"]),
        ["Invalid ordering key in order_by clause 'attribute.run_id ACS'"] = () => RunOrder.Parse(["attribute.run_id ACS"]),
        ["Invalid attribute key 'start' specified."] = () => RunOrder.Parse(["attribute.start"]),
        ["`order_by` contains duplicate fields"] = () => RunOrder.Parse(["metrics.m", "metrics.m DESC"]),
        ["Invalid order by key 'creation_timestamp' specified. Valid keys"] = () => RegistryOrder.OfModels(new RegistryQuery(null, ["creation_timestamp"], 10, null)),
        ["Invalid order by field name: nope."] = () => new LoggedModelOrder([new LoggedModelOrderKey("nope", true, null)]),
    };

    public static TheoryData<string> Sentences => [.. Refusals.Keys];

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Refusal_SaysMlflowsSentence(string sentence) =>
        Assert.Contains(sentence, Assert.Throws<MlopsException>(Refusals[sentence]).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("s3://b/c/", "s3://b/c/r/artifacts")]
    [InlineData("mysql://user:pw@host:1/db?driver=d", "mysql://user:pw@host:1/db/r/artifacts?driver=d")]
    [InlineData("/mnt/what?/x", "/mnt/what?/x/r/artifacts")]
    public void PlaceBelowALocation_KeepsWhatFollowsTheUrisPath(string location, string below)
    {
        Assert.NotNull(Make("n", location));
        Assert.Equal(below, ExperimentRules.Below(location, "r/artifacts"));
    }

    [Fact]
    public void TimesBefore1970_AreTimes()
    {
        Assert.Equal(-5, RunRules.Create(Id, new NewRun("7", StartTime: -5), Experiment, DateTimeOffset.UnixEpoch).StartTime);
        Assert.Equal(-1, RunRules.Update(Begun(), Id, new RunUpdate(EndTime: -1))!.EndTime);
    }

    private static object Do(Action action)
    {
        action();
        return action;
    }

    private static Experiment Make(string name, string? location = null) => ExperimentRules.Make(7, new NewExperiment(name, location, []), DateTimeOffset.UnixEpoch);

    private static object Tag(string key, string value) => Do(() => ExperimentRules.CheckTag("", key, value));

    private static object Hook(string name, string url) =>
        Do(() => WebhookRules.Check(new StoredWebhook("1", name, null, url, [WebhookEventKind.All[0]], null, WebhookStatus.Active, default, default, default), new WebhookOptions()));

    private static RunState Begun()
    {
        var state = new RunState();
        state.Apply(RunRules.Create(Id, new NewRun("7", "run"), Experiment, DateTimeOffset.UnixEpoch));
        return state;
    }
}
