using System.Text;
using System.Text.Json;

namespace MlopsGrains.Gateway.Json;

/// <summary>The members that a kind of object may have, each known by its place here; at most 64.</summary>
internal sealed class JsonMembers
{
    private readonly byte[][] names;
    private readonly byte[]?[] camelNames;

    private JsonMembers(string[] names, bool camelToo)
    {
        Names = names;
        this.names = [.. names.Select(Encoding.UTF8.GetBytes)];
        camelNames = [.. names.Select(n => camelToo && n.Contains('_', StringComparison.Ordinal) ? Encoding.UTF8.GetBytes(Camel(n)) : null)];
    }

    public IReadOnlyList<string> Names { get; }

    public static JsonMembers Of(params string[] names) => new(names, camelToo: false);

    /// <summary>In snake case, which may come in camel case too.</summary>
    public static JsonMembers Snake(params string[] names) => new(names, camelToo: true);

    /// <summary><c>run_id</c> is <c>runId</c>.</summary>
    public static string Camel(string name) => string.Concat(name.Split('_').Select((part, i) => i == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));

    /// <summary>The place of the name that the reader stands on, or -1. Programs write members in one order, so the one after <paramref name="last"/> is tried first.</summary>
    public int Find(ref Utf8JsonReader reader, int last)
    {
        var next = last + 1;
        if (next < names.Length && reader.ValueTextEquals(names[next]))
        {
            return next;
        }

        for (var i = 0; i < names.Length; i++)
        {
            if (reader.ValueTextEquals(names[i]) || (camelNames[i] is { } camel && reader.ValueTextEquals(camel)))
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>Where in an object a <see cref="JsonReader"/> is.</summary>
internal struct JsonObject(JsonMembers members)
{
    public JsonMembers Members { get; } = members;

    /// <summary>One bit for each member that came.</summary>
    public ulong Seen { get; set; }

    public int Last { get; set; } = -1;
}
