namespace MlopsGrains.Web.Shell;

/// <summary>A place in the sidebar.</summary>
/// <param name="Key">Told by each page that belongs there.</param>
/// <param name="Name">As it is read.</param>
/// <param name="Href">Its first page.</param>
/// <param name="Icon">Of <c>icons.svg</c>.</param>
/// <param name="Go">The letter that leads there after <c>G</c>.</param>
/// <param name="ForAdministrators">Nobody else is led there.</param>
internal sealed record Section(string Key, string Name, string Href, string Icon, string Go, bool ForAdministrators = false)
{
    /// <summary>The group below all others.</summary>
    public const string Foot = "Foot";

    /// <summary>Sections by group; what has no page is not here.</summary>
    public static IReadOnlyList<(string? Group, IReadOnlyList<Section> Sections)> All { get; } =
    [
        (null, [new("home", "Home", "/", "home", "H"), new("inbox", "Inbox", "/inbox", "inbox", "I")]),
        ("Track", [new("experiments", "Experiments", "/experiments", "flask", "E"), new("datasets", "Datasets", "/datasets", "data", "D"), new("pipelines", "Pipelines", "/pipelines", "flow", "P")]),
        ("Serve", [new("models", "Models", "/models", "cube", "M"), new("deployments", "Deployments", "/deployments", "serve", "R"), new("monitors", "Monitors", "/monitors", "pulse", "O")]),
        ("Trust", [new("lineage", "Lineage", "/lineage", "lineage", "L"), new("audit", "Audit", "/audit", "shield", "A", ForAdministrators: true)]),
        (Foot, [new("admin", "Admin", "/admin", "sliders", "S", ForAdministrators: true)]),
    ];
}
