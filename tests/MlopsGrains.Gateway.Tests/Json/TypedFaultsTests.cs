using System.Text.Json;
using MlopsGrains.Deployments;
using MlopsGrains.Experiments;
using MlopsGrains.Gateway.Json;
using MlopsGrains.Models;
using MlopsGrains.Monitoring;

namespace MlopsGrains.Gateway.Tests.Json;

/// <summary>What does not fit a message's type is told in the words of the reader, by its path.</summary>
public sealed class TypedFaultsTests
{
    [Theory]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","windowRows":"many"}""", "windowRows", "expected a whole number of 32 bits")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","windowRows":1.5}""", "windowRows", "expected a whole number of 32 bits")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","alpha":"0.1"}""", "alpha", "expected a finite number")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","features":{}}""", "features", "expected an array")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","features":["a",7]}""", "features[1]", "expected text")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","colour":1}""", "colour", "Unknown field 'colour'; expected one of referenceDigest")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","referenceDigest":"y"}""", "referenceDigest", "given twice")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":null}""", "referenceDigest", "Missing value")]
    [InlineData(typeof(MonitorRules), "{}", "referenceDigest", "Missing value")]
    [InlineData(typeof(NewModelVersion), """{"format":"mlnet","blob":{"digest":"x"},"signature":{},"lineage":{},"metrics":{}}""", "blob.length", "Missing value")]
    [InlineData(typeof(RunUpdate), """{"status":"finnished"}""", "status", "expected one of running, scheduled")]
    [InlineData(typeof(TrafficShare[]), """[{"revision":1,"percent":100},{"revision":true,"percent":0}]""", "[1].revision", "expected a whole number")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","windowRows":NaN}""", "windowRows", "it is not JSON (line 1")]
    [InlineData(typeof(MonitorRules), """{"referenceDigest":"x","windowRows":[{""", "windowRows", "expected a whole number")]
    [InlineData(typeof(MonitorRules), "[]", "body", "not the expected JSON")]
    [InlineData(typeof(MonitorRules), "{", "body", "not the expected JSON")]
    public void Fault_NamesItsPathAndTheRule(Type type, string json, string field, string words)
    {
        var refusal = TypedFaults.Of(Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize(json, type, NativeJson.Options)));

        Assert.Equal(field, refusal.Field);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("MlopsGrains.", refusal.Message, StringComparison.Ordinal);
    }
}
