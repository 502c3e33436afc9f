using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using MlopsGrains.Experiments;

namespace MlopsGrains.Client.Experiments.Context;

/// <summary>What a run records about the program that logs it. The commit is asked for once: a running program does not change its code.</summary>
/// <param name="directory">Where the repository is looked for; the working directory when <see langword="null"/>.</param>
internal sealed class ProgramContext(string? directory = null)
{
    private const int DiffBytesMax = 1 << 20;
    private const int AnswerBytesMax = 64 * 1024;
    private static readonly TimeSpan GitTimeout = TimeSpan.FromSeconds(5);

    private readonly Lazy<Task<IReadOnlyList<Tag>>> git = new(() => ReadGitAsync(directory));

    public async Task<IReadOnlyList<Tag>> TagsAsync(RunContext wanted, CancellationToken cancellationToken)
    {
        var tags = new List<Tag>();
        if (wanted.HasFlag(RunContext.CommandLine))
        {
            var arguments = Environment.GetCommandLineArgs();
            tags.Add(new Tag("mlflow.source.name", Path.GetFileName(arguments[0])));
            tags.Add(new Tag("mlflow.source.type", "LOCAL"));
            tags.Add(new Tag("mlops.commandLine", CommandLineSecrets.Mask(arguments)));
        }

        if (wanted.HasFlag(RunContext.Machine))
        {
            tags.Add(new Tag("mlops.machine", Environment.MachineName));
            tags.Add(new Tag("mlops.cores", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)));
            tags.Add(new Tag("mlops.os", $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}"));
            tags.Add(new Tag("mlops.runtime", RuntimeInformation.FrameworkDescription));
        }

        if (wanted.HasFlag(RunContext.Git))
        {
            tags.AddRange(await git.Value.WaitAsync(cancellationToken));
        }

        return tags;
    }

    /// <summary>Files to store with the run.</summary>
    public async IAsyncEnumerable<(string Path, byte[] Content)> FilesAsync(RunContext wanted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (wanted.HasFlag(RunContext.Packages) && Packages() is { Count: > 0 } packages)
        {
            yield return ("context/packages.json", JsonSerializer.SerializeToUtf8Bytes(packages));
        }

        if (wanted.HasFlag(RunContext.GitDiff)
            && await ToolProcess.ReadAsync("git", ["diff", "--no-color", "HEAD"], directory, DiffBytesMax, GitTimeout, cancellationToken) is { Text.Length: > 0 } diff)
        {
            yield return ("context/git.diff", Encoding.UTF8.GetBytes(diff.Cut ? $"{diff.Text}\n# cut after {DiffBytesMax} bytes\n" : diff.Text));
        }
    }

    /// <summary>The packages that the program was built with, as its <c>deps.json</c> lists them.</summary>
    internal static SortedDictionary<string, string> Packages()
    {
        var packages = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var path in (AppContext.GetData("APP_CONTEXT_DEPS_FILES") as string ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Where(File.Exists))
        {
            using var content = File.OpenRead(path);
            using var deps = JsonDocument.Parse(content);
            foreach (var library in deps.RootElement.TryGetProperty("libraries", out var libraries) ? libraries.EnumerateObject() : default)
            {
                if (library.Value.TryGetProperty("type", out var type) && type.GetString() == "package" && library.Name.Split('/') is [var name, var version])
                {
                    packages[name] = version;
                }
            }
        }

        return packages;
    }

    private static async Task<IReadOnlyList<Tag>> ReadGitAsync(string? directory)
    {
        var tags = new List<Tag>();
        (string Tag, string[] Question)[] questions =
        [
            ("mlflow.source.git.commit", ["rev-parse", "HEAD"]),
            ("mlflow.source.git.branch", ["rev-parse", "--abbrev-ref", "HEAD"]),
            ("mlflow.source.git.repoURL", ["remote", "get-url", "origin"]),
        ];
        foreach (var (tag, question) in questions)
        {
            var answer = await ToolProcess.ReadAsync("git", question, directory, AnswerBytesMax, GitTimeout, CancellationToken.None);
            if (answer?.Text.Trim() is { Length: > 0 } text)
            {
                tags.Add(new Tag(tag, CommandLineSecrets.WithoutCredentials(text)));
            }
        }

        return tags;
    }
}
