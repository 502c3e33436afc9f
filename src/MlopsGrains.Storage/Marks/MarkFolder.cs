using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Storage.Marks;

/// <summary>The files of marks: one for each process that writes, one in all for a database file.</summary>
internal sealed class MarkFolder(string folder, byte[]? key)
{
    private const string Extension = ".mark";

    public string Path => folder;

    /// <summary>Complete or not at all, and on disk when it returns.</summary>
    public void Write(string name, Mark mark)
    {
        Directory.CreateDirectory(folder);
        var path = System.IO.Path.Combine(folder, name + Extension);
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1))
        {
            file.Write(mark.Write(key));
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }

        File.Move(temporary, path, overwrite: true);
        FolderSync.Sync(folder);
    }

    /// <summary>Every mark that can be read; one that cannot is damage of its own, and says nothing about the database.</summary>
    public IReadOnlyList<(string File, Mark Mark)> Read(DamageList damage)
    {
        var marks = new List<(string, Mark)>();
        foreach (var file in Files().Select(file => file.FullName).Order(StringComparer.Ordinal))
        {
            try
            {
                marks.Add((file, Mark.Read(File.ReadAllBytes(file), key)));
            }
            catch (Exception e) when (e is InvalidDataException or System.Text.Json.JsonException or NotSupportedException)
            {
                damage.Report(new StoredDamage("mark", System.IO.Path.GetFileName(file), "", $"it cannot be read ({e.Message})"));
            }
            catch (FileNotFoundException)
            {
                // Another process has just removed its own.
            }
        }

        return marks;
    }

    public void RemoveOlderThan(DateTime time)
    {
        foreach (var file in Files().Where(file => file.LastWriteTimeUtc < time))
        {
            file.Delete();
        }
    }

    /// <summary>Puts every mark aside: the database is another one from here on, by somebody's wish.</summary>
    public void PutAside()
    {
        foreach (var file in Files())
        {
            file.MoveTo(file.FullName + ".aside", overwrite: true);
        }
    }

    private FileInfo[] Files() => Directory.Exists(folder) ? new DirectoryInfo(folder).GetFiles("*" + Extension) : [];
}
