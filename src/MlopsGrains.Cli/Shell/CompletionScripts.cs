namespace MlopsGrains.Cli.Shell;

/// <summary>
/// Scripts that ask the command itself what may come next (<c>mlops [suggest:POSITION] LINE</c>), so that they never grow old. They work without a server.
/// </summary>
internal static class CompletionScripts
{
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "powershell"];

    public static string Of(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => PowerShell,
    };

    private const string Bash = """
        # bash completion for mlops
        _mlops() {
            local word="${COMP_WORDS[COMP_CWORD]}" candidate
            COMPREPLY=()
            while IFS= read -r candidate; do
                [[ "$candidate" == "$word"* ]] && COMPREPLY+=("$candidate")
            done < <("${COMP_WORDS[0]}" "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
        }
        complete -o default -F _mlops mlops

        """;

    private const string Zsh = """
        #compdef mlops
        # zsh completion for mlops
        _mlops() {
            local -a candidates
            local before="${(j: :)words[1,CURRENT]}"
            candidates=("${(@f)$(${words[1]} "[suggest:${#before}]" "${before}" 2>/dev/null)}")
            if (( ${#candidates[@]} )) && [[ -n "${candidates[1]}" ]]; then
                compadd -- "${candidates[@]}"
            else
                _files
            fi
        }
        if [ "$funcstack[1]" = "_mlops" ]; then
            _mlops "$@"
        else
            compdef _mlops mlops
        fi

        """;

    private const string Fish = """
        # fish completion for mlops
        function __mlops_complete
            set -l line (commandline -cp)
            set -l command (commandline -opc)
            $command[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c mlops -a '(__mlops_complete)'

        """;

    private const string PowerShell = """
        # PowerShell completion for mlops
        Register-ArgumentCompleter -Native -CommandName mlops -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $line = $commandAst.ToString()
            if ($cursorPosition -gt $line.Length) { $line = $line.PadRight($cursorPosition) }
            $command = $commandAst.CommandElements[0].ToString()
            & $command "[suggest:$cursorPosition]" "$line" 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }

        """;
}
