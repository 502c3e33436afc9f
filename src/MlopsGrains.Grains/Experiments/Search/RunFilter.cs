using MlopsGrains.Algorithms.Filters;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Experiments.Search;

/// <summary>
/// A checked filter over runs. A comparison, also <c>!=</c>, matches only runs that have the key; <c>IS NULL</c> asks for those that have not, and NOT matches
/// whatever its term does not.
/// </summary>
internal sealed class RunFilter
{
    private readonly FilterExpression tree;
    private readonly Dictionary<FilterComparison, RunTest> tests = new(ReferenceEqualityComparer.Instance);

    private RunFilter(FilterExpression tree)
    {
        this.tree = tree;
        foreach (var comparison in tree.Comparisons())
        {
            tests.Add(comparison, RunTest.Of(comparison));
        }
    }

    /// <exception cref="MlopsException">Bad syntax, or a key or operator that runs do not have; the field is <c>filter</c>.</exception>
    public static RunFilter Parse(string? text) => new(FilterBinding.Parse("filter", text));

    /// <summary>The points that only the runs themselves can answer for.</summary>
    public IReadOnlyList<StepValues.Point> Points =>
        [.. tree.Comparisons().Where(c => c.Function?.Kind == FilterFunctionKind.At).Select(c => new StepValues.Point(c.Name, c.Function!.Step)).Distinct()];

    /// <summary>The filter over a table's columns. Good until the table changes.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="values">What runs answered about values at a step.</param>
    public RowMask Bind(RunTable table, StepValues values) => Bind(tree, table, values);

    private RowMask Bind(FilterExpression expression, RunTable table, StepValues values) => expression switch
    {
        FilterAnd and => new AllMask([.. and.Terms.Select(t => Bind(t, table, values))]),
        FilterOr or => new AnyMask([.. or.Terms.Select(t => Bind(t, table, values))]),
        FilterNot not => new NotMask(Bind(not.Term, table, values)),
        _ => tests[(FilterComparison)expression].Bind(table, values),
    };
}

/// <summary>One checked comparison.</summary>
internal sealed class RunTest
{
    private readonly RunField key;
    private readonly FilterComparison comparison;
    private readonly Func<string, bool> text = _ => false;
    private readonly Func<double, bool> number = _ => false;

    private RunTest(FilterComparison comparison)
    {
        this.comparison = comparison;
        key = RunField.Find("filter", comparison.Entity, comparison.Name);
        if (comparison.Function is not null && key.Kind != RunFieldKind.Metric)
        {
            throw FilterWords.Wrong("filter", comparison, "only the metrics of runs have a history that a function can look at");
        }

        if (key.IsNumber)
        {
            number = FilterBinding.Numbers("filter", comparison);
        }
        else if (!IsNullTest)
        {
            text = FilterBinding.Texts("filter", comparison);
            if (key.Kind is RunFieldKind.Param or RunFieldKind.Tag)
            {
                text = AlsoOfCut(text);
            }
        }
    }

    /// <summary>Whole texts are compared by their digests where the index keeps a part of one; patterns see that part.</summary>
    private Func<string, bool> AlsoOfCut(Func<string, bool> test)
    {
        if (comparison.Operator is FilterOperator.Like or FilterOperator.ILike)
        {
            return value => test(ResidentTexts.IsCut(value) ? value[..ResidentTexts.KeptCharacters] : value);
        }

        var ofCut = FilterBinding.Texts("filter", comparison with { Values = [.. comparison.Values.Select(v => v with { Text = ResidentTexts.Cut(v.Text) })] });
        return value => ResidentTexts.IsCut(value) ? ofCut(value) : test(value);
    }

    private bool IsNullTest => comparison.Operator is FilterOperator.IsNull or FilterOperator.IsNotNull && key.Kind is RunFieldKind.Param or RunFieldKind.Tag;

    public static RunTest Of(FilterComparison comparison)
    {
        try
        {
            return new RunTest(comparison);
        }
        catch (MlopsException e) when (e.Position is null)
        {
            throw e.At(comparison.Position, comparison.Length);
        }
    }

    public RowMask Bind(RunTable table, StepValues values)
    {
        var (pool, name, wantsNull) = (table.Texts, key.Key, comparison.Operator == FilterOperator.IsNull);
        return key.Kind switch
        {
            RunFieldKind.Metric when comparison.Function is { Kind: FilterFunctionKind.At } at => new StepMask(values, new(name, at.Step), number),
            RunFieldKind.Metric when comparison.Function is { Kind: not FilterFunctionKind.Last } history => new HistoryMask(name, history.Kind, number),
            RunFieldKind.Metric => new MetricMask(name, comparison.Operator, comparison.Values[0].Number!.Value),
            RunFieldKind.Param when IsNullTest => new ShapeMask(shape => shape.ParamAt(name) >= 0 != wantsNull),
            RunFieldKind.Tag when IsNullTest => new ShapeMask(shape => shape.TagAt(name) >= 0 != wantsNull),
            RunFieldKind.Param => Codes(pool, (block, buffer) => block.Shape.ParamAt(name) is >= 0 and var at ? block.Texts(at, buffer) : []),
            RunFieldKind.Tag => Codes(pool, (block, buffer) => block.Shape.TagAt(name) is >= 0 and var at ? block.Texts(at, buffer) : []),
            RunFieldKind.RunName => Codes(pool, (block, buffer) => block.Names(buffer)),
            RunFieldKind.UserId => Codes(pool, (block, buffer) => block.Users(buffer)),
            RunFieldKind.RunId => RunIds(),
            RunFieldKind.Status => new RowsMask((block, row) => text(RunField.NameOf(block.Status(row)))),
            RunFieldKind.ArtifactUri => new RowsMask((block, row) => text(table.UriOf(block, row))),
            RunFieldKind.StartTime => new RowsMask((block, row) => number(block.StartTimes[row])),
            RunFieldKind.EndTime => new RowsMask((block, row) => block.EndTimes[row] is not RunBlock.NoTime and var end && number(end)),
            RunFieldKind.DatasetContext => Many(pool, codes => RunExtras.Contexts(codes, pool)),
            RunFieldKind.DatasetDigest => Many(pool, codes => RunExtras.Column(codes, RunExtras.Digest)),
            _ => Many(pool, codes => RunExtras.Column(codes, RunExtras.Name)),
        };
    }

    private RowMask Codes(TextPool pool, CodeColumn column) =>
        comparison.Operator == FilterOperator.Equal && comparison.Values[0].Text.Length <= ResidentTexts.KeptCharacters ? new CodeMask(column, pool.Find(comparison.Values[0].Text)) : new CodesMask(column, new CodeTest(pool, text));

    private RowsMask Many(TextPool pool, Func<int[], IEnumerable<int>> codes)
    {
        var test = new CodeTest(pool, text);
        return new RowsMask((block, row) => block.Extras(row) is { } extras && codes(extras).Any(test.Passes));
    }

    /// <summary>Whole ids are compared as keys, because making a million texts takes longer than everything else.</summary>
    private RowsMask RunIds()
    {
        if (comparison.Operator is FilterOperator.Like or FilterOperator.ILike)
        {
            return new RowsMask((block, row) => text(block.Id(row)));
        }

        var (keys, wanted) = (comparison.Values.Select(v => RunKey.Of(v.Text).Key).ToHashSet(), comparison.Operator is FilterOperator.Equal or FilterOperator.In);
        return new RowsMask((block, row) => keys.Contains(block.Keys[row]) == wanted);
    }
}
