using System.Globalization;
using MlopsGrains.Errors;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Grains.Pipelines.Definitions;

/// <summary>A fault in a definition on its way to the reader, which collects them.</summary>
internal sealed class DefinitionException(PipelineFault fault) : Exception(fault.Message)
{
    private const int ShownMax = 20;

    public PipelineFault Fault => fault;

    /// <summary>A fault whose message says where it stands.</summary>
    public static DefinitionException At(string field, string message, int line, int column) =>
        new(new PipelineFault(field.Length <= 200 ? field : field[..200], string.Create(CultureInfo.InvariantCulture, $"{message} (line {line}, column {column})."), line, column));

    /// <summary>All faults as one refusal; its field is the first one's.</summary>
    public static MlopsException Refusal(IReadOnlyList<PipelineFault> faults)
    {
        var shown = string.Join(' ', faults.Take(ShownMax).Select(f => f.Message));
        return MlopsException.Invalid(faults[0].Field, faults.Count <= ShownMax ? shown : $"{shown} And {faults.Count - ShownMax} more.");
    }
}
