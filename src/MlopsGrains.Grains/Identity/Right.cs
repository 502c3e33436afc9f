using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Identity;

/// <summary>What somebody must be allowed for a step to be run for them.</summary>
public abstract record Right
{
    private Right()
    {
    }

    /// <summary>A level on a thing by its name; whoever may make one needs none on what is not there.</summary>
    public sealed record On(PermissionLevel Level, PermissionKind Kind, string Id, bool OrCreates = false) : Right;

    /// <summary>A level on the experiment of that name; whoever is there may make a new one.</summary>
    public sealed record OnExperimentNamed(PermissionLevel Level, string Name) : Right;

    /// <summary>A level on the experiment of a run.</summary>
    public sealed record OnRun(PermissionLevel Level, string RunId) : Right;

    /// <summary>To read a blob by its digest.</summary>
    public sealed record ToRead(string Digest) : Right;
}
