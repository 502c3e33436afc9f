namespace MlopsGrains.Pipelines;

/// <summary>The limits of pipelines and their runs. Lengths are in characters.</summary>
public static class PipelineLimits
{
    /// <summary>Largest definition, in bytes of UTF-8.</summary>
    public const int YamlBytesMax = 1024 * 1024;

    /// <summary>Longest description.</summary>
    public const int DescriptionLengthMax = 5_000;

    /// <summary>Most versions of a definition.</summary>
    public const int VersionsMax = 10_000;

    /// <summary>Most steps of a definition, fanned out.</summary>
    public const int StepsMax = 256;

    /// <summary>Most params of a definition.</summary>
    public const int ParamsMax = 100;

    /// <summary>Longest value of a param.</summary>
    public const int ParamLengthMax = 2_000;

    /// <summary>Most attempts of a step.</summary>
    public const int AttemptsMax = 10;

    /// <summary>Longest key under which a run is started once.</summary>
    public const int IdempotencyKeyLengthMax = 128;

    /// <summary>Longest cause of a run.</summary>
    public const int CauseLengthMax = 200;

    /// <summary>Most runs of a list.</summary>
    public const int RunsPerListMax = 200;

    /// <summary>Most versions of a list.</summary>
    public const int VersionsPerListMax = 1_000;

    /// <summary>Most runs that are looked at for one page of those with a status; the page's token goes on behind them.</summary>
    public const int RunsLookedAtMax = 1_000;

    /// <summary>Fewest digits by which a run is found.</summary>
    public const int RunIdPrefixLengthMin = 4;

    /// <summary>Most lines of a run's log, and of a page of it.</summary>
    public const int LogLinesMax = 10_000;
}
