using MlopsGrains.Grains.Calls;

namespace MlopsGrains.Grains.Tests.Calls;

public sealed class AskerClocksTests
{
    private const long Own = 5;
    private const long Asker = 7;

    private readonly AskerClocks clocks = new(Own);

    [Fact]
    public void OwnCalls_HaveTheAgeThatTheClockSays() => Assert.Equal(40, clocks.AgeMs(Own, 1000, 1040));

    [Theory]
    [InlineData(0)]
    [InlineData(5_000_000)]
    [InlineData(-5_000_000)]
    public void AnothersCalls_AreAsOldAsTheyAreFurtherBehindThanItsYoungest(long apart)
    {
        Assert.Equal(0, clocks.AgeMs(Asker, 1000 + apart, 1003));
        Assert.Equal(20_000, clocks.AgeMs(Asker, 1500 + apart, 21_503));
        Assert.Equal(0, clocks.AgeMs(Asker, 21_600 + apart, 21_602));
        Assert.Equal(1, clocks.AgeMs(Asker, 21_700 + apart, 21_703));
    }

    /// <summary>What waited in a frozen process comes all at once, and the newest of it need not be young.</summary>
    [Fact]
    public void AfterALongPause_WhatWaitedIsOld()
    {
        Assert.Equal(0, clocks.AgeMs(Asker, 1000, 1000));

        Assert.Equal(90_000, clocks.AgeMs(Asker, 2000, 92_000));
        Assert.Equal(80_000, clocks.AgeMs(Asker, 12_000, 92_000));
        Assert.Equal(0, clocks.AgeMs(Asker, 92_001, 92_001));
    }

    /// <summary>Or every call would be refused once two clocks have drifted apart by more than a caller's patience.</summary>
    [Fact]
    public void ADrift_IsForgottenAfterTwoWindows()
    {
        clocks.AgeMs(Asker, 0, 0);
        Assert.Equal(500, clocks.AgeMs(Asker, 61_000, 61_500));
        clocks.AgeMs(Asker, 122_000, 122_500);

        Assert.Equal(0, clocks.AgeMs(Asker, 183_000, 183_500));
    }
}
