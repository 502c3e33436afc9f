using MlopsGrains.Errors;
using MlopsGrains.Texts;

namespace MlopsGrains.Identity;

/// <summary>What is not there, or there already, among users and their permissions. In the words of the tracking protocol, whose clients look for them.</summary>
public static class UserErrors
{
    private const int ShownCharactersMax = 128;

    /// <summary>No user has this name.</summary>
    public static MlopsException NoUser(string name) => new(ErrorKind.NotFound, $"User with username={Shown(name)} not found");

    /// <summary>A user has this name.</summary>
    public static MlopsException UserTaken(string name) => new(ErrorKind.AlreadyExists, $"User (username={Shown(name)}) already exists.", "username");

    /// <summary>The user has no permission of their own on this.</summary>
    public static MlopsException NoPermission(string name, PermissionOn on) =>
        new(ErrorKind.NotFound, $"{Kind(on)} permission with {Field(on)}={on.Id} and username={Shown(name)} not found");

    /// <summary>The user has a permission of their own on this.</summary>
    public static MlopsException PermissionTaken(string name, PermissionOn on) =>
        new(ErrorKind.AlreadyExists, $"{Kind(on)} permission ({Field(on)}={on.Id}, username={Shown(name)}) already exists.");

    private static string Kind(PermissionOn on) => on.Kind.InWords() is var words ? char.ToUpperInvariant(words[0]) + words[1..] : "";

    private static string Field(PermissionOn on) => on.Kind == PermissionKind.Experiment ? "experiment_id" : "name";

    private static string Shown(string name) => name.Shorten(ShownCharactersMax);
}
