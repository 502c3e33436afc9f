using MlopsGrains.Web.Formats;

namespace MlopsGrains.Web.Tests.Formats;

/// <summary>Markdown of strangers in a page of ours.</summary>
public sealed class MarkdownTextTests
{
    [Theory]
    [InlineData("# Card\n\nGood **enough**", "<h1>Card</h1>\n<p>Good <strong>enough</strong></p>\n")]
    [InlineData("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n")]
    [InlineData("a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n")]
    [InlineData("[x](https://example.org/a)", "<p><a href=\"https://example.org/a\" rel=\"noopener noreferrer nofollow\">x</a></p>\n")]
    [InlineData("[x](javascript:alert(1))", "<p><a href=\"#\" rel=\"noopener noreferrer nofollow\">x</a></p>\n")]
    [InlineData("[x](JAVASCRIPT:alert(1))", "<p><a href=\"#\" rel=\"noopener noreferrer nofollow\">x</a></p>\n")]
    [InlineData("[x](data:text/html,hi)", "<p><a href=\"#\" rel=\"noopener noreferrer nofollow\">x</a></p>\n")]
    [InlineData("[x](//example.org)", "<p><a href=\"#\" rel=\"noopener noreferrer nofollow\">x</a></p>\n")]
    [InlineData("![alt](https://example.org/p.png)", "<p><a href=\"https://example.org/p.png\" rel=\"noopener noreferrer nofollow\">alt</a></p>\n")]
    [InlineData("[r]\n\n[r]: javascript:alert(1)", "<p><a href=\"#\" rel=\"noopener noreferrer nofollow\">r</a></p>\n")]
    [InlineData("<javascript:alert(1)>", "<p><a href=\"#\">#</a></p>\n")]
    public void Html_IsWhatWasMeant_AndNothingElse(string markdown, string html) => Assert.Equal(html, MarkdownText.Html(markdown));

    [Fact]
    public void Tables_AreTables() => Assert.Contains("<td>0.91</td>", MarkdownText.Html("| metric | value |\n|---|---|\n| auc | 0.91 |"), StringComparison.Ordinal);
}
