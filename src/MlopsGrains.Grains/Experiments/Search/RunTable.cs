using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.History;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// The rows of one index shard in memory: texts once each, rows of one set of keys together in blocks of columns. Not for use by two threads.
/// </summary>
internal sealed class RunTable
{
    private const int RowBits = 10;

    private readonly Dictionary<RunShape, RunShape> shapes = [];
    private readonly List<RunBlock?> blocks = [];
    private readonly Stack<int> freeBlocks = [];
    private readonly NumberTable places;

    public RunTable() => places = new NumberTable(place => BlockOf(place).Keys[RowOf(place)].GetHashCode());

    public TextPool Texts { get; } = new();

    public int Count => places.Count;

    /// <summary>Grows with every change of a row, its stage or its place in memory.</summary>
    public long Changes { get; private set; }

    public IEnumerable<RunShape> Shapes => shapes.Values;

    /// <summary>All rows, in no order.</summary>
    public IEnumerable<(RunBlock Block, int Row)> Rows => blocks.OfType<RunBlock>().SelectMany(block => Enumerable.Range(0, block.Count).Select(row => (block, row)));

    /// <summary>Bytes of the columns, without the texts.</summary>
    public long ColumnBytes => blocks.Sum(b => b?.Bytes ?? 0);

    public bool TryFind(string id, out RunBlock block, out int row)
    {
        var slot = Slot(RunKey.Of(id).Key);
        var place = places[slot];
        (block, row) = place < 0 ? (null!, 0) : (BlockOf(place), RowOf(place));
        return place >= 0;
    }

    /// <summary>Adds a row or replaces the one of this run; it is not settled.</summary>
    public void Put(CollectedRun collected)
    {
        Changes++;
        var run = collected.Run;
        var (key, oddId) = RunKey.Of(run.Info.RunId);
        var place = places[Slot(key)];
        if (place >= 0)
        {
            var block = BlockOf(place);
            if (Fits(block.Shape, run))
            {
                // New texts are taken first, so that one that stays is not forgotten and learned again.
                var old = Codes(block, RowOf(place));
                Write(block, RowOf(place), key, oddId, collected);
                old.ForEach(Texts.Release);
                return;
            }

            Remove(run.Info.RunId);
        }

        var target = BlockFor(run);
        var row = target.Append();
        Write(target, row, key, oddId, collected);
        places.Add(key.GetHashCode(), PlaceOf(target, row));
    }

    public bool Remove(string id)
    {
        var slot = Slot(RunKey.Of(id).Key);
        if (places[slot] < 0)
        {
            return false;
        }

        var (block, row) = (BlockOf(places[slot]), RowOf(places[slot]));
        Changes++;
        places.RemoveAt(slot);
        Codes(block, row).ForEach(Texts.Release);
        var last = block.Shape.Blocks[^1];
        if (last != block || row != last.Count - 1)
        {
            places[Slot(last.Keys[^1])] = PlaceOf(block, row);
            block.TakeLast(last, row);
        }

        last.DropLast();
        if (last.Count == 0)
        {
            DropBlock(last);
        }

        return true;
    }

    public void SetStages(LifecycleStage stage)
    {
        Changes++;
        foreach (var (block, row) in Rows)
        {
            block.SetStage(row, stage);
        }
    }

    /// <summary>A row's place in memory, good until the table changes.</summary>
    public static int PlaceOf(RunBlock block, int row) => (block.Number << RowBits) | row;

    /// <summary>The row at a place in memory.</summary>
    public (RunBlock Block, int Row) At(int place) => (BlockOf(place), RowOf(place));

    /// <summary>A row with no more than these columns, and without its inputs.</summary>
    public Run Read(RunBlock block, int row, RunColumnSet columns)
    {
        var shape = block.Shape;
        var metrics = new List<Metric>(columns.Metrics.Count);
        foreach (var key in columns.Metrics)
        {
            if (shape.MetricAt(key) is >= 0 and var at)
            {
                metrics.Add(block.Metric(row, at));
            }
        }

        List<Tag> Texts(IReadOnlyList<string> keys, Func<string, int> find)
        {
            var texts = new List<Tag>(keys.Count);
            foreach (var key in keys)
            {
                if (find(key) is >= 0 and var at)
                {
                    texts.Add(new Tag(key, this.Texts[block.Text(row, at)]));
                }
            }

            return texts;
        }

        return new Run(InfoOf(block, row), metrics, Texts(columns.Params, shape.ParamAt), Texts(columns.Tags, shape.TagAt), [], [], []);
    }

    public CollectedRun Read(RunBlock block, int row)
    {
        var shape = block.Shape;
        var metrics = new Metric[shape.Metrics.Length];
        var histories = new MetricSummary[metrics.Length];
        for (var c = 0; c < metrics.Length; c++)
        {
            (metrics[c], histories[c]) = (block.Metric(row, c), block.History(row, c));
        }

        var texts = new Tag[shape.Texts];
        for (var c = 0; c < texts.Length; c++)
        {
            texts[c] = new Tag(c < shape.Params.Length ? shape.Params[c] : shape.Tags[c - shape.Params.Length], Texts[block.Text(row, c)]);
        }

        var info = InfoOf(block, row);
        var (inputs, modelInputs, modelOutputs) = RunExtras.Read(block.Extras(row), Texts);
        return new CollectedRun(new Run(info, metrics, texts[..shape.Params.Length], texts[shape.Params.Length..], inputs, modelInputs, modelOutputs), histories);
    }

    public string UriOf(RunBlock block, int row) => RunUri.Read(Texts[block.Uri(row)], block.Id(row));

    /// <summary>The same for all rows.</summary>
    public string ExperimentId { get; private set; } = "";

    private RunInfo InfoOf(RunBlock block, int row) => new(
        block.Id(row), ExperimentId, Texts[block.Name(row)], Texts[block.User(row)], block.Status(row), block.StartTimes[row],
        block.EndTimes[row] == RunBlock.NoTime ? null : block.EndTimes[row], UriOf(block, row), block.Stage(row));

    private static int RowOf(int place) => place & (RunBlock.RowsMax - 1);

    private static bool Fits(RunShape shape, Run run)
    {
        if (shape.Metrics.Length != run.Metrics.Count || shape.Params.Length != run.Params.Count || shape.Tags.Length != run.Tags.Count)
        {
            return false;
        }

        for (var c = 0; c < shape.Metrics.Length; c++)
        {
            if (shape.Metrics[c] != run.Metrics[c].Key)
            {
                return false;
            }
        }

        return Fit(shape.Params, run.Params) && Fit(shape.Tags, run.Tags);
    }

    private static bool Fit(string[] keys, IReadOnlyList<Tag> pairs)
    {
        for (var c = 0; c < keys.Length; c++)
        {
            if (keys[c] != pairs[c].Key)
            {
                return false;
            }
        }

        return true;
    }

    private RunBlock BlockOf(int place) => blocks[place >> RowBits]!;

    /// <summary>Where the key is, or the free slot where the search for it ends.</summary>
    private int Slot(UInt128 key)
    {
        var slot = places.First(key.GetHashCode());
        while (places[slot] is >= 0 and var place && BlockOf(place).Keys[RowOf(place)] != key)
        {
            slot = places.Next(slot);
        }

        return slot;
    }

    private RunBlock BlockFor(Run run)
    {
        var shape = new RunShape([.. run.Metrics.Select(m => m.Key)], [.. run.Params.Select(p => p.Key)], [.. run.Tags.Select(t => t.Key)]);
        if (shapes.TryGetValue(shape, out var known))
        {
            shape = known;
        }
        else
        {
            shapes.Add(shape, shape);
        }

        if (shape.Blocks.Count == 0 || shape.Blocks[^1].Count == RunBlock.RowsMax)
        {
            if (!freeBlocks.TryPop(out var number))
            {
                number = blocks.Count;
                blocks.Add(null);
            }

            shape.Blocks.Add(blocks[number] = new RunBlock(shape, number));
        }

        return shape.Blocks[^1];
    }

    private void DropBlock(RunBlock block)
    {
        blocks[block.Number] = null;
        freeBlocks.Push(block.Number);
        block.Shape.Blocks.Remove(block);
        if (block.Shape.Blocks.Count == 0)
        {
            shapes.Remove(block.Shape);
        }
    }

    private void Write(RunBlock block, int row, UInt128 key, string? oddId, CollectedRun collected)
    {
        var (run, info) = (collected.Run, collected.Run.Info);
        ExperimentId = info.ExperimentId;
        block.WriteHead(row, key, oddId, info, Texts.Take(info.RunName), Texts.Take(info.UserId), Texts.Take(RunUri.Write(info.ArtifactUri, info.RunId)));
        for (var c = 0; c < run.Metrics.Count; c++)
        {
            block.WriteMetric(row, c, run.Metrics[c], collected.Histories[c]);
        }

        for (var c = 0; c < block.Shape.Texts; c++)
        {
            block.WriteText(row, c, Texts.Take(c < run.Params.Count ? run.Params[c].Value : run.Tags[c - run.Params.Count].Value));
        }

        block.WriteExtras(row, RunExtras.Write(run, Texts));
    }

    /// <summary>Every use of a text by a row.</summary>
    private static List<int> Codes(RunBlock block, int row)
    {
        var codes = new List<int>(block.Shape.Texts + 3) { block.Name(row), block.User(row), block.Uri(row) };
        for (var c = 0; c < block.Shape.Texts; c++)
        {
            codes.Add(block.Text(row, c));
        }

        RunExtras.AddCodes(block.Extras(row), codes);
        return codes;
    }
}
