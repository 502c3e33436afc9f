namespace MlopsGrains.Storage.Marks;

/// <summary>Whether and where storage writes down what it has acknowledged, to tell at the next start whether the database still holds it.</summary>
public sealed class MarkOptions
{
    /// <summary>A folder beside the blobs; none, and nothing is marked.</summary>
    public string? Folder { get; set; }

    /// <summary>Signs the marks; without one the database's own id does, which finds accidents.</summary>
    public string? Key { get; set; }

    /// <summary>Goes on with a database that is older than its marks. What is lost is reported, and the marks are put aside.</summary>
    public bool AcceptLoss { get; set; }

    /// <summary>How the names of streams begin whose newest entry every mark keeps.</summary>
    public IList<string> Watched { get; } = [];

    internal MarkFolder? Open() => Folder is { Length: > 0 } folder ? new MarkFolder(folder, Key is { Length: > 0 } key ? System.Text.Encoding.UTF8.GetBytes(key) : null) : null;
}
