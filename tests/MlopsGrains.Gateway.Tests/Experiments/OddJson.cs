using System.Globalization;
using System.Text;
using MlopsGrains.Experiments;

namespace MlopsGrains.Gateway.Tests.Experiments;

/// <summary>Writes a batch as legal JSON in every odd way a client may choose: white space, escapes, member order, unknown members, numbers as text.</summary>
internal sealed class OddJson(Random random, bool mlflow)
{
    private readonly StringBuilder json = new();

    public static string Write(string runId, IReadOnlyList<Metric> metrics, IReadOnlyList<Tag> parameters, IReadOnlyList<Tag> tags, Random random, bool mlflow)
    {
        var odd = new OddJson(random, mlflow);
        var members = new List<(string, Action)>
        {
            ("metrics", () => odd.List(metrics, odd.Metric)),
            ("params", () => odd.List(parameters, odd.Pair)),
            ("tags", () => odd.List(tags, odd.Pair)),
        };
        if (mlflow)
        {
            members.Add((random.Next(2) == 0 ? "run_id" : "runId", () => odd.Text(runId)));
        }

        odd.Space();
        odd.Object(members);
        odd.Space();
        return odd.json.ToString();
    }

    private void Metric(Metric metric)
    {
        var members = new List<(string, Action)>
        {
            ("key", () => Text(metric.Key)),
            ("value", () => Number(metric.Value)),
            ("timestamp", () => Whole(metric.Timestamp)),
        };
        if (metric.Step != 0 || random.Next(2) == 0)
        {
            members.Add(("step", () => Whole(metric.Step)));
        }

        Object(members);
    }

    private void Pair(Tag pair) => Object([("key", () => Text(pair.Key)), ("value", () => Text(pair.Value))]);

    private void Object(List<(string Name, Action Value)> members)
    {
        if (mlflow && random.Next(4) == 0)
        {
            members.Add(("unknown_" + random.Next(10), () => this.json.Append("{\"a\":[1,{\"key\":\"no\"},null],\"value\":\"x\"}")));
        }

        var shuffled = members.ToArray();
        random.Shuffle(shuffled);
        Join('{', shuffled, member =>
        {
            Text(member.Name);
            Space();
            this.json.Append(':');
            Space();
            member.Value();
        }, '}');
    }

    private void List<T>(IReadOnlyList<T> items, Action<T> write) => Join('[', items, write, ']');

    private void Join<T>(char open, IReadOnlyList<T> items, Action<T> write, char close)
    {
        this.json.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            Space();
            write(items[i]);
            Space();
            if (i + 1 < items.Count)
            {
                this.json.Append(',');
            }
        }

        Space();
        this.json.Append(close);
    }

    private void Number(double value)
    {
        if (double.IsFinite(value))
        {
            this.json.Append(value.ToString("R", CultureInfo.InvariantCulture));
        }
        else
        {
            Text(double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        }
    }

    private void Whole(long value)
    {
        var text = value.ToString(CultureInfo.InvariantCulture);
        if (mlflow && random.Next(3) == 0)
        {
            Text(text);
        }
        else
        {
            this.json.Append(text);
        }
    }

    private void Text(string text)
    {
        this.json.Append('"');
        var escapes = random.Next(3) == 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var written = rune.ToString();
            if (rune.Value is '"' or '\\' or < ' ' || (escapes && random.Next(3) == 0))
            {
                foreach (var c in written)
                {
                    this.json.Append("\\u").Append(((int)c).ToString(random.Next(2) == 0 ? "x4" : "X4", CultureInfo.InvariantCulture));
                }
            }
            else
            {
                this.json.Append(written);
            }
        }

        this.json.Append('"');
    }

    private void Space()
    {
        for (var i = random.Next(-4, 3); i > 0; i--)
        {
            this.json.Append(" \t\r\n"[random.Next(4)]);
        }
    }
}
