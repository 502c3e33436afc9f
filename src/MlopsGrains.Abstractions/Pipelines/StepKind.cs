namespace MlopsGrains.Pipelines;

/// <summary>A kind of step: what its <c>with</c> takes and what it gives. Definitions are checked against it when they are registered.</summary>
/// <param name="Uses">Name in definitions, such as <c>model/train</c>.</param>
/// <param name="Inputs">Keys of <c>with</c>; <see langword="null"/> for any, unchecked.</param>
/// <param name="Outputs">Keys of the outputs; <see langword="null"/> for any.</param>
/// <param name="Summary">What it does, in a sentence.</param>
[GenerateSerializer, Immutable, Alias("mlops.StepKind")]
public sealed record StepKind(
    [property: Id(0)] string Uses,
    [property: Id(1)] IReadOnlyList<StepInput>? Inputs = null,
    [property: Id(2)] IReadOnlyList<string>? Outputs = null,
    [property: Id(3)] string Summary = "");

/// <summary>One key of a step's <c>with</c>.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">What its value must be.</param>
/// <param name="Summary">What it means.</param>
/// <param name="Required">Whether it must always be given.</param>
/// <param name="RequiredWhen">When it must be given; <see langword="null"/> for never or always.</param>
/// <param name="Default">The value when it is left out; <see langword="null"/> for none.</param>
/// <param name="Choices">The texts it may be; besides numbers for a number. <see langword="null"/> for any.</param>
/// <param name="Min">The least number; <see langword="null"/> for no bound.</param>
/// <param name="Max">The greatest number; <see langword="null"/> for no bound.</param>
/// <param name="MinExcluded">Whether <paramref name="Min"/> itself is refused.</param>
/// <param name="MaxExcluded">Whether <paramref name="Max"/> itself is refused.</param>
/// <param name="Items">Keys of each object in a list of objects.</param>
[GenerateSerializer, Immutable, Alias("mlops.StepInput")]
public sealed record StepInput(
    [property: Id(0)] string Name,
    [property: Id(1)] StepInputType Type,
    [property: Id(2)] string Summary,
    [property: Id(3)] bool Required = false,
    [property: Id(4)] StepInputCondition? RequiredWhen = null,
    [property: Id(5)] string? Default = null,
    [property: Id(6)] IReadOnlyList<string>? Choices = null,
    [property: Id(7)] double? Min = null,
    [property: Id(8)] double? Max = null,
    [property: Id(9)] bool MinExcluded = false,
    [property: Id(10)] bool MaxExcluded = false,
    [property: Id(11)] IReadOnlyList<StepInput>? Items = null);

/// <summary>Holds when another input, or its default, is this value.</summary>
/// <param name="Input">The other input.</param>
/// <param name="Value">Its value.</param>
[GenerateSerializer, Immutable, Alias("mlops.StepInputCondition")]
public sealed record StepInputCondition([property: Id(0)] string Input, [property: Id(1)] string Value);

/// <summary>What the value of a step's input must be. Numbers may be written as texts, because outputs of steps are texts.</summary>
public enum StepInputType
{
    /// <summary>Any text, number or boolean, taken as it is written.</summary>
    Text = 0,

    /// <summary>A name: at most 128 letters, digits, <c>.</c>, <c>_</c> and <c>-</c>, beginning with a letter or digit.</summary>
    Name = 1,

    /// <summary>The name of a registered model.</summary>
    ModelName = 2,

    /// <summary>A SHA-256 digest: 64 lower-case hex digits.</summary>
    Digest = 3,

    /// <summary>A whole number.</summary>
    WholeNumber = 4,

    /// <summary>A finite number.</summary>
    Number = 5,

    /// <summary>A list of texts, or one.</summary>
    Texts = 6,

    /// <summary>An object of numbers by name, or its JSON text; an empty text is none.</summary>
    Numbers = 7,

    /// <summary>A list of objects with declared keys.</summary>
    Objects = 8,

    /// <summary>A list of rules about data.</summary>
    Expectations = 9,

    /// <summary>The outputs of a <c>model/train</c> step, or a list of them.</summary>
    Candidates = 10,
}
