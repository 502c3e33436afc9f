using Markdig;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace MlopsGrains.Web.Formats;

/// <summary>Markdown as HTML that may stand in a page: HTML in it is text, links lead to the web or within it, and images are links, because a page loads nothing from elsewhere.</summary>
internal static class MarkdownText
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseTaskLists().UseEmphasisExtras().UseAutoLinks().Build();

    public static string Html(string text)
    {
        var document = Markdown.Parse(text, Pipeline);
        foreach (var link in document.Descendants<LinkInline>())
        {
            link.IsImage = false;
            link.Url = Allowed(link.GetDynamicUrl?.Invoke() ?? link.Url);
            link.GetDynamicUrl = null;
            link.GetAttributes().AddProperty("rel", "noopener noreferrer nofollow");
        }

        foreach (var link in document.Descendants<AutolinkInline>())
        {
            link.Url = link.IsEmail ? link.Url : Allowed(link.Url);
        }

        return document.ToHtml(Pipeline);
    }

    private static string Allowed(string? url) =>
        url is { Length: > 0 } && (url[0] == '#' || (Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" or "mailto")) ? url : "#";
}
