using System.Text.Json;
using MlopsGrains.Algorithms.Models;

namespace MlopsGrains.Algorithms.Tests.Models;

public sealed class PerformanceVectorTests
{
    private const string File = "performance-vectors.json";

    public static TheoryData<string> Binary => OfKind("binary");

    public static TheoryData<string> Multiclass => OfKind("multiclass");

    public static TheoryData<string> Regression => OfKind("regression");

    [Theory]
    [MemberData(nameof(Binary))]
    public void Classification_MatchesTheVector(string id)
    {
        var (_, expected, labels, p, threshold) = LoadBinary(id);
        var actual = BinaryClassificationMetrics.Evaluate(labels, p, threshold);
        SameConfusion(expected, actual.Confusion);
        Vectors.Same(expected.GetProperty("balanced_accuracy"), actual.Confusion.BalancedAccuracy, what: "balanced accuracy");
        Vectors.Same(expected.GetProperty("mcc"), actual.Confusion.Matthews, what: "mcc");
        Vectors.Same(expected.GetProperty("roc_auc"), actual.RocAuc, what: "roc auc");
        Vectors.Same(expected.GetProperty("average_precision"), actual.AveragePrecision, what: "average precision");
        Vectors.Same(expected.GetProperty("log_loss_clip_1e-15"), actual.LogLoss, what: "log loss");
        Vectors.Same(expected.GetProperty("brier"), actual.Brier, what: "brier");
        Vectors.Same(expected.GetProperty("ece_10_equal_width"), actual.ExpectedCalibrationError, what: "ece");
    }

    [Theory]
    [MemberData(nameof(Binary))]
    public void EstimateWithoutLabels_MatchesTheVector(string id)
    {
        var (_, expected, _, p, threshold) = LoadBinary(id);
        var cbpe = expected.GetProperty("cbpe");
        var actual = PerformanceEstimate.Binary(p, threshold);
        SameConfusion(cbpe, actual.Confusion);
        Vectors.Same(cbpe.GetProperty("roc_auc"), actual.RocAuc, what: "roc auc");
    }

    [Theory]
    [MemberData(nameof(Binary))]
    public void Isotonic_MatchesTheVector(string id)
    {
        var (_, expected, labels, p, _) = LoadBinary(id);
        var isotonic = expected.GetProperty("isotonic");
        var actual = IsotonicCalibration.Fit(p, labels)!;
        Assert.Equal(isotonic.GetProperty("x").Doubles(), actual.X.ToArray());
        var y = isotonic.GetProperty("y").Doubles();
        Assert.Equal(y.Length, actual.Y.Length);
        for (var i = 0; i < y.Length; i++)
        {
            Assert.Equal(y[i], actual.Y[i], 1e-9);
        }

        foreach (var (query, wanted) in isotonic.GetProperty("query").Doubles().Zip(isotonic.GetProperty("predicted").Doubles()))
        {
            Assert.Equal(wanted, actual.Predict(query), 1e-9);
        }
    }

    [Theory]
    [MemberData(nameof(Binary))]
    public void Fairness_MatchesTheVector(string id)
    {
        var (one, expected, labels, p, threshold) = LoadBinary(id);
        if (!expected.TryGetProperty("fairness", out var fairness))
        {
            Assert.False(one.TryGetProperty("group", out _));
            return;
        }

        var groups = one.GetProperty("group").Strings().OfType<string>().ToArray();
        var actual = FairnessMetrics.Evaluate(labels, p.Select(x => x >= threshold).ToArray(), groups);
        Assert.Equal(fairness.GetProperty("by_group").EnumerateObject().Count(), actual.Groups.Count);
        foreach (var (name, confusion) in actual.Groups)
        {
            var group = fairness.GetProperty("by_group").GetProperty(name);
            Vectors.Same(group.GetProperty("n"), confusion.Total);
            Vectors.Same(group.GetProperty("selection_rate"), confusion.SelectionRate);
            Vectors.Same(group.GetProperty("tpr"), confusion.Recall);
            Vectors.Same(group.GetProperty("fpr"), confusion.FalsePositiveRate);
            Vectors.Same(group.GetProperty("accuracy"), confusion.Accuracy);
        }

        Vectors.Same(fairness.GetProperty("demographic_parity_difference"), actual.DemographicParityDifference);
        Vectors.Same(fairness.GetProperty("demographic_parity_ratio"), actual.DemographicParityRatio);
        Vectors.Same(fairness.GetProperty("equal_opportunity_difference"), actual.EqualOpportunityDifference);
        Vectors.Same(fairness.GetProperty("equalized_odds_difference"), actual.EqualizedOddsDifference);
    }

    [Theory]
    [MemberData(nameof(Multiclass))]
    public void Multiclass_MatchesTheVector(string id)
    {
        var one = Vectors.Case(File, id);
        var expected = one.GetProperty("expected");
        var proba = one.GetProperty("proba").EnumerateArray().Select(row => row.Doubles()).ToArray();
        var actual = MulticlassMetrics.Evaluate(one.GetProperty("y").Ints(), proba, one.GetProperty("classes").GetInt32());
        Assert.Equal(expected.GetProperty("confusion").EnumerateArray().Select(row => row.Longs()), actual.Confusion);
        for (var c = 0; c < actual.Classes.Count; c++)
        {
            Vectors.Same(expected.GetProperty("precision")[c], actual.Classes[c].Precision, what: "precision");
            Vectors.Same(expected.GetProperty("recall")[c], actual.Classes[c].Recall, what: "recall");
            Vectors.Same(expected.GetProperty("f1")[c], actual.Classes[c].F1, what: "f1");
            Assert.Equal(expected.GetProperty("support")[c].GetInt64(), actual.Classes[c].Support);
        }

        Vectors.Same(expected.GetProperty("accuracy"), actual.Accuracy, what: "accuracy");
        Vectors.Same(expected.GetProperty("f1_macro"), actual.F1Macro, what: "f1 macro");
        Vectors.Same(expected.GetProperty("f1_weighted"), actual.F1Weighted, what: "f1 weighted");
        Vectors.Same(expected.GetProperty("cohen_kappa"), actual.CohenKappa, what: "kappa");
        Vectors.Same(expected.GetProperty("log_loss_clip_1e-15"), actual.LogLoss, what: "log loss");
        Vectors.Same(expected.GetProperty("roc_auc_ovr_macro"), actual.RocAucOvrMacro, what: "roc auc");
        Vectors.Same(expected.GetProperty("cbpe_accuracy"), PerformanceEstimate.MulticlassAccuracy(proba), what: "cbpe");
    }

    [Theory]
    [MemberData(nameof(Regression))]
    public void Regression_MatchesTheVector(string id)
    {
        var one = Vectors.Case(File, id);
        var expected = one.GetProperty("expected");
        var actual = RegressionMetrics.Evaluate(one.GetProperty("y").Doubles(), one.GetProperty("prediction").Doubles())!;
        Vectors.Same(expected.GetProperty("mae"), actual.MeanAbsoluteError);
        Vectors.Same(expected.GetProperty("mse"), actual.MeanSquaredError);
        Vectors.Same(expected.GetProperty("rmse"), actual.RootMeanSquaredError);
        Vectors.Same(expected.GetProperty("median_ae"), actual.MedianAbsoluteError);
        Vectors.Same(expected.GetProperty("max_error"), actual.MaxError);
        Vectors.Same(expected.GetProperty("mean_error"), actual.MeanError);
        Vectors.Same(expected.GetProperty("r2"), actual.RSquared);
        Vectors.Same(expected.GetProperty("mape_nonzero_only"), actual.MeanAbsolutePercentageError);
        Assert.Equal(expected.GetProperty("mape_skipped").GetInt64(), actual.PercentageSkipped);
        Vectors.Same(expected.GetProperty("smape"), actual.SymmetricPercentageError);
    }

    [Fact]
    public void MacroF1_IsTheMeanOverTheClassesThatOccur()
    {
        // Classes 0 and 1 have two hits, one miss and one false alarm each; class 2 is neither a label nor a prediction.
        var metrics = MulticlassMetrics.Evaluate([0, 0, 1, 1, 1, 0], [0, 0, 1, 0, 1, 1], 3);

        Assert.Equal(2.0 / 3, metrics.F1Macro!.Value, 12);
        Assert.Null(metrics.Classes[2].F1);
    }

    [Fact]
    public void NoRows_AreUndefined_AndWrongOnesNamed()
    {
        Assert.Null(RegressionMetrics.Evaluate([], []));
        var empty = BinaryClassificationMetrics.Evaluate([], []);
        Assert.Equal((null, null, null), (empty.RocAuc, empty.LogLoss, empty.Confusion.Accuracy));
        Assert.Null(IsotonicCalibration.Fit([], []));
        Assert.Null(PerformanceEstimate.Binary([]).RocAuc);
        Assert.Null(FairnessMetrics.Evaluate([], [], []).DemographicParityDifference);
        Assert.Throws<ArgumentException>("probabilities", () => BinaryClassificationMetrics.Evaluate([true], [1.5]));
        Assert.Throws<ArgumentException>("probabilities", () => BinaryClassificationMetrics.Evaluate([true], [double.NaN]));
        Assert.Throws<ArgumentException>("predicted", () => RegressionMetrics.Evaluate([1], [1, 2]));
        Assert.Throws<ArgumentException>("labels", () => MulticlassMetrics.Evaluate([3], [0], 3));
    }

    private static void SameConfusion(JsonElement expected, BinaryConfusion actual)
    {
        Vectors.Same(expected.GetProperty("tp"), actual.TruePositives, what: "tp");
        Vectors.Same(expected.GetProperty("fp"), actual.FalsePositives, what: "fp");
        Vectors.Same(expected.GetProperty("tn"), actual.TrueNegatives, what: "tn");
        Vectors.Same(expected.GetProperty("fn"), actual.FalseNegatives, what: "fn");
        Vectors.Same(expected.GetProperty("accuracy"), actual.Accuracy, what: "accuracy");
        Vectors.Same(expected.GetProperty("precision"), actual.Precision, what: "precision");
        Vectors.Same(expected.GetProperty("recall"), actual.Recall, what: "recall");
        Vectors.Same(expected.GetProperty("specificity"), actual.Specificity, what: "specificity");
        Vectors.Same(expected.GetProperty("f1"), actual.F1, what: "f1");
    }

    private static TheoryData<string> OfKind(string kind) => Vectors.Ids(File, one => one.GetProperty("kind").GetString() == kind);

    private static (JsonElement Case, JsonElement Expected, bool[] Labels, double[] P, double Threshold) LoadBinary(string id)
    {
        var one = Vectors.Case(File, id);
        return (one, one.GetProperty("expected"), one.GetProperty("y").Bits(), one.GetProperty("p").Doubles(), one.GetProperty("threshold").GetDouble());
    }
}
