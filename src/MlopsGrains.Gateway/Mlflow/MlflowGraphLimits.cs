using System.Text;
using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Exceptions;
using GraphQLParser.Visitors;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>
/// What a GraphQL request may hold. Validation compares the parts of a query with each other, so everything that is written in it is counted before, whether it is
/// used or not; fragments count once more wherever they are used.
/// </summary>
internal static class MlflowGraphLimits
{
    public const int QueryBytesMax = 64 << 10;
    public const int VariablesBytesMax = 256 << 10;
    public const int OperationsMax = 10;
    public const int FragmentsMax = 50;
    public const int ArgumentsMax = 100;
    public const int DirectivesMax = 50;
    public const int VariablesMax = 50;
    public const int ValuesMax = 2_000;
    public const int RootFieldsMax = 10;
    public const int AliasesMax = 10;
    public const int DepthMax = 10;
    public const int SelectionsMax = 1_000;

    /// <summary>What is wrong with the form or size of a query or its variables, if anything.</summary>
    public static async ValueTask<string?> FaultAsync(string query, string? variables, CancellationToken cancellationToken)
    {
        if (Encoding.UTF8.GetByteCount(query) is var bytes and > QueryBytesMax)
        {
            return $"The query has {bytes} bytes; at most {QueryBytesMax}";
        }

        if (variables is not null && Encoding.UTF8.GetByteCount(variables) is var given and > VariablesBytesMax)
        {
            return $"The variables have {given} bytes; at most {VariablesBytesMax}";
        }

        try
        {
            var document = Parser.Parse(query);
            await new Written().VisitAsync(document, new Counts(cancellationToken));
            CheckUse(document);
            return null;
        }
        catch (Exception e) when (e is GraphQLParserException or TooLargeException)
        {
            return e.Message;
        }
    }

    /// <summary>Holds what a query selects to its limits: fragments count as often as they are used.</summary>
    private static void CheckUse(GraphQLDocument document)
    {
        var fragments = document.Definitions.OfType<GraphQLFragmentDefinition>().GroupBy(f => f.FragmentName.Name.StringValue).ToDictionary(f => f.Key, f => f.First().SelectionSet);
        var (selections, aliases) = (0, 0);
        foreach (var operation in document.Definitions.OfType<GraphQLOperationDefinition>())
        {
            Require(Count(operation.SelectionSet, 1), RootFieldsMax, $"GraphQL queries should have at most {RootFieldsMax} root fields");
        }

        int Count(GraphQLSelectionSet set, int depth)
        {
            var fields = 0;
            foreach (var selection in set.Selections)
            {
                Require(++selections, SelectionsMax, $"Query exceeds maximum total selections of {SelectionsMax}");
                switch (selection)
                {
                    case GraphQLField field:
                        fields++;
                        Require(depth, DepthMax, $"Query exceeds maximum depth of {DepthMax}");
                        Require(aliases += field.Alias is null ? 0 : 1, AliasesMax, $"GraphQL queries should have at most {AliasesMax} aliases");
                        if (field.SelectionSet is { } below)
                        {
                            Count(below, depth + 1);
                        }

                        break;
                    case GraphQLInlineFragment fragment:
                        fields += Count(fragment.SelectionSet, depth);
                        break;
                    case GraphQLFragmentSpread spread when fragments.TryGetValue(spread.FragmentName.Name.StringValue, out var named):
                        fields += Count(named, depth);
                        break;
                    default:
                        break;
                }
            }

            return fields;
        }
    }

    private static void Require(int count, int most, string limit)
    {
        if (count > most)
        {
            throw new TooLargeException(limit);
        }
    }

    /// <summary>Counts what is written, in definitions that nothing uses too.</summary>
    private sealed class Written : ASTVisitor<Counts>
    {
        public override ValueTask VisitAsync(ASTNode? node, Counts counts)
        {
            switch (node)
            {
                case GraphQLOperationDefinition:
                    Require(++counts.Operations, OperationsMax, Said(OperationsMax, "operations"));
                    break;
                case GraphQLFragmentDefinition:
                    Require(++counts.Fragments, FragmentsMax, Said(FragmentsMax, "fragments"));
                    break;
                case ISelectionNode:
                    Require(++counts.Selections, SelectionsMax, $"Query exceeds maximum total selections of {SelectionsMax}");
                    Require(counts.Aliases += node is GraphQLField { Alias: not null } ? 1 : 0, AliasesMax, $"GraphQL queries should have at most {AliasesMax} aliases");
                    break;
                case GraphQLArgument:
                    Require(++counts.Arguments, ArgumentsMax, Said(ArgumentsMax, "arguments"));
                    break;
                case GraphQLDirective:
                    Require(++counts.Directives, DirectivesMax, Said(DirectivesMax, "directives"));
                    break;
                case GraphQLVariableDefinition:
                    Require(++counts.Variables, VariablesMax, Said(VariablesMax, "variables"));
                    break;
                case GraphQLValue:
                    Require(++counts.Values, ValuesMax, Said(ValuesMax, "values"));
                    break;
                default:
                    break;
            }

            return base.VisitAsync(node, counts);
        }

        private static string Said(int most, string parts) => $"GraphQL queries should have at most {most} {parts}";
    }

    private sealed class Counts(CancellationToken cancellationToken) : IASTVisitorContext
    {
        public int Operations { get; set; }

        public int Fragments { get; set; }

        public int Selections { get; set; }

        public int Aliases { get; set; }

        public int Arguments { get; set; }

        public int Directives { get; set; }

        public int Variables { get; set; }

        public int Values { get; set; }

        public CancellationToken CancellationToken => cancellationToken;
    }

    private sealed class TooLargeException(string message) : Exception(message);
}
