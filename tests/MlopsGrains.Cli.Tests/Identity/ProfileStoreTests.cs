using MlopsGrains.Cli.Shell;
using MlopsGrains.Errors;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Identity;

public sealed class ProfileStoreTests : IDisposable
{
    private readonly TempDirectory directory = new();

    private string FilePath => directory.File("mlops/config.json");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Profiles_AreKept_ForTheirOwnerOnly()
    {
        var store = new ProfileStore(FilePath);
        Assert.Empty(store.Read().All);

        store.Write(Profiles.None.With("a", new Profile("http://a/", Token: "t")));
        store.Write(store.Read().With("b", new Profile("http://b/", "u", "p")));

        var read = store.Read();
        Assert.Equal(("b", "t", "p"), (read.Current, read.Find("a")!.Token, read.Find("b")!.Password));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(FilePath)!));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(FilePath)!));
        }
    }

    [Fact]
    public void FileThatOthersMayRead_IsRefused()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("rights of this kind are Unix's.");
            return;
        }

        var store = new ProfileStore(FilePath);
        store.Write(Profiles.None.With("a", new Profile("http://a/")));
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        Assert.Contains($"chmod 600 {FilePath}", Assert.Throws<MlopsException>(store.Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedFile_IsSaid()
    {
        new ProfileStore(FilePath).Write(Profiles.None);
        File.WriteAllText(FilePath, "{");

        Assert.Contains("is damaged", Assert.Throws<MlopsException>(new ProfileStore(FilePath).Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Logout_OfTheCurrentOne_LeavesNone() => Assert.Null(Profiles.None.With("a", new Profile("http://a/")).Without("a").Current);
}
