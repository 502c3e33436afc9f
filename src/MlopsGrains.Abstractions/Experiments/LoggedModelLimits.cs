namespace MlopsGrains.Experiments;

/// <summary>The limits of logged models. Lengths are in characters; params' values are cut at <see cref="TrackingLimits.ParamValueLengthMax"/>.</summary>
public static class LoggedModelLimits
{
    /// <summary>Longest name.</summary>
    public const int NameLengthMax = 500;

    /// <summary>Longest type of model.</summary>
    public const int TypeLengthMax = 500;

    /// <summary>Most params of one request.</summary>
    public const int ParamsPerCallMax = 100;

    /// <summary>Longest key of a param.</summary>
    public const int ParamKeyLengthMax = 255;

    /// <summary>Most params of a model.</summary>
    public const int ParamsMax = 2000;

    /// <summary>Longest value of a tag.</summary>
    public const int TagValueLengthMax = 100_000;

    /// <summary>Most tags of a model, and of one request.</summary>
    public const int TagsMax = 1000;

    /// <summary>All tag values of a model together, so that it fits into a message and a journal record.</summary>
    public const int TagCharactersMax = 1_000_000;

    /// <summary>Most points of one request.</summary>
    public const int MetricsPerCallMax = 1000;

    /// <summary>Keys × runs × datasets: one run's metrics, at their most, fit.</summary>
    public const int MetricsMax = TrackingLimits.KeysPerRunMax;

    /// <summary>Most versions that a model is registered as.</summary>
    public const int RegistrationsMax = 1000;

    /// <summary>Most models of a page of a search.</summary>
    public const int SearchResultsMax = 1000;
}
