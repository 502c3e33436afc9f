using MlopsGrains.Experiments;

namespace MlopsGrains.Web.Parts;

/// <summary>How a state looks: a shape of <c>icons.svg</c>, a colour class and a word.</summary>
public sealed record StatusLook(string Shape, string Colour, string Word)
{
    public static StatusLook NoData { get; } = new("nodata", "idle", "not enough data");

    public static StatusLook Of(RunStatus status) => status switch
    {
        RunStatus.Running => new("run", "run", "running"),
        RunStatus.Scheduled => new("wait", "idle", "waiting"),
        RunStatus.Finished => new("ok", "ok", "succeeded"),
        RunStatus.Failed => new("bad", "bad", "failed"),
        RunStatus.Killed => new("stop", "idle", "cancelled"),
        _ => NoData,
    };
}
