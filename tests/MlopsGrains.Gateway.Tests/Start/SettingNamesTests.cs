using System.Globalization;
using System.Reflection;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Server.Hosting.Start;
using MlopsGrains.Settings;

namespace MlopsGrains.Gateway.Tests.Start;

public sealed class SettingNamesTests
{
    [Theory]
    [InlineData("MLOPS_Gateway__PublicUrl", null)]
    [InlineData("MLOPS_GATEWAY__PUBLICURL", null)]
    [InlineData("MLOPS_Gateway__AllowedHosts__0", null)]
    [InlineData("MLOPS_Authentication__ApiKeys__0__KeySha256", null)]
    [InlineData("MLOPS_Authentication__ApiKeys__0__KeySha25", "MLOPS_Authentication__ApiKeys__0__KeySha256")]
    [InlineData("MLOPS_Authentication__Adminstrator__Name", "MLOPS_Authentication__Administrator__Name")]
    [InlineData("MLOPS_Retenton__Period", "MLOPS_Retention__Period")]
    [InlineData("MLOPS_Logging__LogLevel__Default", null)]
    [InlineData("MLOPS_Data", null)]
    [InlineData("MLOPS_Dta", "MLOPS_Data")]
    [InlineData("MLOPS_SERVER", null)]
    [InlineData("MLOPS_API_KEY", null)]
    [InlineData("PATH", null)]
    public void Variable_ThatIsNearlyASetting_IsRefused(string variable, string? meant) =>
        Assert.Equal(meant is null ? [] : [$"{variable} names no setting; did you mean {meant}?"], SettingNames.Faults([variable], ["Data", "Urls", "Role"]));

    [Fact]
    public void Variable_OfAnUnknownSection_IsRefused() =>
        Assert.Equal(["MLOPS_Something__Else names no setting."], SettingNames.Faults(["MLOPS_Something__Else"], []));

    /// <summary>Options that say which section they are read from, of every assembly of the platform.</summary>
    [Fact]
    public void EverySection_IsKnown()
    {
        var sections = new[] { typeof(GatewayOptions), typeof(Grains.GrainsRegistration), typeof(SettingNames) }
            .SelectMany(t => t.Assembly.GetTypes())
            .Where(t => t.Name.EndsWith("Options", StringComparison.Ordinal))
            .Select(t => t.GetField("Section", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue() as string)
            .OfType<string>()
            .ToList();

        Assert.True(sections.Count > 4);
        Assert.Empty(sections.Except(SettingNames.Sections.Keys));
    }

    public static TheoryData<Type, string> Limited =>
        [.. from type in SettingNames.Sections.Values
            where type.IsAssignableTo(typeof(ISettings))
            from property in type.GetProperties()
            where property.CanWrite && (property.PropertyType == typeof(int) || property.PropertyType == typeof(long) || property.PropertyType == typeof(TimeSpan) || property.PropertyType.IsEnum)
            select (type, property.Name)];

    [Theory]
    [MemberData(nameof(Limited))]
    public void Setting_HasALimit_AndItsFaultNamesItsKey(Type type, string name)
    {
        var settings = Activator.CreateInstance(type)!;
        Assert.Empty(((ISettings)settings).Faults());
        var property = type.GetProperty(name)!;
        property.SetValue(settings, property.PropertyType == typeof(TimeSpan) ? TimeSpan.FromTicks(-1) : property.PropertyType.IsEnum ? Enum.ToObject(property.PropertyType, -1) : Convert.ChangeType(-1, property.PropertyType, CultureInfo.InvariantCulture));

        var section = SettingNames.Sections.Single(s => s.Value == type).Key;

        Assert.Contains(((ISettings)settings).Faults(), f => f.StartsWith($"{section}:{name} ", StringComparison.Ordinal));
    }
}
