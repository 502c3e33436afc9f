using System.Globalization;

namespace MlopsGrains.Web.Formats;

/// <summary>How numbers, times and sizes are written for people, in one place. What is shown short is whole on hover and in copies (<see cref="Exact"/>).</summary>
internal static class Shown
{
    public const string Missing = "–";

    private const string Minus = "−";
    private const int Digits = 4;
    private const int DecimalsMin = 2;
    private const int DecimalsMax = 6;

    private static readonly string[] Thousands = ["", " k", " M", " G", " T"];
    private static readonly string[] Bytes1024 = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>A metric alone: four significant digits, <c>3.2 · 10⁻⁶</c> below 10⁻⁴ and from 10¹⁵.</summary>
    public static string Metric(double value)
    {
        if (!double.IsFinite(value))
        {
            return NotFinite(value);
        }

        var size = Math.Abs(value);
        if (size is > 0 and (< 1e-4 or >= 1e15))
        {
            return Power(value);
        }

        var decimals = size == 0 ? 0 : Math.Clamp(Digits - 1 - (int)Math.Floor(Math.Log10(size)), 0, 8);
        return Signed(size >= 10_000 ? value.ToString("#,0", CultureInfo.InvariantCulture) : value.ToString("0." + new string('#', decimals), CultureInfo.InvariantCulture));
    }

    /// <summary>How many decimals tell a column's values apart, 2 to 6; whole numbers take none.</summary>
    public static int Decimals(IEnumerable<double> column)
    {
        var values = column.Where(double.IsFinite).Distinct().ToList();
        if (values.Count == 0 || values.TrueForAll(double.IsInteger))
        {
            return 0;
        }

        // Values that differ less than the last decimal shows are told apart on hover.
        for (var decimals = DecimalsMin; decimals < DecimalsMax; decimals++)
        {
            if (values.Select(v => Math.Round(v, decimals)).Distinct().Count() == values.Count)
            {
                return decimals;
            }
        }

        return values.Count > 1 ? Math.Min(DecimalsMax, Math.Max(DecimalsMin, Useful(values))) : DecimalsMin;
    }

    /// <summary>A metric in a column.</summary>
    public static string InColumn(double value, int decimals)
    {
        if (!double.IsFinite(value))
        {
            return NotFinite(value);
        }

        var size = Math.Abs(value);
        return size is > 0 and (< 1e-4 or >= 1e15) ? Power(value) : Signed(value.ToString("#,0." + new string('0', decimals), CultureInfo.InvariantCulture));
    }

    /// <summary>Every digit of a double, for hover and copies.</summary>
    public static string Exact(double value) => double.IsFinite(value) ? value.ToString("R", CultureInfo.InvariantCulture) : NotFinite(value);

    public static string Count(long count) => Signed(count.ToString("#,0", CultureInfo.InvariantCulture));

    /// <summary>On axes and tiles: <c>84.3 k</c> from 10,000.</summary>
    public static string ShortCount(double count)
    {
        var size = Math.Abs(count);
        if (size < 10_000)
        {
            return Signed(count.ToString("#,0.##", CultureInfo.InvariantCulture));
        }

        var power = Math.Min(Thousands.Length - 1, (int)Math.Floor(Math.Log10(size) / 3));
        return Signed((count / Math.Pow(1000, power)).ToString("0.0", CultureInfo.InvariantCulture) + Thousands[power]);
    }

    public static string Bytes(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (Math.Abs(value) >= 1024 && unit < Bytes1024.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return Signed(value.ToString(unit == 0 || value >= 100 ? "0" : "0.#", CultureInfo.InvariantCulture) + " " + Bytes1024[unit]);
    }

    /// <summary>Two units at most: <c>0.6 ms</c>, <c>4.10 s</c>, <c>6 m 12 s</c>, <c>2 h 37 m</c>, <c>9 d</c>.</summary>
    public static string Duration(TimeSpan time)
    {
        if (time < TimeSpan.Zero)
        {
            return Minus + Duration(time.Negate());
        }

        return time.TotalSeconds switch
        {
            < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.#} ms"),
            < 1 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.#} ms"),
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.00} s"),
            < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes} m {time.Seconds:00} s"),
            < 86400 => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours} h {time.Minutes:00} m"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalDays} d"),
        };
    }

    /// <summary>How long ago, to one unit.</summary>
    public static string Age(TimeSpan since) => since.TotalSeconds switch
    {
        < 1 => "now",
        < 60 => string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalSeconds} s"),
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalMinutes} min"),
        < 86400 => string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalHours} h"),
        < 86400 * 365.0 => string.Create(CultureInfo.InvariantCulture, $"{(int)since.TotalDays} d"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)(since.TotalDays / 365.25)} y"),
    };

    /// <summary>An instant as <c>2026-11-28 16:11:04 UTC</c>.</summary>
    public static string Instant(long unixMilliseconds) => At(unixMilliseconds) is { } at ? at.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) : Missing;

    /// <summary>The same for programs.</summary>
    public static string Iso(long unixMilliseconds) => At(unixMilliseconds) is { } at ? at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : "";

    /// <summary>A difference with its sign.</summary>
    public static string Difference(double difference, int decimals)
    {
        if (!double.IsFinite(difference))
        {
            return NotFinite(difference);
        }

        var text = Math.Abs(difference).ToString("0." + new string('0', decimals), CultureInfo.InvariantCulture);
        return (difference > 0 ? "+" : difference < 0 ? Minus : "") + text;
    }

    /// <summary>A difference relative to a base, such as <c>+0.5 %</c>; <see langword="null"/> where that says nothing.</summary>
    public static string? Relative(double value, double against)
    {
        if (!double.IsFinite(value) || !double.IsFinite(against) || against == 0)
        {
            return null;
        }

        var percent = (value - against) / Math.Abs(against) * 100;
        var size = Math.Abs(percent);
        var text = size >= 1e6 ? Power(size) : size.ToString(size >= 10 ? "#,0" : "0.0", CultureInfo.InvariantCulture);
        return (percent > 0 ? "+" : percent < 0 ? Minus : "") + text + " %";
    }

    public static string Share(double share) => Signed((share * 100).ToString(Math.Abs(share) < 0.1 && share != 0 ? "0.##" : "0", CultureInfo.InvariantCulture)) + " %";

    /// <summary>A probability: <c>0.021</c>, <c>3 · 10⁻⁶</c>, <c>&lt; 10⁻³⁰⁰</c>.</summary>
    public static string Probability(double p) => p switch
    {
        double.NaN => NotFinite(p),
        < 1e-300 => "< 10⁻³⁰⁰",
        < 1e-3 => Power(p, 1),
        _ => p.ToString("0.###", CultureInfo.InvariantCulture),
    };

    /// <summary>The first eight characters.</summary>
    public static string Short(string id) => id.Length <= 8 ? id : id[..8];

    /// <summary>Cut in the middle, because names of runs differ at their ends.</summary>
    public static string Name(string name, int charactersMax)
    {
        if (name.Length <= charactersMax)
        {
            return name;
        }

        var tail = charactersMax / 2;
        var head = charactersMax - tail - 1;
        head -= char.IsHighSurrogate(name[head - 1]) ? 1 : 0;
        var from = name.Length - tail;
        from += char.IsLowSurrogate(name[from]) ? 1 : 0;
        return $"{name.AsSpan(0, head)}…{name.AsSpan(from)}";
    }

    /// <summary>Whether less of a metric is better; from its name, where nobody has said.</summary>
    public static bool LessIsBetter(string metric)
    {
        var words = metric.Split('/', '_', '-', '.', ' ');
        return words.Any(w => w.ToLowerInvariant() is "loss" or "error" or "err" or "mae" or "mse" or "rmse" or "mape" or "latency" or "bytes" or "duration" or "perplexity" or "logloss");
    }

    private static int Useful(List<double> values)
    {
        var span = values.Max() - values.Min();
        return span <= 0 ? DecimalsMin : (int)Math.Ceiling(3 - Math.Log10(span));
    }

    private static string NotFinite(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "∞" : Minus + "∞";

    private static string Signed(string text) => text.Replace("-", Minus, StringComparison.Ordinal);

    private static string Power(double value, int decimals = 2)
    {
        var exponent = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        var mantissa = Math.Round(value / Math.Pow(10, exponent), decimals);
        if (Math.Abs(mantissa) >= 10)
        {
            (mantissa, exponent) = (mantissa / 10, exponent + 1);
        }

        return Signed(mantissa.ToString("0.##", CultureInfo.InvariantCulture)) + " · 10" + Raised(exponent);
    }

    private static string Raised(int exponent) => string.Concat(exponent.ToString(CultureInfo.InvariantCulture).Select(c => c == '-' ? '⁻' : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c - '0']));

    private static DateTimeOffset? At(long unixMilliseconds) =>
        unixMilliseconds is >= -62135596800000 and <= 253402300799999 ? DateTimeOffset.FromUnixTimeMilliseconds(unixMilliseconds) : null;
}
