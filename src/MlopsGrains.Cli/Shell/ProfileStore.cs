using System.Text.Json;
using System.Text.Json.Serialization;
using MlopsGrains.Errors;

namespace MlopsGrains.Cli.Shell;

/// <summary>An address and who to be there.</summary>
internal sealed record Profile(string Server, string? User = null, string? Password = null, string? Token = null)
{
    [JsonIgnore]
    public Credentials? Credentials => Token is not null ? Credentials.OfToken(Token) : User is not null && Password is not null ? Credentials.OfUser(User, Password) : null;

    public static Profile Of(Uri server, Credentials? credentials) => new(server.AbsoluteUri, credentials?.User, credentials?.Password, credentials?.Token);
}

/// <summary>All profiles, and the one that is used when none is named.</summary>
internal sealed record Profiles(string? Current, SortedDictionary<string, Profile> All)
{
    public static Profiles None { get; } = new(null, new SortedDictionary<string, Profile>(StringComparer.Ordinal));

    public Profile? Find(string name) => All.GetValueOrDefault(name);

    public Profiles With(string name, Profile profile) => new(name, new SortedDictionary<string, Profile>(All, StringComparer.Ordinal) { [name] = profile });

    public Profiles Without(string name)
    {
        var rest = new SortedDictionary<string, Profile>(All, StringComparer.Ordinal);
        rest.Remove(name);
        return new Profiles(Current == name ? null : Current, rest);
    }
}

/// <summary>The profiles in the user's configuration folder, in a file that only its owner may read.</summary>
internal sealed class ProfileStore(string path)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    public string Path => path;

    public Profiles Read()
    {
        if (path.Length == 0 || !File.Exists(path))
        {
            return Profiles.None;
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
        {
            throw MlopsException.Invalid("profile", $"{path} holds secrets and others may read it; do: chmod 600 {path}");
        }

        try
        {
            var kept = JsonSerializer.Deserialize<Kept>(File.ReadAllText(path), Json);
            return new Profiles(kept?.Current, new SortedDictionary<string, Profile>(kept?.Profiles ?? [], StringComparer.Ordinal));
        }
        catch (JsonException e)
        {
            throw MlopsException.Invalid("profile", $"{path} is damaged ({e.Message}); mend or remove it, then: mlops login");
        }
    }

    /// <summary>All or nothing: a reader sees the file before or after, and nobody else ever sees it.</summary>
    public void Write(Profiles profiles)
    {
        if (path.Length == 0)
        {
            throw MlopsException.Invalid("profile", "this user has no configuration folder; set HOME or XDG_CONFIG_HOME.");
        }

        var folder = System.IO.Path.GetDirectoryName(path)!;
        var temporary = $"{path}.{Environment.ProcessId}";
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }

        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var file = new FileStream(temporary, options))
        {
            JsonSerializer.Serialize(file, new Kept(profiles.Current, new Dictionary<string, Profile>(profiles.All)), Json);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private sealed record Kept(string? Current, Dictionary<string, Profile>? Profiles);
}
