using MlopsGrains.Deployments;
using MlopsGrains.Errors;
using MlopsGrains.Grains.Deployments;
using MlopsGrains.Models;

namespace MlopsGrains.Grains.Tests.Deployments;

public sealed class RequestRulesTests
{
    private static readonly ModelSignature Signature = new(
        [new("x", "FP32", [-1, 1]), new("v", "FP32", [-1, 3]), new("n", "INT32", [-1, 1])],
        [new("score", "FP32", [-1, 1])]);

    private static readonly Tensor X = new("x", "FP32", [2], new float[2]);
    private static readonly Tensor V = new("v", "FP32", [2, 3], new float[6]);
    private static readonly Tensor N = new("n", "INT32", [2, 1], new long[2]);

    [Fact]
    public void Check_Fitting_GivesTheRows()
    {
        Assert.Equal(2, RequestRules.Check(Signature, new InferenceRequest([N, V, X])));
        Assert.Equal(0, RequestRules.Check(Signature, new InferenceRequest([N with { Shape = [0], Data = Array.Empty<long>() }, V with { Shape = [0, 3], Data = Array.Empty<float>() }, X with { Shape = [0], Data = Array.Empty<float>() }])));
    }

    [Theory]
    [InlineData("UINT8", true)]
    [InlineData("INT64", false)]
    public void Check_WholeNumbers_TellsSignedFromUnsigned(string datatype, bool unsigned)
    {
        var signature = Signature with { Inputs = [new("n", datatype, [-1, 1])] };
        object good = unsigned ? new ulong[1] : new long[1], bad = unsigned ? new long[1] : new ulong[1];

        Assert.Equal(1, RequestRules.Check(signature, new InferenceRequest([new("n", datatype, [1], good)])));
        Assert.Equal("inputs[0].data", Assert.Throws<MlopsException>(() => RequestRules.Check(signature, new InferenceRequest([new("n", datatype, [1], bad)]))).Field);
    }

    public static TheoryData<string, Tensor[], string, string> Misfits => new()
    {
        { "none", [], "inputs", "is required" },
        { "missing", [X, N], "inputs", "'v' is missing" },
        { "unknown", [X, V, N with { Name = "m" }], "inputs[2].name", "'m' is unknown; the model takes 'x', 'v', 'n'" },
        { "twice", [X, X, V], "inputs[1].name", "'x' is given twice" },
        { "datatype", [X with { Datatype = "FP64", Data = new double[2] }, V, N], "inputs[0].datatype", "has datatype FP64; expected FP32" },
        { "shape", [X, V with { Shape = [2, 2] }, N], "inputs[1].shape", "has shape [2,2]; expected [rows,3]" },
        { "flat", [X, V with { Shape = [6] }, N], "inputs[1].shape", "has shape [6]; expected [rows,3]" },
        { "rank", [X with { Shape = [1, 2, 1] }, V, N], "inputs[0].shape", "expected [rows,1] or [rows]" },
        { "rows", [X, V, N with { Shape = [3], Data = new long[3] }], "inputs[2].shape", "has 3 rows; the inputs before it have 2" },
        { "count", [X with { Data = new float[3] }, V, N], "inputs[0].data", "needs 2 elements of FP32; found 3" },
        { "kind", [X with { Data = new double[2] }, V, N], "inputs[0].data", "needs 2 elements of FP32" },
        { "range", [X, V, N with { Data = new[] { 1L, 1L << 40 } }], "inputs[2].data", "beyond INT32" },
        { "many", [X with { Shape = [100_001], Data = new float[100_001] }, V, N], "inputs[0].shape", "100001 rows; at most 100000" },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void Check_Misfit_NamesTensorExpectedAndFound(string name, Tensor[] inputs, string field, string message)
    {
        var refusal = Assert.Throws<MlopsException>(() => RequestRules.Check(Signature, new InferenceRequest(inputs)));

        Assert.True(refusal.Field == field, name);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckOutputs_UnknownOrTwice_IsRefused()
    {
        RequestRules.CheckOutputs(Signature, ["score"]);
        Assert.Contains("'y' is unknown; the model gives 'score'", Assert.Throws<MlopsException>(() => RequestRules.CheckOutputs(Signature, ["y"])).Message, StringComparison.Ordinal);
        Assert.Equal("outputs[1].name", Assert.Throws<MlopsException>(() => RequestRules.CheckOutputs(Signature, ["score", "score"])).Field);
    }
}
