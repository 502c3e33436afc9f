using System.Diagnostics;

namespace MlopsGrains.Cli.Tests.Terminals;

/// <summary>The real executable, because the runtime reads the variables once a process.</summary>
public sealed class ProxyTests(Testing.ServerFixture server)
{
    [Theory]
    [InlineData("", 3, "through the proxy http://127.0.0.1:1 of http_proxy")]
    [InlineData("*", 0, "")]
    public async Task ProxyThatIsNotThere_IsNamed_AndNoProxyIsHonoured(string noProxy, int code, string says)
    {
        var start = new ProcessStartInfo(Terminal.Executable, ["version", "--server", server.BaseAddress.AbsoluteUri]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["http_proxy"] = "http://127.0.0.1:1";
        start.Environment.Remove("no_proxy");
        start.Environment["NO_PROXY"] = noProxy;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(code, process.ExitCode);
        Assert.Contains(says, await error, StringComparison.Ordinal);
    }
}
