using MlopsGrains.Client;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Identity;
using MlopsGrains.Pipelines;

namespace MlopsGrains.Cli.Shell;

/// <summary>Ids as people type them: a beginning is enough when only one thing has it.</summary>
internal static class Ids
{
    private const int CandidatesMax = 10;

    public static Task<string> RunAsync(CommandCall call, string given) => ResolveAsync("run-id", given, IdFormat.Length, "", async prefix =>
    {
        var found = new List<Candidate>();
        foreach (var experiments in await ExperimentsAsync(call.Client, call.Cancel))
        {
            var page = await call.Client.Runs.SearchPageAsync(
                new RunQuery(experiments, $"attributes.run_id LIKE '{prefix}%'", LifecycleView.All, [], CandidatesMax + 1, null), call.Cancel);
            found.AddRange(page.Items.Select(r => new Candidate(r.Info.RunId, r.Info.RunName)));
        }

        return found;
    });

    public static Task<string> PipelineRunAsync(CommandCall call, string given) => ResolveAsync("run-id", given, IdFormat.Length, "", async prefix =>
        [.. (await call.Client.Pipelines.FindRunsAsync(prefix, CandidatesMax + 1, call.Cancel)).Select(r => new Candidate(r.PipelineRunId, $"{r.Pipeline}, {ValueText.Time(r.StartedAt)}"))]);

    public static Task<string> LoggedModelAsync(CommandCall call, string given) => ResolveAsync("model-id", given, IdFormat.Length, TrackingIds.LoggedModelPrefix, async prefix =>
    {
        var found = new List<Candidate>();
        foreach (var experiments in await ExperimentsAsync(call.Client, call.Cancel))
        {
            var matches = call.Client.LoggedModels.SearchAsync(experiments, $"model_id LIKE '{TrackingIds.LoggedModelPrefix}{prefix}%'", call.Cancel).Take(CandidatesMax + 1);
            found.AddRange(await matches.Select(m => new Candidate(m.ModelId, m.Name)).ToListAsync(call.Cancel));
        }

        return found;
    });

    /// <summary>Of things that are listed whole.</summary>
    public static Task<string> OneOfAsync(string field, string given, int wholeLength, Func<Task<IReadOnlyList<Candidate>>> list) =>
        ResolveAsync(field, given, wholeLength, "", async prefix => [.. (await list()).Where(c => c.Id.StartsWith(prefix, StringComparison.Ordinal))]);

    private static async Task<string> ResolveAsync(string field, string given, int wholeLength, string lead, Func<string, Task<IReadOnlyList<Candidate>>> find)
    {
        var digits = given.StartsWith(lead, StringComparison.Ordinal) ? given[lead.Length..] : given;
        digits = digits.TrimEnd('…', '.'); // As a table cuts them.
        if (digits.Length is < PipelineLimits.RunIdPrefixLengthMin || digits.Length >= wholeLength || !digits.All(c => char.IsAsciiHexDigitLower(c) || c == '-'))
        {
            return given;
        }

        var found = await find(digits);
        return found.Count switch
        {
            0 => throw new MlopsException(ErrorKind.NotFound, $"nothing has an id that begins with '{given}'.", field),
            1 => found[0].Id,
            _ => throw MlopsException.Invalid(
                field,
                $"'{given}' is the beginning of several ids; write more of it:{string.Concat(found.OrderBy(c => c.Id, StringComparer.Ordinal).Take(CandidatesMax).Select(c => $"\n  {c.Id}  {c.Title}"))}{(found.Count > CandidatesMax ? "\n  …" : "")}"),
        };
    }

    private static async Task<IReadOnlyList<string[]>> ExperimentsAsync(MlopsGrainsClient client, CancellationToken cancellationToken) =>
        [.. (await client.Experiments.SearchAsync(view: LifecycleView.All, cancellationToken: cancellationToken).Select(e => e.ExperimentId).ToListAsync(cancellationToken)).Chunk(TrackingLimits.SearchExperimentsMax)];

    /// <param name="Id">Whole.</param>
    /// <param name="Title">By which a person knows it.</param>
    internal sealed record Candidate(string Id, string Title);
}
