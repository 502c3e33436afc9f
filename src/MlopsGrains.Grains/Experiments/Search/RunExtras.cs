using MlopsGrains.Experiments;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// What few runs have, dataset inputs and logged models, as a list of text codes. The number of datasets, then for each name, digest, source type, source,
/// schema and profile (<see cref="TextPool.None"/> when absent), the number of its tags, and the tags' keys and values; the number of models read and their
/// ids; the number of models made, and for each its id and the two halves of its step.
/// </summary>
internal static class RunExtras
{
    public const int Name = 0;
    public const int Digest = 1;

    private const int Fixed = 6;
    private const string ContextTag = "mlflow.data.context";

    public static int[]? Write(Run run, TextPool pool)
    {
        if (run.Inputs.Count + run.ModelInputs.Count + run.ModelOutputs.Count == 0)
        {
            return null;
        }

        var codes = new List<int> { run.Inputs.Count };
        foreach (var input in run.Inputs)
        {
            codes.AddRange(pool.Take(input.Name), pool.Take(input.Digest), pool.Take(input.SourceType), pool.Take(input.Source));
            codes.AddRange(Maybe(input.Schema, pool), Maybe(input.Profile, pool), input.Tags.Count);
            foreach (var tag in input.Tags)
            {
                codes.AddRange(pool.Take(tag.Key), pool.Take(tag.Value));
            }
        }

        codes.Add(run.ModelInputs.Count);
        codes.AddRange(run.ModelInputs.Select(pool.Take));
        codes.Add(run.ModelOutputs.Count);
        foreach (var output in run.ModelOutputs)
        {
            codes.AddRange(pool.Take(output.ModelId), (int)(output.Step >> 32), unchecked((int)output.Step));
        }

        return [.. codes];
    }

    public static (DatasetInput[] Inputs, string[] ModelInputs, ModelOutput[] ModelOutputs) Read(int[]? codes, TextPool pool)
    {
        if (codes is null)
        {
            return ([], [], []);
        }

        var inputs = Inputs(codes).Select(input => Input(codes, input.At, input.Tags, pool)).ToArray();
        var at = Models(codes);
        var modelInputs = codes.AsSpan(at + 1, codes[at]).ToArray().Select(code => pool[code]).ToArray();
        at += 1 + codes[at];
        var outputs = new ModelOutput[codes[at]];
        for (var o = 0; o < outputs.Length; o++)
        {
            var of = at + 1 + (3 * o);
            outputs[o] = new ModelOutput(pool[codes[of]], ((long)codes[of + 1] << 32) | (uint)codes[of + 2]);
        }

        return (inputs, modelInputs, outputs);
    }

    /// <summary>The codes of <see cref="Name"/> or <see cref="Digest"/> of each dataset.</summary>
    public static IEnumerable<int> Column(int[] codes, int column) => Inputs(codes).Select(input => codes[input.At + column]);

    /// <summary>The codes of what each dataset was used for, where it says so.</summary>
    public static IEnumerable<int> Contexts(int[] codes, TextPool pool)
    {
        foreach (var (at, tags) in Inputs(codes))
        {
            for (var t = at + Fixed + 1; t < at + Fixed + 1 + (2 * tags); t += 2)
            {
                if (pool[codes[t]] == ContextTag)
                {
                    yield return codes[t + 1];
                    break;
                }
            }
        }
    }

    /// <summary>Adds every use of a text.</summary>
    public static void AddCodes(int[]? codes, List<int> all)
    {
        if (codes is null)
        {
            return;
        }

        foreach (var (input, tags) in Inputs(codes))
        {
            all.AddRange(codes.AsSpan(input, Fixed).ToArray().Where(c => c != TextPool.None));
            all.AddRange(codes.AsSpan(input + Fixed + 1, 2 * tags));
        }

        var at = Models(codes);
        all.AddRange(codes.AsSpan(at + 1, codes[at]));
        at += 1 + codes[at];
        for (var o = 0; o < codes[at]; o++)
        {
            all.Add(codes[at + 1 + (3 * o)]);
        }
    }

    private static DatasetInput Input(int[] codes, int at, int tagCount, TextPool pool)
    {
        var tags = new Tag[tagCount];
        for (var t = 0; t < tagCount; t++)
        {
            tags[t] = new Tag(pool[codes[at + Fixed + 1 + (2 * t)]], pool[codes[at + Fixed + 2 + (2 * t)]]);
        }

        return new DatasetInput(
            pool[codes[at]], pool[codes[at + 1]], pool[codes[at + 2]], pool[codes[at + 3]], MaybeText(codes[at + 4], pool), MaybeText(codes[at + 5], pool), tags);
    }

    private static IEnumerable<(int At, int Tags)> Inputs(int[] codes)
    {
        var at = 1;
        for (var left = codes[0]; left > 0; left--)
        {
            yield return (at, codes[at + Fixed]);
            at = After(codes, at);
        }
    }

    private static int Models(int[] codes)
    {
        var at = 1;
        for (var left = codes[0]; left > 0; left--)
        {
            at = After(codes, at);
        }

        return at;
    }

    private static int After(int[] codes, int input) => input + Fixed + 1 + (2 * codes[input + Fixed]);

    private static int Maybe(string? text, TextPool pool) => text is null ? TextPool.None : pool.Take(text);

    private static string? MaybeText(int code, TextPool pool) => code == TextPool.None ? null : pool[code];
}
