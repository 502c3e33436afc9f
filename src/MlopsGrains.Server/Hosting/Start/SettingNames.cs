using System.Collections;
using System.Reflection;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Grains;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Grains.Models;
using MlopsGrains.Grains.Pipelines;
using MlopsGrains.Grains.Quotas;
using MlopsGrains.Grains.Webhooks;
using MlopsGrains.Server.Hosting.Cluster;
using MlopsGrains.Settings;
using Orleans.Configuration;
using GatewayOptions = MlopsGrains.Gateway.Http.GatewayOptions;

namespace MlopsGrains.Server.Hosting.Start;

/// <summary>
/// The names of all settings. A variable that begins with <c>MLOPS_</c> and names none would change nothing without a word: a misspelt key would leave the server
/// without authentication.
/// </summary>
public static class SettingNames
{
    public const string Prefix = "MLOPS_";

    /// <summary>The largest number of letters by which a misspelt name differs from the one that was meant.</summary>
    private const int TyposMax = 2;

    /// <summary>Sections that belong to the framework and hold what they like.</summary>
    private static readonly string[] Open = ["Logging", "Kestrel"];

    /// <summary>The sections of the configuration, and what each is read into.</summary>
    public static IReadOnlyDictionary<string, Type> Sections { get; } = new Dictionary<string, Type>(
        [
            Of<AuthenticationOptions>(),
            Of<ClusterSecurityOptions>(),
            Of<GatewayOptions>(),
            Of<HeartbeatOptions>(),
            Of<IdleMemoryOptions>(),
            Of<ModelFileOptions>(),
            Of<ModelHostOptions>(),
            Of<PipelineOptions>(),
            Of<QuotaOptions>(),
            Of<RetentionOptions>(),
            Of<WebhookOptions>(),
            new("GrainCollection", typeof(GrainCollectionOptions)),
            new("Membership", typeof(ClusterMembershipOptions)),
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>What is wrong with the names of environment variables; <paramref name="options"/> are the command line's, as variables name them.</summary>
    public static IEnumerable<string> Faults(IEnumerable<string> variables, IReadOnlyCollection<string> options) =>
        variables.Where(v => v.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .Select(v => Fault(v, v[Prefix.Length..].Split("__"), options))
            .OfType<string>();

    private static KeyValuePair<string, Type> Of<T>()
        where T : ISettings => new(T.Section, typeof(T));

    private static string? Fault(string variable, string[] parts, IReadOnlyCollection<string> options)
    {
        if (Open.Contains(parts[0], StringComparer.OrdinalIgnoreCase))
        {
            return null;
        }

        if (parts.Length == 1)
        {
            // Other programs have variables of this prefix too, so only what is nearly a name counts as a mistake.
            return !options.Contains(parts[0], StringComparer.OrdinalIgnoreCase) && Nearest(parts[0], options) is { } option ? Misspelt(variable, [option]) : null;
        }

        if (!Sections.TryGetValue(parts[0], out var type))
        {
            return Misspelt(variable, Nearest(parts[0], Sections.Keys) is { } section ? [section, .. parts[1..]] : null);
        }

        for (var i = 1; i < parts.Length; i++)
        {
            if (ItemOf(type) is { } item)
            {
                type = item;
                continue;
            }

            var members = type.GetProperties(BindingFlags.Public | BindingFlags.Instance);
            if (members.FirstOrDefault(m => m.Name.Equals(parts[i], StringComparison.OrdinalIgnoreCase)) is not { } member)
            {
                return Misspelt(variable, Nearest(parts[i], members.Select(m => m.Name)) is { } near ? [.. parts[..i], near, .. parts[(i + 1)..]] : null);
            }

            type = member.PropertyType;
        }

        return null;
    }

    private static string Misspelt(string variable, string[]? meant) =>
        $"{variable} names no setting{(meant is null ? "" : $"; did you mean {Prefix}{string.Join("__", meant)}?")}{(meant is null ? "." : "")}";

    private static Type? ItemOf(Type type) =>
        type != typeof(string) && type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type) ? type.GetGenericArguments()[^1] : null;

    private static string? Nearest(string word, IEnumerable<string> names) =>
        names.Select(n => (Name: n, Typos: Typos(word.ToUpperInvariant(), n.ToUpperInvariant()))).Where(n => n.Typos <= TyposMax).OrderBy(n => n.Typos).Select(n => n.Name).FirstOrDefault();

    /// <summary>Letters to put in, take out or change: Levenshtein's distance.</summary>
    private static int Typos(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
