using MlopsGrains.Errors;
using MlopsGrains.Texts;

namespace MlopsGrains.Experiments;

/// <summary>What is not there, or there already, among experiments, runs and logged models. In the words of the tracking protocol, whose clients look for them.</summary>
public static class TrackingErrors
{
    private const int ShownCharactersMax = 300;

    /// <summary>No experiment has this id, or none that <paramref name="state"/> asks for, such as <c>that is deleted</c>.</summary>
    public static MlopsException NoExperiment(string id, string state = "") => NotFound($"No Experiment with id={Shown(id)} exists {state}".TrimEnd());

    /// <summary>No experiment has this name.</summary>
    public static MlopsException NoExperimentNamed(string name) => NotFound($"Could not find experiment with name '{Shown(name)}'");

    /// <summary>An experiment, perhaps a deleted one, has this name.</summary>
    public static MlopsException ExperimentTaken(string name, string hint) => new(ErrorKind.AlreadyExists, $"Experiment(name={name}) already exists. {hint}".TrimEnd(), "name");

    /// <summary>The experiment is deleted.</summary>
    public static MlopsException ExperimentDeleted(string id) =>
        MlopsException.Invalid("experimentId", $"The experiment {id} must be in the 'active' state. Current state is deleted.");

    /// <summary>No run has this id.</summary>
    public static MlopsException NoRun(string id) => NotFound($"Run with id={Shown(id)} not found");

    /// <summary>The run is deleted.</summary>
    public static MlopsException RunDeleted(string id) => MlopsException.Invalid("runId", $"The run {id} must be in the 'active' state. Current state is deleted.");

    /// <summary>The run has no such tag.</summary>
    public static MlopsException NoRunTag(string key, string id) => NotFound($"No tag with name: {Shown(key)} in run with id {id}");

    /// <summary>The experiment has no such tag.</summary>
    public static MlopsException NoExperimentTag(string key, string id) => NotFound($"No tag with name: {Shown(key)} in experiment with id {id}");

    /// <summary>No logged model has this id.</summary>
    public static MlopsException NoLoggedModel(string id) => NotFound($"Logged model with ID '{Shown(id)}' not found.");

    /// <summary>The logged model has no such tag.</summary>
    public static MlopsException NoLoggedModelTag(string key, string id) => NotFound($"No tag with key '{Shown(key)}' found for model with ID '{id}'.");

    private static MlopsException NotFound(string message) => new(ErrorKind.NotFound, message);

    private static string Shown(string text) => text.Shorten(ShownCharactersMax);
}
