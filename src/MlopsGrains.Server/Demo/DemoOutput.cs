using System.Diagnostics;
using Spectre.Console;

namespace MlopsGrains.Server.Demo;

/// <summary>What the demo says: colours and tables on a terminal, plain lines elsewhere.</summary>
internal sealed class DemoOutput
{
    private readonly IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings());
    private readonly long started = Stopwatch.GetTimestamp();
    private int failures;

    public DemoOutput()
    {
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = 200;
        }
    }

    /// <summary>Whether every check so far held.</summary>
    public bool AllPassed => failures == 0;

    public void Title(string text)
    {
        if (console.Profile.Capabilities.Interactive)
        {
            console.Write(new Rule($"[bold]{Markup.Escape(text)}[/]").LeftJustified());
        }
        else
        {
            console.WriteLine(text);
        }
    }

    public void Step(int number, string text)
    {
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold blue]{number}. {text}[/] [grey]({Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s)[/]");
    }

    public void Line(string text) => console.MarkupLineInterpolated($"   {text}");

    /// <summary>States a check and its outcome; a failed one fails the demo.</summary>
    public void Check(bool passed, string text)
    {
        if (passed)
        {
            console.MarkupLineInterpolated($"   [green]ok[/]     {text}");
            return;
        }

        failures++;
        console.MarkupLineInterpolated($"   [red]FAILED[/] {text}");
    }

    public void Rows(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = console.Profile.Capabilities.Interactive ? TableBorder.Rounded : TableBorder.None };
        table.AddColumns([.. header.Select(h => new TableColumn(Markup.Escape(h)) { NoWrap = true })]);
        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        console.Write(new Padder(table, new Padding(3, 0, 0, 0)));
    }

    /// <summary>Runs <paramref name="work"/>, on a terminal under a spinner.</summary>
    public Task<T> During<T>(string what, Func<Task<T>> work) =>
        console.Profile.Capabilities.Interactive
            ? console.Status().StartAsync(Markup.Escape(what), _ => work())
            : work();
}
