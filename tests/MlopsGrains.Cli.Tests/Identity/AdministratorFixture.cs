using Microsoft.AspNetCore.Builder;
using MlopsGrains.Testing;

namespace MlopsGrains.Cli.Tests.Identity;

/// <summary>The real platform with users.</summary>
public sealed class AdministratorFixture : IAsyncLifetime
{
    public const string Name = "root";
    public const string Password = "a long enough password";

    private readonly TempDirectory directory = new();
    private WebApplication? app;

    public string Address => app!.Urls.First();

    public async ValueTask InitializeAsync() => app = await ServerFixture.StartAsync(directory.Path, b =>
    {
        b.Configuration["Authentication:Administrator:Name"] = Name;
        b.Configuration["Authentication:Administrator:Password"] = Password;
    });

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        directory.Dispose();
    }
}
