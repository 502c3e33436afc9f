using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.Idempotency;
using MlopsGrains.Gateway.Mlflow;
using MlopsGrains.Gateway.OpenApi;
using MlopsGrains.Identity;

namespace MlopsGrains.Gateway.Identity;

/// <summary>MLflow's methods of users and permissions. They exist where an administrator is configured.</summary>
internal static class MlflowUserEndpoints
{
    private const string Example =
        """{"id":7,"username":"ada","is_admin":false,"experiment_permissions":[{"experiment_id":"1","user_id":7,"permission":"EDIT"}],"registered_model_permissions":[{"name":"iris","user_id":7,"permission":"READ"}]}""";

    private static readonly Dictionary<string, PermissionLevel> Levels = new()
    {
        ["READ"] = PermissionLevel.Read,
        ["USE"] = PermissionLevel.Use,
        ["EDIT"] = PermissionLevel.Edit,
        ["MANAGE"] = PermissionLevel.Manage,
        ["NO_PERMISSIONS"] = PermissionLevel.None,
    };

    public static void MapMlflowUsers(this IEndpointRouteBuilder endpoints)
    {
        if (endpoints.ServiceProvider.GetRequiredService<IOptions<AuthenticationOptions>>().Value.Administrator is null)
        {
            return;
        }

        endpoints = endpoints.MapGroup("").WithTags("MLflow users");
        const string Users = "/mlflow/users/";
        endpoints.MapMlflowMethod("POST", Users + "create", Create).CreatesOnce(knownByKey: true).RequiresAdministrator()
            .Describe("Creates a user.", """{"username!":"ada","password!":"correct horse battery"}""", gives: $$"""{"user":{{Example}}}""");
        endpoints.MapMlflowMethod("GET", Users + "get", Get).RequiresSelf("username")
            .Describe("A user with the permissions given.", """{"username!":"ada"}""", gives: $$"""{"user":{{Example}}}""");
        endpoints.MapMlflowMethod("GET", Users + "list", List).RequiresAdministrator()
            .Describe("All users.", gives: $$"""{"users":[{{Example}}]}""");
        endpoints.MapMlflowMethod("PATCH", Users + "update-password", UpdatePassword).RequiresSelf("username")
            .Describe(
                "Sets a user's password: 12 to 1,024 characters. Who is not an administrator says the current one too.",
                """{"username!":"ada","password!":"correct horse battery staple","current_password":"correct horse battery"}""");
        endpoints.MapMlflowMethod("PATCH", Users + "update-admin", UpdateAdmin).RequiresAdministrator()
            .Describe("Makes a user an administrator, or not one any more.", """{"username!":"ada","is_admin!":false}""");
        endpoints.MapMlflowMethod("DELETE", Users + "delete", Delete).RequiresAdministrator()
            .Describe("Removes a user.", """{"username!":"ada"}""");
        MapPermissions(endpoints, "/mlflow/experiments/permissions/", PermissionKind.Experiment, "experiment_permission", "experiment_id");
        MapPermissions(endpoints, "/mlflow/registered-models/permissions/", PermissionKind.RegisteredModel, "registered_model_permission", "name");
    }

    private static void MapPermissions(IEndpointRouteBuilder endpoints, string root, PermissionKind kind, string message, string field)
    {
        var target = kind == PermissionKind.Experiment ? AccessTarget.Experiment : AccessTarget.RegisteredModel;
        var example = kind == PermissionKind.Experiment ? "1" : "iris";
        var on = $$"""{"{{field}}!":"{{example}}","username!":"ada"}""";
        var level = $$"""{"{{field}}!":"{{example}}","username!":"ada","permission!":"EDIT"}""";
        var given = $$$"""{"{{{message}}}":{"{{{field}}}":"{{{example}}}","user_id":7,"permission":"EDIT"}}""";
        PermissionOn On(MlflowCall call) => new(kind, call.Request.Name(field) ?? throw MlopsException.Missing(field));
        endpoints.MapMlflowMethod("POST", root + "create", async call =>
        {
            var (place, name, granted) = (On(call), Name(call), Level(call));
            var user = await Accounts(call).Grant(name, place, granted, call.Aborted);
            await call.Answer(json => WritePermission(json, message, field, user, new Permission(place, granted)));
        }).CreatesOnce().Requires(PermissionLevel.Manage, target, field).Describe("Gives a user a permission: READ, USE, EDIT, MANAGE or NO_PERMISSIONS.", level, given);
        endpoints.MapMlflowMethod("GET", root + "get", async call =>
        {
            var (place, name) = (On(call), Name(call));
            var user = await Accounts(call).GetUser(name, call.Aborted);
            var permission = user.Permissions.FirstOrDefault(p => p.On == place) ?? throw UserErrors.NoPermission(name, place);
            await call.Answer(json => WritePermission(json, message, field, user.Id, permission));
        }).Requires(PermissionLevel.Manage, target, field).Describe("The permission that a user was given.", on, given);
        endpoints.MapMlflowMethod("PATCH", root + "update", async call =>
        {
            await Accounts(call).ChangeGrant(Name(call), On(call), Level(call), call.Aborted);
            await call.Done();
        }).Requires(PermissionLevel.Manage, target, field).Describe("Changes a permission.", level);
        endpoints.MapMlflowMethod("DELETE", root + "delete", async call =>
        {
            await Accounts(call).Revoke(Name(call), On(call), call.Aborted);
            await call.Done();
        }).Requires(PermissionLevel.Manage, target, field).Describe("Takes a permission away.", on);
    }

    private static async Task Create(MlflowCall call)
    {
        var name = Name(call);
        var password = UserLimits.CheckPassword("password", call.Request.Required("password"));
        await Answer(call, await Accounts(call).CreateUser(name, await Task.Run(() => Passwords.Hash(password), call.Aborted), call.Aborted));
    }

    private static async Task Get(MlflowCall call) => await Answer(call, await Accounts(call).GetUser(Name(call), call.Aborted));

    private static async Task List(MlflowCall call)
    {
        var users = await Accounts(call).ListUsers(call.Aborted);
        await call.Answer(json =>
        {
            json.WriteStartArray("users");
            foreach (var user in users)
            {
                WriteUser(json, user);
            }

            json.WriteEndArray();
        });
    }

    private static async Task UpdatePassword(MlflowCall call)
    {
        var name = Name(call);
        var password = UserLimits.CheckPassword("password", call.Request.Required("password"));
        await RequireCurrentPassword(call, name);
        await Accounts(call).SetPassword(name, await Task.Run(() => Passwords.Hash(password), call.Aborted), call.Aborted);
        await call.Done();
    }

    /// <summary>Whoever finds a browser or a client signed in must not keep its user out of it. Administrators set what somebody has forgotten.</summary>
    private static async Task RequireCurrentPassword(MlflowCall call, string name)
    {
        if (call.Context.Features.Get<Caller>() is not { MayAll: false })
        {
            return;
        }

        const string Field = "current_password";
        var header = BasicCredentials.Write(name, call.Request.Required(Field));
        var (user, wait) = await call.Context.RequestServices.GetRequiredService<UserPasswords>().FindAsync(header, call.Context.Connection.RemoteIpAddress, call.Aborted);
        if (wait is { } some)
        {
            throw AuthenticationMiddleware.TooManyGuesses(call.Context, some);
        }

        if (user is null)
        {
            throw MlopsException.Invalid(Field, $"{Field} is not the password of '{name}'.");
        }
    }

    private static async Task UpdateAdmin(MlflowCall call)
    {
        await Accounts(call).SetAdministrator(Name(call), call.Request.Bool("is_admin") ?? throw MlopsException.Missing("is_admin"), call.Aborted);
        await call.Done();
    }

    private static async Task Delete(MlflowCall call)
    {
        await Accounts(call).DeleteUser(Name(call), call.Aborted);
        await call.Done();
    }

    private static string Name(MlflowCall call) => call.Request.Required("username");

    private static PermissionLevel Level(MlflowCall call)
    {
        var text = call.Request.Required("permission");
        return Levels.TryGetValue(text, out var level) ? level : throw MlopsException.Invalid("permission", $"Invalid permission '{text}'. Valid permissions are: {string.Join(", ", Levels.Keys)}");
    }

    private static IAccountsGrain Accounts(MlflowCall call) => call.Grains.GetGrain<IAccountsGrain>(IAccountsGrain.Main);

    private static Task Answer(MlflowCall call, UserAccount user) => call.Answer(json =>
    {
        json.WritePropertyName("user");
        WriteUser(json, user);
    });

    private static void WriteUser(Utf8JsonWriter json, UserAccount user)
    {
        json.WriteStartObject();
        json.WriteNumber("id", user.Id);
        json.WriteString("username", user.Name);
        json.WriteBoolean("is_admin", user.IsAdministrator);
        WritePermissions(json, "experiment_permissions", "experiment_id", user, PermissionKind.Experiment);
        WritePermissions(json, "registered_model_permissions", "name", user, PermissionKind.RegisteredModel);

        // There are no scorers to permit, but the client reads the list without asking whether it is there.
        json.WriteStartArray("scorer_permissions");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePermissions(Utf8JsonWriter json, string list, string field, UserAccount user, PermissionKind kind)
    {
        json.WriteStartArray(list);
        foreach (var permission in user.Permissions.Where(p => p.On.Kind == kind))
        {
            WritePermission(json, null, field, user.Id, permission);
        }

        json.WriteEndArray();
    }

    private static void WritePermission(Utf8JsonWriter json, string? message, string field, long userId, Permission permission)
    {
        if (message is not null)
        {
            json.WritePropertyName(message);
        }

        json.WriteStartObject();
        json.WriteString(field, permission.On.Id);
        json.WriteNumber("user_id", userId);
        json.WriteString("permission", Levels.First(l => l.Value == permission.Level).Key);
        json.WriteEndObject();
    }
}
