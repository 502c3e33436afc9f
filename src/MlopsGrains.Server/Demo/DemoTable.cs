using System.Globalization;

namespace MlopsGrains.Server.Demo;

/// <summary>A numeric table with a text label in its last column.</summary>
internal sealed record DemoTable(string[] Features, float[][] Rows, string[] Labels)
{
    public static async Task<DemoTable> ReadAsync(Stream csv, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(csv);
        var header = (await reader.ReadLineAsync(cancellationToken))!.Split(',');
        var rows = new List<float[]>();
        var labels = new List<string>();
        while (await reader.ReadLineAsync(cancellationToken) is { Length: > 0 } line)
        {
            var cells = line.Split(',');
            rows.Add([.. cells[..^1].Select(c => float.Parse(c, CultureInfo.InvariantCulture))]);
            labels.Add(cells[^1]);
        }

        return new DemoTable(header[..^1], [.. rows], [.. labels]);
    }

    /// <summary>The same rows with some features multiplied: another hospital, another scanner.</summary>
    public DemoTable Shifted(IReadOnlyCollection<string> features, float factor) =>
        this with { Rows = [.. Rows.Select(r => r.Select((v, i) => features.Contains(Features[i]) ? v * factor : v).ToArray())] };

    /// <summary><paramref name="count"/> rows drawn with replacement.</summary>
    public DemoTable Sample(int count, Random random)
    {
        var picked = Enumerable.Range(0, count).Select(_ => random.Next(Rows.Length)).ToArray();
        return this with { Rows = [.. picked.Select(i => Rows[i])], Labels = [.. picked.Select(i => Labels[i])] };
    }

    public DemoTable Concat(DemoTable other) => this with { Rows = [.. Rows, .. other.Rows], Labels = [.. Labels, .. other.Labels] };

    public DemoTable Slice(int from, int count) => this with { Rows = Rows[from..Math.Min(from + count, Rows.Length)], Labels = Labels[from..Math.Min(from + count, Labels.Length)] };

    public Stream ToCsv(string label)
    {
        var stream = new MemoryStream();
        using (var writer = new StreamWriter(stream, leaveOpen: true))
        {
            writer.Write(string.Join(',', Features.Append(label)) + "\n");
            for (var i = 0; i < Rows.Length; i++)
            {
                writer.Write(string.Join(',', Rows[i].Select(v => v.ToString(CultureInfo.InvariantCulture)).Append(Labels[i])) + "\n");
            }
        }

        stream.Position = 0;
        return stream;
    }
}
