namespace MlopsGrains.Pipelines;

/// <summary>A definition as it was understood: what a run of it will do, before there is one.</summary>
/// <param name="Description">Free text.</param>
/// <param name="Params">In the order of the text.</param>
/// <param name="Steps">In an order in which every step comes after its needs.</param>
/// <param name="AlertTriggers">Deployments whose alerts start the pipeline.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineOutline")]
public sealed record PipelineOutline(
    [property: Id(0)] string? Description,
    [property: Id(1)] IReadOnlyList<PipelineParam> Params,
    [property: Id(2)] IReadOnlyList<OutlinedStep> Steps,
    [property: Id(3)] IReadOnlyList<string> AlertTriggers);

/// <summary>A param of a definition. Whoever starts a run may give another value of its type.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">That of its default.</param>
/// <param name="Default">As it is written.</param>
[GenerateSerializer, Immutable, Alias("mlops.PipelineParam")]
public sealed record PipelineParam([property: Id(0)] string Name, [property: Id(1)] ParamType Type, [property: Id(2)] string Default);

/// <summary>What a param's value must be.</summary>
public enum ParamType
{
    /// <summary>Any text, at most 2,000 characters.</summary>
    Text = 0,

    /// <summary>A finite number.</summary>
    Number = 1,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean = 2,
}

/// <summary>A step of a definition, as its runs will have it.</summary>
/// <param name="Name">Unique; with <c>@</c> and its values when it is one of a fan-out.</param>
/// <param name="Group">The definition's name of it, which the steps of a fan-out share.</param>
/// <param name="Uses">Kind of step.</param>
/// <param name="Needs">Names of steps that come before it.</param>
[GenerateSerializer, Immutable, Alias("mlops.OutlinedStep")]
public sealed record OutlinedStep(
    [property: Id(0)] string Name,
    [property: Id(1)] string Group,
    [property: Id(2)] string Uses,
    [property: Id(3)] IReadOnlyList<string> Needs);
