using System.Net.Http.Json;
using System.Text.Json;
using MlopsGrains.Models;
using MlopsGrains.Testing;

namespace MlopsGrains.Gateway.Tests.Deployments;

/// <summary>A tiny iris model, uploaded, registered and deployed through the native API.</summary>
internal static class Deployed
{
    private static readonly SemaphoreSlim Gate = new(1);
    private static string? iris;

    /// <summary>One deployment for all tests that only read it.</summary>
    public static async Task<string> Iris(ServerFixture server)
    {
        await Gate.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return iris ??= await New(server, "iris-shared");
        }
        finally
        {
            Gate.Release();
        }
    }

    public static Task<string> New(ServerFixture server, string name, object? lineage = null) => New(server, name, TinyModels.Iris(), lineage);

    public static async Task<string> New(ServerFixture server, string name, (byte[] File, ModelSignature Signature) model, object? lineage = null)
    {
        var (file, signature) = model;
        var blob = await Send(server, HttpMethod.Post, "/api/v1/blobs", new ByteArrayContent(file));
        var version = new { format = "mlnet", blob, signature, lineage = lineage ?? new { }, metrics = new { accuracy = 0.97 } };
        await Send(server, HttpMethod.Post, $"/api/v1/models/{name}/versions", JsonContent.Create(version));
        await Send(server, HttpMethod.Put, $"/api/v1/deployments/{name}", JsonContent.Create(new { model = name, version = "latest" }));
        return name;
    }

    public static Task<JsonElement> Send(ServerFixture server, HttpMethod method, string path, HttpContent? content = null) => Send(server.Http, method, path, content);

    public static async Task<JsonElement> Send(HttpClient http, HttpMethod method, string path, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path}: {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}
