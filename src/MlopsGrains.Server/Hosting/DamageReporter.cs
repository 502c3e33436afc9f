using MlopsGrains.Storage.Damage;
using Orleans.Providers;

namespace MlopsGrains.Server.Hosting;

/// <summary>Tells what this silo has found damaged to whoever asks all silos for it.</summary>
internal sealed class DamageReporter(DamageList damage) : IControllable
{
    public const string Name = "storage-damage";

    public Task<object?> ExecuteCommand(int command, object? arg) =>
        Task.FromResult<object?>(damage.Items.SelectMany(one => (string[])[one.Place, one.Name, one.Entry, one.Reason]).ToArray());

    /// <summary>What any silo has found since it started, each thing once.</summary>
    public static async Task<IReadOnlyList<StoredDamage>> OfAllSilos(IGrainFactory grains)
    {
        var told = await grains.GetGrain<IManagementGrain>(0).SendControlCommandToProvider<DamageReporter>(Name, 0, null);
        return [.. told.OfType<string[]>().SelectMany(texts => texts.Chunk(4)).Select(t => new StoredDamage(t[0], t[1], t[2], t[3])).DistinctBy(one => one.Key).OrderBy(one => one.Key, StringComparer.Ordinal)];
    }
}
