using MlopsGrains.Identity;

namespace MlopsGrains.Grains.Idempotency;

/// <summary>A request with a key that something was changed for, or found as it should be.</summary>
/// <param name="Key">See <see cref="RequestKey"/>.</param>
/// <param name="Number">Of the version, revision or user that was answered.</param>
internal sealed record AnsweredRequest(string Key, int Number);

/// <summary>The newest requests with a key, kept in the state that they are about: a repeat whose answer was lost gets the same number, whatever came in between.</summary>
internal static class AnsweredRequests
{
    private const int KeptMax = 100;

    /// <summary>The number that a request was answered with before.</summary>
    public static int? NumberOf(this List<AnsweredRequest> requests, string? key) => key is null ? null : requests.Find(r => r.Key == key)?.Number;

    /// <summary>Keeps what a request is answered with.</summary>
    /// <returns>Whether there is something to write.</returns>
    public static bool Keep(this List<AnsweredRequest> requests, string? key, int number)
    {
        if (key is null)
        {
            return false;
        }

        requests.Add(new AnsweredRequest(key, number));
        requests.RemoveRange(0, Math.Max(0, requests.Count - KeptMax));
        return true;
    }
}
