using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace MlopsGrains.Settings;

/// <summary>Collects what is wrong with the settings of a section, in one form: <c>Section:Name is 0; expected 1–100.</c></summary>
/// <param name="section">The beginning of every key.</param>
public sealed class SettingFaults(string section) : IEnumerable<string>
{
    private readonly List<string> faults = [];

    /// <summary>A number from <paramref name="min"/> to <paramref name="max"/>. The name is the expression that is given.</summary>
    public SettingFaults Range(long value, long min, long max = long.MaxValue, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Check(value >= min && value <= max, name, value, max == long.MaxValue ? $"{min} or more" : $"{min}–{max}");

    /// <summary>A time from <paramref name="min"/> to <paramref name="max"/>. The name is the expression that is given.</summary>
    public SettingFaults Range(TimeSpan value, TimeSpan min, TimeSpan max, [CallerArgumentExpression(nameof(value))] string name = "") =>
        Check(value >= min && value <= max, name, value, $"{Text(min)}–{Text(max)}");

    /// <summary>One of an enumeration's names.</summary>
    public SettingFaults Named<T>(T value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct, Enum =>
        Check(Enum.IsDefined(value), name, value, string.Join(", ", Enum.GetNames<T>()));

    /// <summary>A rule of another kind.</summary>
    /// <param name="holds">Whether it is kept.</param>
    /// <param name="name">The setting.</param>
    /// <param name="value">What came; a secret is not given here.</param>
    /// <param name="expected">What may come.</param>
    public SettingFaults Check(bool holds, string name, object value, string expected) =>
        Must(holds, name, string.Create(CultureInfo.InvariantCulture, $"is {value}; expected {expected}"));

    /// <summary>A rule whose sentence goes on after the key: <c>must have 12 to 1024 characters</c>.</summary>
    public SettingFaults Must(bool holds, string name, string words)
    {
        if (!holds)
        {
            faults.Add($"{section}:{name} {words}.");
        }

        return this;
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => faults.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static string Text(TimeSpan time) => time switch
    {
        { Ticks: 0 } => "0",
        { TotalDays: >= 1 } when time.Ticks % TimeSpan.TicksPerDay == 0 => $"{time.Days} d",
        { TotalHours: >= 1 } when time.Ticks % TimeSpan.TicksPerHour == 0 => $"{(int)time.TotalHours} h",
        { TotalMinutes: >= 1 } when time.Ticks % TimeSpan.TicksPerMinute == 0 => $"{(int)time.TotalMinutes} min",
        { TotalSeconds: >= 1 } => $"{(int)time.TotalSeconds} s",
        _ => $"{(int)time.TotalMilliseconds} ms",
    };
}
