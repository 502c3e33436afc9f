using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using MlopsGrains.Cli.Shell;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Cli.Pipelines;

/// <summary>A pipeline run's end as CI systems read it: JUnit XML and Markdown.</summary>
internal static class PipelineReport
{
    /// <summary>A <c>failure</c> is a gate that said no, an <c>error</c> a step that could not do its work, <c>skipped</c> what did not run.</summary>
    public static XDocument Junit(PipelineRun run)
    {
        var cases = run.Steps.Select(step => Case(run, step)).ToList();
        var suite = new XElement("testsuite",
            new XAttribute("name", run.Pipeline),
            new XAttribute("tests", run.Steps.Count),
            new XAttribute("failures", cases.Count(c => c.Element("failure") is not null)),
            new XAttribute("errors", cases.Count(c => c.Element("error") is not null)),
            new XAttribute("skipped", cases.Count(c => c.Element("skipped") is not null)),
            new XAttribute("time", Seconds(run.EndedAt - run.StartedAt)),
            new XAttribute("timestamp", run.StartedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture)),
            new XAttribute("hostname", Environment.MachineName),
            new XElement("properties",
                Property("pipelineRunId", run.PipelineRunId),
                Property("status", ValueText.Enum(run.Status)),
                run.Params.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => Property("param." + p.Key, p.Value)),
                run.Steps.SelectMany(s => s.Outputs.OrderBy(o => o.Key, StringComparer.Ordinal).Select(o => Property($"{s.Name}.{o.Key}", o.Value)))),
            cases);
        return new XDocument(new XElement("testsuites", suite));
    }

    public static void WriteJunit(PipelineRun run, string path)
    {
        using var writer = XmlWriter.Create(path, new XmlWriterSettings { Indent = true, Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) });
        Junit(run).Save(writer);
    }

    public static string Markdown(PipelineRun run)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"## Pipeline {Cell(run.Pipeline)}: {ValueText.Enum(run.Status)}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"Run `{run.PipelineRunId}`, definition version {run.DefinitionVersion}");
        text.Append(run.Reason is null ? ".\n\n" : $": {Cell(run.Reason)}\n\n");
        text.Append("| Step | Status | Attempt | Seconds | Outputs | Error |\n|---|---|---|---|---|---|\n");
        foreach (var step in run.Steps)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {Cell(step.Name)} | {ValueText.Enum(step.Status)} | {step.Attempt} | {Seconds(step.EndedAt - step.StartedAt)} | {Cell(ValueText.Pairs(step.Outputs))} | {Cell(step.Error)} |\n");
        }

        return text.Append('\n').ToString();
    }

    private static XElement Case(PipelineRun run, PipelineStep step)
    {
        var element = new XElement("testcase",
            new XAttribute("name", step.Name),
            new XAttribute("classname", $"{run.Pipeline}.{step.Uses}"),
            new XAttribute("time", Seconds(step.EndedAt - step.StartedAt)));
        var verdict = step.Status switch
        {
            StepStatus.Rejected => "failure",
            StepStatus.Failed => "error",
            StepStatus.Succeeded => null,
            _ => "skipped",
        };
        if (verdict is not null)
        {
            element.Add(new XElement(verdict, new XAttribute("message", Xml(step.Error ?? ValueText.Enum(step.Status))), new XAttribute("type", step.Uses)));
        }

        return element;
    }

    private static XElement Property(string name, string value) => new("property", new XAttribute("name", Xml(name)), new XAttribute("value", Xml(value)));

    /// <summary>XML cannot hold most control characters, and a step's error may.</summary>
    private static string Xml(string text) => string.Concat(text.Select(c => XmlConvert.IsXmlChar(c) || char.IsSurrogate(c) ? c : '\uFFFD'));

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");

    private static string Seconds(TimeSpan? took) => (took ?? TimeSpan.Zero).TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);
}
