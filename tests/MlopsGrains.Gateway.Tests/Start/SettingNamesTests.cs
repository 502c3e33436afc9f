using System.Reflection;
using MlopsGrains.Gateway.Http;
using MlopsGrains.Server.Hosting.Start;

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
}
