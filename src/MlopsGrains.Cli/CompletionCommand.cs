using System.CommandLine;
using MlopsGrains.Cli.Shell;

namespace MlopsGrains.Cli;

internal static class CompletionCommand
{
    public static Command Create(CommandSet set)
    {
        var shell = new Argument<string>("shell") { Description = "The shell." }.AcceptOnlyFromAmong([.. CompletionScripts.Shells]);
        string[] examples =
        [
            "mlops completion bash > ~/.local/share/bash-completion/completions/mlops",
            "mlops completion zsh > ~/.zfunc/_mlops",
            "mlops completion fish > ~/.config/fish/completions/mlops.fish",
            "mlops completion powershell >> $PROFILE",
        ];
        return set.Bare("completion", "Prints the completion script of a shell.", examples, [shell], (parse, _) =>
        {
            set.Environment.Out.Write(CompletionScripts.Of(parse.GetValue(shell)!));
            return Task.FromResult(ExitCode.Passed);
        });
    }
}
