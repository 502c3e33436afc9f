namespace MlopsGrains.Settings;

/// <summary>What a section of the configuration is read into.</summary>
public interface ISettings
{
    /// <summary>The section's name.</summary>
    static abstract string Section { get; }

    /// <summary>Everything wrong with the settings, each naming its configuration key (<see cref="SettingFaults"/>); empty when there is nothing.</summary>
    IEnumerable<string> Faults();
}
