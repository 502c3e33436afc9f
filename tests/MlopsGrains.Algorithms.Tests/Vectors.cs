using System.Globalization;
using System.Text.Json;

namespace MlopsGrains.Algorithms.Tests;

/// <summary>Reads the reference files; a case is found by its id.</summary>
internal static class Vectors
{
    public static JsonElement File(string name) =>
        JsonDocument.Parse(System.IO.File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "testdata", name))).RootElement;

    public static TheoryData<string> Ids(string file, Func<JsonElement, bool> where)
    {
        var ids = new TheoryData<string>();
        foreach (var one in File(file).GetProperty("cases").EnumerateArray().Where(where))
        {
            ids.Add(one.GetProperty("id").GetString()!);
        }

        return ids;
    }

    public static JsonElement Case(string file, string id) =>
        File(file).GetProperty("cases").EnumerateArray().Single(one => one.GetProperty("id").GetString() == id);

    public static double[] Doubles(this JsonElement array) => [.. array.EnumerateArray().Select(Double)];

    public static long[] Longs(this JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt64())];

    public static int[] Ints(this JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32())];

    public static bool[] Bits(this JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt32() == 1)];

    public static string?[] Strings(this JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetString())];

    public static double Double(this JsonElement item) => item.ValueKind == JsonValueKind.String
        ? double.Parse(item.GetString()!, CultureInfo.InvariantCulture)
        : item.GetDouble();

    public static bool IsNull(this JsonElement item) => item.ValueKind == JsonValueKind.Null;

    /// <summary>Null must be null; a number must be within the absolute or the relative tolerance, whichever is larger.</summary>
    public static void Same(JsonElement expected, double? actual, double absolute = 1e-9, double relative = 1e-9, string what = "")
    {
        if (expected.IsNull())
        {
            Assert.True(actual is null, $"{what}: expected undefined, came {actual}");
            return;
        }

        var wanted = expected.Double();
        Assert.True(actual is not null, $"{what}: expected {wanted}, came undefined");
        var same = wanted.Equals(actual.Value) || Math.Abs(wanted - actual.Value) <= Math.Max(absolute, relative * Math.Abs(wanted));
        Assert.True(same, $"{what}: expected {wanted:R}, came {actual:R}");
    }
}
