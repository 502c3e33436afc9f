using System.Globalization;
using MlopsGrains.Storage.Damage;

namespace MlopsGrains.Storage.Marks;

/// <summary>Holds a mark against what is stored. Pure.</summary>
internal static class MarkRules
{
    /// <summary>What of the acknowledged is not there.</summary>
    /// <param name="mark">Of this database.</param>
    /// <param name="stored">The stored version of each of the mark's names, 0 where there is none.</param>
    /// <param name="writes">How far the stored versions add up.</param>
    public static IReadOnlyList<StoredDamage> Missing(Mark mark, Func<MarkedVersion, long> stored, long writes)
    {
        var missing = new List<StoredDamage>();
        foreach (var one in mark.Heads.Select(head => new MarkedVersion(head.Stream, head.Version)).Concat(mark.Newest).DistinctBy(one => (one.Kind, one.Name)))
        {
            var version = stored(one);
            if (version < one.Version)
            {
                missing.Add(new StoredDamage(
                    one.Kind is null ? "stream" : "document",
                    one.Kind is null ? one.Name : $"{one.Kind}/{one.Name}",
                    string.Create(CultureInfo.InvariantCulture, $"version {version + 1} to {one.Version}"),
                    string.Create(CultureInfo.InvariantCulture, $"version {one.Version} was acknowledged before {mark.WrittenAt:yyyy-MM-dd HH:mm:ss}Z; the database ends at version {version}")));
            }
        }

        if (mark.Writes >= 0 && writes < mark.Writes)
        {
            missing.Insert(0, new StoredDamage(
                "database", "acknowledged writes", "",
                string.Create(CultureInfo.InvariantCulture, $"{mark.Writes} writes were acknowledged before {mark.WrittenAt:yyyy-MM-dd HH:mm:ss}Z; the database holds {writes}, {mark.Writes - writes} are lost")));
        }

        return missing;
    }
}
