using System.Buffers;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Journaling;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>Writes rows one after the other; what a row shares with an earlier one is a number.</summary>
internal sealed class RunRowWriter(IBufferWriter<byte> output)
{
    private readonly BinaryOutput o = new(output);
    private readonly Dictionary<string, int> texts = new(StringComparer.Ordinal);
    private readonly Dictionary<RunShape, int> shapes = [];

    public void Write(int count, IEnumerable<CollectedRun> rows)
    {
        o.Count(count);
        foreach (var row in rows)
        {
            Write(row);
        }
    }

    private void Write(CollectedRun row)
    {
        var (run, info) = (row.Run, row.Run.Info);
        var (key, oddId) = RunKey.Of(info.RunId);
        var histories = HasHistories(row);
        o.Byte((byte)((int)info.Status
            | (info.LifecycleStage == LifecycleStage.Deleted ? RunRowFlags.Deleted : 0)
            | (histories ? RunRowFlags.Histories : 0)
            | (run.Inputs.Count > 0 ? RunRowFlags.Inputs : 0)
            | (oddId is not null ? RunRowFlags.OddId : 0)
            | (run.ModelInputs.Count + run.ModelOutputs.Count > 0 ? RunRowFlags.Models : 0)));
        Id(key, oddId);
        Shape(run);
        Text(info.ExperimentId);
        Text(info.RunName);
        Text(info.UserId);
        Text(RunUri.Write(info.ArtifactUri, info.RunId));
        o.Signed(info.StartTime);
        o.Maybe(info.EndTime is { } end ? unchecked(end - info.StartTime) : null);
        Metrics(row, histories);
        foreach (var pair in run.Params.Concat(run.Tags))
        {
            Text(pair.Value);
        }

        if (run.Inputs.Count > 0)
        {
            Inputs(run.Inputs);
        }

        if (run.ModelInputs.Count + run.ModelOutputs.Count > 0)
        {
            Models(run);
        }
    }

    private static bool HasHistories(CollectedRun row)
    {
        for (var m = 0; m < row.Histories.Count; m++)
        {
            if (row.Histories[m] != default(MetricSummary).With(row.Run.Metrics[m].Value))
            {
                return true;
            }
        }

        return false;
    }

    private void Id(UInt128 key, string? oddId)
    {
        if (oddId is not null)
        {
            o.Text(oddId);
            return;
        }

        o.Fixed((ulong)(key >> 64));
        o.Fixed((ulong)key);
    }

    private void Shape(Run run)
    {
        var shape = new RunShape([.. run.Metrics.Select(m => m.Key)], [.. run.Params.Select(p => p.Key)], [.. run.Tags.Select(t => t.Key)]);
        if (shapes.TryGetValue(shape, out var known))
        {
            o.Count(known);
            return;
        }

        o.Count(shapes.Count);
        shapes.Add(shape, shapes.Count);
        foreach (var keys in (string[][])[shape.Metrics, shape.Params, shape.Tags])
        {
            o.Count(keys.Length);
            foreach (var key in keys)
            {
                Text(key);
            }
        }
    }

    private void Metrics(CollectedRun row, bool histories)
    {
        var (time, step) = (row.Run.Info.StartTime, 0L);
        for (var m = 0; m < row.Histories.Count; m++)
        {
            var (metric, history) = (row.Run.Metrics[m], row.Histories[m]);
            o.Double(metric.Value);
            o.Signed(unchecked(metric.Timestamp - time));
            o.Signed(unchecked(metric.Step - step));
            (time, step) = (metric.Timestamp, metric.Step);
            if (histories)
            {
                o.Signed(history.Count);
                o.Double(history.Min);
                o.Double(history.Max);
                o.Double(history.Sum);
            }
        }
    }

    private void Inputs(IReadOnlyList<DatasetInput> inputs)
    {
        o.Count(inputs.Count);
        foreach (var input in inputs)
        {
            Text(input.Name);
            Text(input.Digest);
            Text(input.SourceType);
            Text(input.Source);
            Maybe(input.Schema);
            Maybe(input.Profile);
            o.Count(input.Tags.Count);
            foreach (var tag in input.Tags)
            {
                Text(tag.Key);
                Text(tag.Value);
            }
        }
    }

    private void Models(Run run)
    {
        o.Count(run.ModelInputs.Count);
        foreach (var model in run.ModelInputs)
        {
            o.Text(model);
        }

        o.Count(run.ModelOutputs.Count);
        foreach (var output in run.ModelOutputs)
        {
            o.Text(output.ModelId);
            o.Signed(output.Step);
        }
    }

    private void Maybe(string? text)
    {
        o.Byte(text is null ? (byte)0 : (byte)1);
        if (text is not null)
        {
            Text(text);
        }
    }

    private void Text(string text)
    {
        if (texts.TryGetValue(text, out var known))
        {
            o.Count(known);
            return;
        }

        o.Count(texts.Count);
        texts.Add(text, texts.Count);
        o.Text(text);
    }
}

/// <summary>Reads what <see cref="RunRowWriter"/> wrote, in the same order.</summary>
internal sealed class RunRowReader
{
    private readonly List<string> texts = [];
    private readonly List<RunShape> shapes = [];

    public CollectedRun Read(ref BinaryInput i)
    {
        var flags = i.Byte();
        var id = (flags & RunRowFlags.OddId) != 0 ? i.Text() : RunKey.Text(new UInt128(i.Fixed(), i.Fixed()));
        var shape = Shape(ref i);
        var (experiment, name, user, uri) = (Text(ref i), Text(ref i), Text(ref i), RunUri.Read(Text(ref i), id));
        var start = i.Signed();
        var end = i.MaybeSigned() is { } length ? unchecked(start + length) : (long?)null;
        var stage = (flags & RunRowFlags.Deleted) != 0 ? LifecycleStage.Deleted : LifecycleStage.Active;
        var info = new RunInfo(id, experiment, name, user, (RunStatus)(flags & RunRowFlags.Status), start, end, uri, stage);
        var (metrics, histories) = Metrics(ref i, shape, start, (flags & RunRowFlags.Histories) != 0);
        var (parameters, tags) = (Pairs(ref i, shape.Params), Pairs(ref i, shape.Tags));
        var inputs = (flags & RunRowFlags.Inputs) != 0 ? Inputs(ref i) : [];
        var (modelInputs, modelOutputs) = (flags & RunRowFlags.Models) != 0 ? Models(ref i) : ([], []);
        return new CollectedRun(new Run(info, metrics, parameters, tags, inputs, modelInputs, modelOutputs), histories);
    }

    private static (Metric[] Metrics, MetricSummary[] Histories) Metrics(ref BinaryInput i, RunShape shape, long time, bool withHistories)
    {
        var (metrics, histories, step) = (new Metric[shape.Metrics.Length], new MetricSummary[shape.Metrics.Length], 0L);
        for (var m = 0; m < metrics.Length; m++)
        {
            var value = i.Double();
            time = unchecked(time + i.Signed());
            step = unchecked(step + i.Signed());
            metrics[m] = new Metric(shape.Metrics[m], value, time, step);
            histories[m] = withHistories ? new MetricSummary(i.Signed(), i.Double(), i.Double(), i.Double()) : default(MetricSummary).With(value);
        }

        return (metrics, histories);
    }

    private RunShape Shape(ref BinaryInput i)
    {
        var number = (int)i.Unsigned();
        if (number == shapes.Count)
        {
            shapes.Add(new RunShape(Keys(ref i), Keys(ref i), Keys(ref i)));
        }

        return shapes[number];
    }

    private string[] Keys(ref BinaryInput i)
    {
        var keys = new string[i.Count()];
        for (var k = 0; k < keys.Length; k++)
        {
            keys[k] = Text(ref i);
        }

        return keys;
    }

    private Tag[] Pairs(ref BinaryInput i, string[] keys)
    {
        var pairs = new Tag[keys.Length];
        for (var p = 0; p < pairs.Length; p++)
        {
            pairs[p] = new Tag(keys[p], Text(ref i));
        }

        return pairs;
    }

    private DatasetInput[] Inputs(ref BinaryInput i)
    {
        var inputs = new DatasetInput[i.Count(7)];
        for (var d = 0; d < inputs.Length; d++)
        {
            var (name, digest, type, source) = (Text(ref i), Text(ref i), Text(ref i), Text(ref i));
            var (schema, profile) = (Maybe(ref i), Maybe(ref i));
            var tags = new Tag[i.Count(2)];
            for (var t = 0; t < tags.Length; t++)
            {
                tags[t] = new Tag(Text(ref i), Text(ref i));
            }

            inputs[d] = new DatasetInput(name, digest, type, source, schema, profile, tags);
        }

        return inputs;
    }

    private static (string[] Inputs, ModelOutput[] Outputs) Models(ref BinaryInput i)
    {
        var inputs = new string[i.Count()];
        for (var m = 0; m < inputs.Length; m++)
        {
            inputs[m] = i.Text();
        }

        var outputs = new ModelOutput[i.Count(2)];
        for (var m = 0; m < outputs.Length; m++)
        {
            outputs[m] = new ModelOutput(i.Text(), i.Signed());
        }

        return (inputs, outputs);
    }

    private string? Maybe(ref BinaryInput i) => i.Byte() == 0 ? null : Text(ref i);

    private string Text(ref BinaryInput i)
    {
        var number = (int)i.Unsigned();
        if (number == texts.Count)
        {
            texts.Add(i.Text());
        }

        return texts[number];
    }
}

/// <summary>The first byte of a row.</summary>
internal static class RunRowFlags
{
    public const int Status = 7;
    public const int Deleted = 8;
    public const int Histories = 16;
    public const int Inputs = 32;
    public const int OddId = 64;
    public const int Models = 128;
}
