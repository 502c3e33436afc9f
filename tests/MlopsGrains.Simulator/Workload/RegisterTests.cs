namespace MlopsGrains.Simulator.Workload;

public sealed class RegisterTests
{
    private readonly Register register = new("tag", null);

    [Fact]
    public void AcknowledgedOrLaterUnknown_MayBeSeen()
    {
        register.Wrote("1", Fate.Done);
        register.Wrote("2", Fate.Unknown);

        Assert.Null(register.Saw("1"));
        Assert.Null(register.Saw("2"));
    }

    [Fact]
    public void GivenUpBeforeAnAcknowledgedOne_MustNotBeSeen()
    {
        register.Wrote("1", Fate.Unknown);
        register.Wrote("2", Fate.Done);

        Assert.Contains("came late", register.Saw("1"), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatWasSeen_MustNotGoBack()
    {
        register.Wrote("1", Fate.Done);
        register.Wrote("2", Fate.Unknown);
        register.Saw("2");

        Assert.NotNull(register.Saw("1"));
    }

    [Fact]
    public void RefusedAndUnwritten_MustNotBeSeen()
    {
        register.Wrote("1", Fate.Refused);

        Assert.NotNull(register.Saw("1"));
        Assert.NotNull(register.Saw("2"));
    }
}
