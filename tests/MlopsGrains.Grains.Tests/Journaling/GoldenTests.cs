using System.Buffers;
using System.Reflection;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Grains.Experiments.Runs;
using MlopsGrains.Grains.Experiments.Search;
using MlopsGrains.Grains.Journaling;
using MlopsGrains.Testing;
using Orleans.Storage;

namespace MlopsGrains.Grains.Tests.Journaling;

/// <summary>
/// What earlier programs wrote, for everything that is stored as JSON: one file for each kind of grain, in each line what it is and its text. Lines are never changed. What a program writes
/// anew (a kind of event, a field) needs a line of its own; the failing test says which.
/// </summary>
public sealed class GoldenTests(SiloFixture silo)
{
    private const byte Format = 1;

    /// <summary>Runs and their index have bytes of their own: RunJournalGoldenTests, RunIndexCodecTests.</summary>
    private static readonly Type[] Binary = [typeof(RunState), typeof(RunIndexState)];

    public static TheoryData<string> Kinds => [.. Stored.Keys.Order(StringComparer.Ordinal)];

    private static SortedDictionary<string, Type[]> Stored { get; } = new(Find().ToDictionary(s => s.Kind, s => s.Types), StringComparer.Ordinal);

    private static string Folder => Path.Combine(RepositoryRoot.Path, "tests", "MlopsGrains.Grains.Tests", "Journaling", "Golden");

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhatWasWritten_IsReadWithoutLoss(string kind) => Assert.All(Golden(kind), line =>
    {
        var (what, text) = line;
        Assert.Equal("", Loss(JsonNode.Parse(text), JsonNode.Parse(WriteAgain(Stored[kind], what, text)), ""));
    });

    [Theory]
    [MemberData(nameof(Kinds))]
    public void WhatIsWritten_HasAGoldenLine(string kind)
    {
        var known = Golden(kind).SelectMany(Fields).ToHashSet(StringComparer.Ordinal);

        var missing = Samples(Stored[kind]).Where(line => !known.IsSupersetOf(Fields(line))).Select(line => $"{line.What} {line.Text}").ToList();

        Assert.True(missing.Count == 0, $"Golden/{kind}.txt has no line with what is written now. Leave the lines that it has and add:\n{string.Join('\n', missing)}");
    }

    [Fact]
    public void NoFile_IsOfNothing() => Assert.Equal(Stored.Keys, Directory.EnumerateFiles(Folder).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!);

    /// <summary>Journals by the state and the events of their grains, documents by their type.</summary>
    private static IEnumerable<(string Kind, Type[] Types)> Find()
    {
        foreach (var grain in typeof(JournalGrain<,>).Assembly.GetTypes().Where(t => t is { IsAbstract: false } && t.IsAssignableTo(typeof(Grain))))
        {
            if (grain.BaseType is { IsGenericType: true } journal && journal.GetGenericTypeDefinition() == typeof(JournalGrain<,>) && !Binary.Contains(journal.GetGenericArguments()[0]))
            {
                yield return (grain.GetCustomAttribute<GrainTypeAttribute>()!.GetGrainType(null!, null!).ToString()!, journal.GetGenericArguments());
            }

            foreach (var document in grain.GetConstructors().SelectMany(c => c.GetParameters()).Where(p => p.ParameterType.IsGenericType && p.ParameterType.GetGenericTypeDefinition() == typeof(IPersistentState<>)))
            {
                yield return ("document-" + document.GetCustomAttribute<PersistentStateAttribute>()!.StateName, document.ParameterType.GetGenericArguments());
            }
        }
    }

    private static List<(string What, string Text)> Golden(string kind)
    {
        var file = Path.Combine(Folder, kind + ".txt");
        return File.Exists(file) ? [.. File.ReadAllLines(file).Select(line => line.Split(' ', 2)).Select(line => (line[0], line[1]))] : [];
    }

    private IEnumerable<(string What, string Text)> Samples(Type[] types)
    {
        if (types is [var document])
        {
            yield return ("document", WriteAgain(types, "document", SampleValues.Of(document)));
            yield break;
        }

        foreach (var e in types[1].GetCustomAttributes<JsonDerivedTypeAttribute>())
        {
            yield return ("event", WriteAgain(types, "event", SampleValues.Of(e.DerivedType)));
        }

        yield return ("state", WriteAgain(types, "state", SampleValues.Of(types[0])));
    }

    private string WriteAgain(Type[] types, string what, string text) => WriteAgain(types, what, Read(types, what, Encoding.UTF8.GetBytes(text)));

    private object Read(Type[] types, string what, byte[] bytes) => what switch
    {
        "document" => typeof(IGrainStorageSerializer).GetMethod(nameof(IGrainStorageSerializer.Deserialize))!.MakeGenericMethod(types).Invoke(Documents, [new BinaryData(bytes)])!,
        _ => Codec(types).GetType().GetMethod(what == "event" ? "DecodeEvent" : "DecodeState")!.Invoke(Codec(types), [new ReadOnlyMemory<byte>([Format, .. bytes])])!,
    };

    private string WriteAgain(Type[] types, string what, object value)
    {
        if (what == "document")
        {
            return typeof(IGrainStorageSerializer).GetMethod(nameof(IGrainStorageSerializer.Serialize))!.MakeGenericMethod(types).Invoke(Documents, [value])!.ToString()!;
        }

        var output = new ArrayBufferWriter<byte>();
        Codec(types).GetType().GetMethod(what == "event" ? "EncodeEvent" : "EncodeState")!.Invoke(Codec(types), [value, output]);
        Assert.Equal(Format, output.WrittenSpan[0]);
        return Encoding.UTF8.GetString(output.WrittenSpan[1..]);
    }

    private IGrainStorageSerializer Documents => silo.Services.GetRequiredService<IGrainStorageSerializer>();

    private static object Codec(Type[] types) => Activator.CreateInstance(typeof(JsonJournalCodec<,>).MakeGenericType(types))!;

    /// <summary>The first thing that was written and is not there again.</summary>
    private static string Loss(JsonNode? written, JsonNode? again, string path) => (written, again) switch
    {
        (JsonObject w, JsonObject a) => w.Select(p => Loss(p.Value, a[p.Key], $"{path}/{p.Key}")).FirstOrDefault(loss => loss.Length > 0, ""),
        (JsonArray w, JsonArray a) when w.Count == a.Count => w.Select((item, i) => Loss(item, a[i], $"{path}/{i}")).FirstOrDefault(loss => loss.Length > 0, ""),
        _ => written?.ToJsonString() == again?.ToJsonString() ? "" : $"{path}: {written?.ToJsonString()} became {again?.ToJsonString() ?? "nothing"}",
    };

    /// <summary>Paths of everything that is written, an event's below its kind, which comes first.</summary>
    private static IEnumerable<string> Fields((string What, string Text) line)
    {
        var text = JsonNode.Parse(line.Text)!;
        return Fields(line.What == "event" ? $"event {text.AsObject().First().Value}" : line.What, text);
    }

    private static IEnumerable<string> Fields(string path, JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(p => Fields($"{path}/{p.Key}", p.Value)),
        JsonArray a => a.SelectMany(item => Fields(path + "/", item)),
        _ => [path],
    };
}
