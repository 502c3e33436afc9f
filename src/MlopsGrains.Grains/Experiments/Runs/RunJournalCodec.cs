using System.Buffers;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;
using MlopsGrains.Grains.Journaling;

namespace MlopsGrains.Grains.Experiments.Runs;

/// <summary>
/// A run's journal in bytes. First the format version, then for events the kind. A batch is written column by column: a point of a known shape costs about
/// eleven bytes, eight of them the value. A change of layout takes a new version and leaves this one readable.
/// </summary>
internal sealed class RunJournalCodec : IJournalCodec<RunState, RunEvent>
{
    private const byte Version = 1;

    /// <summary>2: chunks beside the snapshot, compressed tails, ranges of producers' batches, logged models.</summary>
    private const byte StateVersion = 2;

    private enum Kind : byte
    {
        Created = 1,
        Batch = 2,
        Updated = 3,
        TagDeleted = 4,
        Inputs = 5,
        Lifecycle = 6,
        Models = 7,
    }

    public void EncodeEvent(RunEvent e, IBufferWriter<byte> output)
    {
        var o = new BinaryOutput(output);
        o.Byte(Version);
        switch (e)
        {
            case BatchLogged batch:
                o.Byte((byte)Kind.Batch);
                WriteColumns(o, batch.Metrics);
                WritePairs(o, batch.Params);
                WritePairs(o, batch.Tags);
                WriteProducer(o, batch.Producer);
                break;
            case RunCreated created:
                o.Byte((byte)Kind.Created);
                o.Text(created.ExperimentId);
                o.Text(created.RunName);
                o.Text(created.UserId);
                o.Signed(created.StartTime);
                o.Text(created.ArtifactUri);
                WritePairs(o, created.Tags);
                break;
            case RunUpdated updated:
                o.Byte((byte)Kind.Updated);
                o.Byte((byte)(updated.Status ?? 0));
                o.Maybe(updated.EndTime);
                o.Maybe(updated.RunName);
                break;
            case TagDeleted deleted:
                o.Byte((byte)Kind.TagDeleted);
                o.Text(deleted.Key);
                break;
            case InputsLogged inputs:
                o.Byte((byte)Kind.Inputs);
                WriteInputs(o, inputs.Datasets);
                break;
            case ModelsLogged models:
                o.Byte((byte)Kind.Models);
                WriteModels(o, models.Inputs, models.Outputs);
                break;
            case LifecycleChanged changed:
                o.Byte((byte)Kind.Lifecycle);
                o.Byte((byte)changed.Stage);
                WriteTime(o, changed.Time);
                break;
            default:
                throw new NotSupportedException($"{e.GetType().Name} has no place in the journal.");
        }
    }

    public RunEvent DecodeEvent(ReadOnlyMemory<byte> payload)
    {
        var i = Open(payload, Version, out _);
        var kind = (Kind)i.Byte();
        return kind switch
        {
            Kind.Batch => new BatchLogged(ReadColumns(ref i), ReadPairs(ref i), ReadPairs(ref i), ReadProducer(ref i)),
            Kind.Created => new RunCreated(i.Text(), i.Text(), i.Text(), i.Signed(), i.Text(), ReadPairs(ref i)),
            Kind.Updated => new RunUpdated(i.Byte() is > 0 and var status ? (RunStatus)status : null, i.MaybeSigned(), i.MaybeText()),
            Kind.TagDeleted => new TagDeleted(i.Text()),
            Kind.Inputs => new InputsLogged(ReadInputs(ref i)),
            Kind.Models => ReadModels(ref i),
            Kind.Lifecycle => new LifecycleChanged((LifecycleStage)i.Byte(), ReadTime(ref i)),
            _ => throw new InvalidDataException($"Run event kind {(byte)kind} is unknown to format {Version}."),
        };
    }

    public void EncodeState(RunState state, IBufferWriter<byte> output)
    {
        var o = new BinaryOutput(output);
        o.Byte(StateVersion);
        o.Byte(state.Exists ? (byte)1 : (byte)0);
        o.Text(state.ExperimentId);
        o.Text(state.RunName);
        o.Text(state.UserId);
        o.Byte((byte)state.Status);
        o.Signed(state.StartTime);
        o.Maybe(state.EndTime);
        o.Text(state.ArtifactUri);
        o.Byte((byte)state.Stage);
        o.Count(state.Metrics.Count);
        foreach (var (key, series) in state.Metrics)
        {
            o.Text(key);
            RunSeriesCodec.Write(o, series);
        }

        WritePairs(o, [.. state.Params.Select(p => new Tag(p.Key, p.Value))]);
        WritePairs(o, [.. state.Tags.Select(p => new Tag(p.Key, p.Value))]);
        WriteInputs(o, state.Inputs);
        o.Signed(state.ProducerClock);
        o.Count(state.Producers.Count);
        foreach (var (id, producer) in state.Producers)
        {
            o.Text(id);
            WriteApplied(o, producer.Applied);
            o.Signed(producer.LastSeen);
        }

        WriteModels(o, state.ModelInputs, state.ModelOutputs);
        WriteTime(o, state.DeletedTime);
    }

    public RunState DecodeState(ReadOnlyMemory<byte> payload)
    {
        var i = Open(payload, StateVersion, out var version);
        var state = new RunState
        {
            Exists = i.Byte() == 1,
            ExperimentId = i.Text(),
            RunName = i.Text(),
            UserId = i.Text(),
            Status = (RunStatus)i.Byte(),
            StartTime = i.Signed(),
            EndTime = i.MaybeSigned(),
            ArtifactUri = i.Text(),
            Stage = (LifecycleStage)i.Byte(),
        };
        for (var left = i.Count(); left > 0; left--)
        {
            var key = i.Text();
            var series = version == 1 ? RunSeriesCodec.ReadVersion1(ref i) : RunSeriesCodec.Read(ref i);
            state.Metrics.Add(key, series);
            state.Points += series.Count;
        }

        foreach (var param in ReadPairs(ref i))
        {
            state.Params[param.Key] = param.Value;
        }

        foreach (var tag in ReadPairs(ref i))
        {
            state.Tags[tag.Key] = tag.Value;
        }

        state.AddInputs(ReadInputs(ref i));
        state.ProducerClock = i.Signed();
        for (var left = i.Count(); left > 0; left--)
        {
            state.Producers[i.Text()] = new RunState.Producer(version == 1 ? new AppliedSequences([(1, i.Signed())], 0) : ReadApplied(ref i), i.Signed());
        }

        if (version >= 2)
        {
            var models = ReadModels(ref i);
            state.AddModels(models.Inputs, models.Outputs);
        }

        state.DeletedTime = ReadTime(ref i);
        return state;
    }

    /// <summary>Last of what is written, and left out when it is 0, as it was before there was one.</summary>
    private static void WriteTime(BinaryOutput o, long time)
    {
        if (time != 0)
        {
            o.Signed(time);
        }
    }

    private static long ReadTime(ref BinaryInput i) => i.AtEnd ? 0 : i.Signed();

    private static BinaryInput Open(ReadOnlyMemory<byte> payload, byte newest, out byte version)
    {
        var input = new BinaryInput(payload.Span);
        version = input.Byte();
        return version >= 1 && version <= newest
            ? input
            : throw new NotSupportedException($"Run journal format {version} is newer than this program, which reads formats 1 to {newest}.");
    }

    private static void WriteColumns(BinaryOutput o, MetricColumns columns)
    {
        o.Count(columns.Keys.Length);
        foreach (var key in columns.Keys)
        {
            o.Text(key);
        }

        o.Count(columns.Count);
        if (columns.Keys.Length > 1)
        {
            foreach (var index in columns.KeyIndexes)
            {
                o.Count(index);
            }
        }

        o.Deltas(columns.Timestamps);
        o.Deltas(columns.Steps);
        o.Doubles(columns.Values);
    }

    private static MetricColumns ReadColumns(ref BinaryInput i)
    {
        var keys = new string[i.Count()];
        for (var k = 0; k < keys.Length; k++)
        {
            keys[k] = i.Text();
        }

        var indexes = new int[i.Count(10)];
        if (keys.Length > 1)
        {
            for (var p = 0; p < indexes.Length; p++)
            {
                indexes[p] = (int)i.Unsigned();
            }
        }

        var (timestamps, steps) = (i.Deltas(indexes.Length), i.Deltas(indexes.Length));
        return new MetricColumns(keys, indexes, i.Doubles(indexes.Length), timestamps, steps);
    }

    private static void WritePairs(BinaryOutput o, IReadOnlyList<Tag> pairs)
    {
        o.Count(pairs.Count);
        foreach (var pair in pairs)
        {
            o.Text(pair.Key);
            o.Text(pair.Value);
        }
    }

    private static Tag[] ReadPairs(ref BinaryInput i)
    {
        var pairs = new Tag[i.Count(2)];
        for (var p = 0; p < pairs.Length; p++)
        {
            pairs[p] = new Tag(i.Text(), i.Text());
        }

        return pairs;
    }

    private static void WriteProducer(BinaryOutput o, ProducerPosition? producer)
    {
        o.Maybe(producer?.ProducerId);
        if (producer is not null)
        {
            o.Signed(producer.Sequence);
        }
    }

    private static ProducerPosition? ReadProducer(ref BinaryInput i) => i.MaybeText() is { } id ? new ProducerPosition(id, i.Signed()) : null;

    private static void WriteApplied(BinaryOutput o, AppliedSequences applied)
    {
        o.Signed(applied.Forgotten);
        o.Count(applied.Ranges.Count);
        foreach (var (first, last) in applied.Ranges)
        {
            o.Signed(first);
            o.Signed(last - first);
        }
    }

    private static AppliedSequences ReadApplied(ref BinaryInput i)
    {
        var forgotten = i.Signed();
        var ranges = new (long First, long Last)[i.Count(2)];
        for (var r = 0; r < ranges.Length; r++)
        {
            var first = i.Signed();
            ranges[r] = (first, first + i.Signed());
        }

        return new AppliedSequences(ranges, forgotten);
    }

    private static void WriteModels(BinaryOutput o, IReadOnlyList<string> inputs, IReadOnlyList<ModelOutput> outputs)
    {
        o.Count(inputs.Count);
        foreach (var input in inputs)
        {
            o.Text(input);
        }

        o.Count(outputs.Count);
        foreach (var output in outputs)
        {
            o.Text(output.ModelId);
            o.Signed(output.Step);
        }
    }

    private static ModelsLogged ReadModels(ref BinaryInput i)
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

        return new ModelsLogged(inputs, outputs);
    }

    private static void WriteInputs(BinaryOutput o, IReadOnlyList<DatasetInput> inputs)
    {
        o.Count(inputs.Count);
        foreach (var input in inputs)
        {
            o.Text(input.Name);
            o.Text(input.Digest);
            o.Text(input.SourceType);
            o.Text(input.Source);
            o.Maybe(input.Schema);
            o.Maybe(input.Profile);
            WritePairs(o, input.Tags);
        }
    }

    private static DatasetInput[] ReadInputs(ref BinaryInput i)
    {
        var inputs = new DatasetInput[i.Count(7)];
        for (var d = 0; d < inputs.Length; d++)
        {
            inputs[d] = new DatasetInput(i.Text(), i.Text(), i.Text(), i.Text(), i.MaybeText(), i.MaybeText(), ReadPairs(ref i));
        }

        return inputs;
    }
}
