using System.Text.Json;
using MlopsGrains.Paging;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>How MLflow's methods answer a page of a list.</summary>
internal static class MlflowPages
{
    /// <summary>The token of the next page, left out on the last one.</summary>
    public static void WriteNextPage(this Utf8JsonWriter json, string? token)
    {
        if (!string.IsNullOrEmpty(token))
        {
            json.WriteString("next_page_token", token);
        }
    }

    /// <summary>Answers a page: its items under a name, left out when there are none, and the next page's token.</summary>
    public static Task AnswerPage<T>(this MlflowCall call, string name, Page<T> page, Action<Utf8JsonWriter, T> write) => call.Answer(json =>
    {
        if (page.Items.Count > 0)
        {
            json.WriteStartArray(name);
            foreach (var item in page.Items)
            {
                write(json, item);
            }

            json.WriteEndArray();
        }

        json.WriteNextPage(page.NextPageToken);
    });
}
