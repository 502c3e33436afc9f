using System.Text.Json;
using MlopsGrains.Algorithms.Monitoring;

namespace MlopsGrains.Algorithms.Tests.Monitoring;

public sealed class StreamDetectorVectorTests
{
    private const string File = "drift-stream-vectors.json";

    public static TheoryData<string> Cases => Vectors.Ids(File, _ => true);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Detectors_FireWhereTheVectorSays(string id)
    {
        var one = Vectors.Case(File, id);
        var values = one.GetProperty("values").Doubles();
        foreach (var expected in one.GetProperty("expected").EnumerateObject())
        {
            switch (expected.Name)
            {
                case "ddm_default":
                    Assert.Equal(expected.Value.EnumerateArray().Select(e => (e.GetProperty("i").GetInt32(), e.GetProperty("event").GetString()!)), Ddm(values));
                    break;
                case "adwin_default_reset_after_hit":
                    Assert.Equal(expected.Value.Ints(), Adwin(values, new AdaptiveWindow(resetAfterChange: true)));
                    break;
                case "adwin_default_keep_window":
                    var window = new AdaptiveWindow();
                    Assert.Equal(expected.Value.GetProperty("hits").Ints(), Adwin(values, window));
                    Assert.Equal(expected.Value.GetProperty("final_width").GetInt64(), window.Width);
                    Vectors.Same(expected.Value.GetProperty("final_mean"), window.Mean, what: "mean");
                    Vectors.Same(expected.Value.GetProperty("final_variance"), window.Variance, what: "variance");
                    break;
                case var name when name.StartsWith("page_hinkley", StringComparison.Ordinal):
                    var hits = expected.Value.ValueKind == JsonValueKind.Array ? expected.Value : expected.Value.GetProperty("hits");
                    Assert.Equal(hits.Ints(), PageHinkleyHits(values, Options(name, expected.Value)));
                    break;
                default:
                    Assert.Fail($"The vector has {expected.Name}, which nothing here runs.");
                    break;
            }
        }
    }

    [Fact]
    public void Window_RefusesWhatItCannotAverage() =>
        Assert.Throws<ArgumentOutOfRangeException>("value", () => new AdaptiveWindow().Add(double.NaN));

    private static PageHinkleyOptions Options(string name, JsonElement settings)
    {
        var options = new PageHinkleyOptions(
            RiverForm: name.Contains("river", StringComparison.Ordinal),
            Direction: name[(name.LastIndexOf('_') + 1)..] switch { "up" => ChangeDirection.Up, "down" => ChangeDirection.Down, _ => ChangeDirection.Both });
        return settings.ValueKind == JsonValueKind.Array ? options : options with
        {
            Threshold = settings.GetProperty("threshold").GetDouble(),
            Delta = settings.GetProperty("delta").GetDouble(),
            Alpha = settings.GetProperty("alpha").GetDouble(),
            MinCount = settings.GetProperty("min_instances").GetInt32(),
        };
    }

    private static List<int> PageHinkleyHits(double[] values, PageHinkleyOptions options)
    {
        var (state, hits) = (PageHinkley.Initial, new List<int>());
        for (var i = 0; i < values.Length; i++)
        {
            (state, var changed) = state.Next(values[i], options);
            if (changed)
            {
                hits.Add(i);
            }
        }

        return hits;
    }

    private static List<int> Adwin(double[] values, AdaptiveWindow window) =>
        [.. Enumerable.Range(0, values.Length).Where(i => window.Add(values[i]))];

    private static List<(int, string)> Ddm(double[] values)
    {
        var (state, warned, events) = (DriftDetectionMethod.Initial, false, new List<(int, string)>());
        for (var i = 0; i < values.Length; i++)
        {
            (state, var level) = state.Next(values[i] > 0.5);
            if (level == DetectionLevel.Drift)
            {
                events.Add((i, "drift"));
            }
            else if (level == DetectionLevel.Warning != warned)
            {
                events.Add((i, warned ? "warning_end" : "warning_begin"));
            }

            warned = level == DetectionLevel.Warning;
        }

        return events;
    }
}
