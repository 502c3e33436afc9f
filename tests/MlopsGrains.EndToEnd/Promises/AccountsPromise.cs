using System.Net;

namespace MlopsGrains.EndToEnd.Promises;

/// <summary>Users, their passwords and permissions are those of the last acknowledged change.</summary>
internal sealed class AccountsPromise : IPromise
{
    private const string OldPassword = "a password of theirs";
    private const string NewPassword = "another password of theirs";
    private const string Users = Caller.Mlflow + "users/";
    private const string Permissions = Caller.Mlflow + "experiments/permissions/";

    private string users = "";

    public async Task GiveAsync(Caller caller)
    {
        foreach (var username in (string[])["ada", "bob", "carl"])
        {
            await caller.DoAsync(Users + "create", new { username, password = OldPassword });
        }

        var experiment_id = await caller.NewExperimentAsync("guarded");
        await caller.DoAsync(Permissions + "create", new { experiment_id, username = "ada", permission = "READ" });
        await caller.DoAsync(Permissions + "update", new { experiment_id, username = "ada", permission = "EDIT" }, HttpMethod.Patch);
        await caller.DoAsync(Permissions + "create", new { experiment_id, username = "bob", permission = "MANAGE" });
        await caller.DoAsync(Permissions + "delete", new { experiment_id, username = "bob" }, HttpMethod.Delete);
        await caller.DoAsync(Users + "update-admin", new { username = "bob", is_admin = true }, HttpMethod.Patch);
        await caller.DoAsync(Users + "update-password", new { username = "ada", password = NewPassword }, HttpMethod.Patch);
        await caller.DoAsync(Users + "delete", new { username = "carl" }, HttpMethod.Delete);
        users = await ListAsync(caller);
        Assert.Contains("EDIT", users, StringComparison.Ordinal);
    }

    public async Task AssertKeptAsync(Caller caller)
    {
        Assert.Equal(users, await ListAsync(caller));
        Assert.Equal(HttpStatusCode.OK, await LogInAsync(caller, "ada", NewPassword));
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(caller, "ada", OldPassword));
        Assert.Equal(HttpStatusCode.Unauthorized, await LogInAsync(caller, "carl", OldPassword));
    }

    /// <summary>All but the administrator, who is given something all the time.</summary>
    private static async Task<string> ListAsync(Caller caller) =>
        string.Join('\n', (await caller.DoAsync(Users + "list"))["users"]!.AsArray().Where(u => (string)u!["username"]! != "root").Select(u => u!.ToJsonString()));

    private static async Task<HttpStatusCode> LogInAsync(Caller caller, string user, string password)
    {
        using var theirs = caller.As(user, password);
        return (await theirs.SendAsync(Caller.Mlflow + "experiments/get?experiment_id=0")).Status;
    }
}
