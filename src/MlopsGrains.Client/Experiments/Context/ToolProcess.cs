using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace MlopsGrains.Client.Experiments.Context;

/// <summary>Asks a program of the machine, with bounds on its time and on its answer.</summary>
internal static class ToolProcess
{
    /// <summary>What it wrote, cut at <paramref name="bytesMax"/>; <see langword="null"/> when there is no such program, it failed or it took too long.</summary>
    public static async Task<(string Text, bool Cut)?> ReadAsync(
        string program, IReadOnlyList<string> arguments, string? directory, int bytesMax, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory ?? "",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            StandardOutputEncoding = Encoding.UTF8,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        Process? process;
        try
        {
            process = Process.Start(start);
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            return null;
        }

        using (process)
        {
            if (process is null)
            {
                return null;
            }

            process.StandardInput.Close();
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(timeout);
            try
            {
                var bytes = new byte[bytesMax];
                var length = await process.StandardOutput.BaseStream.ReadAtLeastAsync(bytes, bytesMax, throwOnEndOfStream: false, limit.Token);
                if (length == bytesMax)
                {
                    process.Kill();
                    return (Encoding.UTF8.GetString(bytes), true);
                }

                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0 ? (Encoding.UTF8.GetString(bytes, 0, length), false) : null;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill();
                return null;
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw;
            }
        }
    }
}
