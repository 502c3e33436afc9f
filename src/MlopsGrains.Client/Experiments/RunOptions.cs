using MlopsGrains.Experiments;

namespace MlopsGrains.Client;

/// <summary>What a new run records about the program that logs it.</summary>
[Flags]
public enum RunContext
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Tags <c>mlflow.source.git.commit</c>, <c>.branch</c> and <c>.repoURL</c> (without credentials) of the working directory's repository.</summary>
    Git = 1,

    /// <summary>Tag <c>mlops.commandLine</c>; values that look like secrets are masked.</summary>
    CommandLine = 2,

    /// <summary>Tags with the machine's name, cores, operating system and .NET version.</summary>
    Machine = 4,

    /// <summary>Artifact <c>context/git.diff</c>: what differs from the commit, at most 1 MiB. May hold whatever the files hold.</summary>
    GitDiff = 8,

    /// <summary>Artifact <c>context/packages.json</c>: the program's packages with their versions.</summary>
    Packages = 16,

    /// <summary>What fits into tags.</summary>
    Tags = Git | CommandLine | Machine,

    /// <summary>Everything.</summary>
    All = Tags | GitDiff | Packages,
}

/// <summary>How a run starts; what is not given comes from <see cref="MlopsGrainsClientOptions.Tracking"/>.</summary>
public sealed record RunOptions
{
    /// <summary>At most 250 characters; a random readable one when <see langword="null"/>.</summary>
    public string? Name { get; init; }

    /// <summary>Most initial tags.</summary>
    public const int TagsMax = 80;

    /// <summary>Initial tags, at most <see cref="TagsMax"/>.</summary>
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>The run that this one is part of (tag <c>mlflow.parentRunId</c>); <see cref="ActiveRun.StartChildAsync"/> sets it.</summary>
    public string? ParentRunId { get; init; }

    /// <summary>What the run records about its program.</summary>
    public RunContext? Context { get; init; }
}
