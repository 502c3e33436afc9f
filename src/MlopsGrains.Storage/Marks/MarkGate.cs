using System.Security.Cryptography;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Storage.Marks;

/// <summary>What the gate asks of a database.</summary>
internal interface IMarkedStore
{
    /// <summary>For messages; no secret.</summary>
    string Name { get; }

    Task<string> StoreIdAsync(CancellationToken cancellationToken);

    /// <summary>How far the versions of everything add up; -1 where that is not asked for.</summary>
    Task<long> WritesAsync(CancellationToken cancellationToken);

    Task<bool> IsEmptyAsync(CancellationToken cancellationToken);

    /// <summary>0 when there is none.</summary>
    Task<long> VersionAsync(MarkedVersion name, CancellationToken cancellationToken);

    /// <summary>The newest entry of a stream when it is of that version.</summary>
    Task<byte[]?> NewestAsync(string stream, long version, CancellationToken cancellationToken);
}

/// <summary>Compares a database with its marks.</summary>
internal static class MarkGate
{
    private const int NamedMax = 5;

    /// <summary>Lets a database pass that holds what its marks say, or refuses it.</summary>
    /// <returns>The streams that the marks keep in mind.</returns>
    /// <exception cref="StorageRefusedException">It does not, and <paramref name="acceptLoss"/> is not given.</exception>
    public static async Task<IReadOnlyList<MarkedHead>> PassAsync(
        MarkFolder folder, IMarkedStore store, DamageList damage, bool acceptLoss, string? evidence, CancellationToken cancellationToken)
    {
        var result = await CompareAsync(folder, store, damage, cancellationToken);
        if (result.Missing.Count == 0 && !result.IsForeign)
        {
            return result.Heads;
        }

        if (!acceptLoss)
        {
            throw new StorageRefusedException(Refusal(folder, store, result, evidence));
        }

        damage.Report(result.Missing);
        folder.PutAside();
        return [];
    }

    /// <summary>Reads the marks and holds them against the database; what is other than it should be, but not older, is reported.</summary>
    public static async Task<Comparison> CompareAsync(MarkFolder folder, IMarkedStore store, DamageList damage, CancellationToken cancellationToken)
    {
        var marks = folder.Read(damage).Select(read => read.Mark).ToList();
        if (marks.Count == 0)
        {
            return new Comparison([], [], false);
        }

        var id = await store.StoreIdAsync(cancellationToken);
        var own = marks.Where(mark => mark.Store == id).ToList();
        if (own.Count == 0)
        {
            return new Comparison([], [], await store.IsEmptyAsync(cancellationToken));
        }

        var versions = new Dictionary<(string?, string), long>();
        foreach (var name in own.SelectMany(mark => mark.Newest.Concat(mark.Heads.Select(head => new MarkedVersion(head.Stream, head.Version)))))
        {
            if (!versions.ContainsKey((name.Kind, name.Name)))
            {
                versions[(name.Kind, name.Name)] = await store.VersionAsync(name, cancellationToken);
            }
        }

        var writes = await store.WritesAsync(cancellationToken);
        var heads = own.SelectMany(mark => mark.Heads).GroupBy(head => head.Stream, StringComparer.Ordinal).Select(same => same.MaxBy(head => head.Version)!).ToList();
        foreach (var head in heads)
        {
            if (await store.NewestAsync(head.Stream, head.Version, cancellationToken) is { } newest && Convert.ToHexStringLower(SHA256.HashData(newest)) is var found && found != head.Sha256)
            {
                damage.Report(new StoredDamage("stream", head.Stream, $"version {head.Version}", $"its newest entry has the digest {found}; {head.Sha256} was acknowledged"));
            }
        }

        return new Comparison([.. own.SelectMany(mark => MarkRules.Missing(mark, name => versions[(name.Kind, name.Name)], writes)).DistinctBy(one => one.Key)], heads, false);
    }

    private static string Refusal(MarkFolder folder, IMarkedStore store, Comparison result, string? evidence)
    {
        var lines = result.IsForeign
            ? [$"The database {store.Name} is empty, but the marks in {folder.Path} tell of another one that was used with these blobs."]
            : new List<string> { $"The database {store.Name} is older than what was acknowledged from it, as the marks in {folder.Path} say:" };
        lines.AddRange(result.Missing.Take(NamedMax).Select(one => $"- {one}"));
        if (result.Missing.Count > NamedMax)
        {
            lines.Add($"- and {result.Missing.Count - NamedMax} more");
        }

        if (evidence is not null)
        {
            lines.Add(evidence);
        }

        lines.Add("It was damaged, or an older copy was put in its place. Restore a backup (storage restore), or start once with --accept-loss to go on without what is lost.");
        return string.Join(Environment.NewLine, lines);
    }

    /// <param name="Missing">Acknowledged, and not there.</param>
    /// <param name="Heads">What the marks keep in mind.</param>
    /// <param name="IsForeign">Whether all marks are another database's, and this one is empty.</param>
    internal sealed record Comparison(IReadOnlyList<StoredDamage> Missing, IReadOnlyList<MarkedHead> Heads, bool IsForeign);
}
