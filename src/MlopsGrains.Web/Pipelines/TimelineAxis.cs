namespace MlopsGrains.Web.Pipelines;

/// <summary>A stretch of time in which nothing ran, drawn short.</summary>
/// <param name="From">Where it begins, of 100.</param>
/// <param name="Width">Of 100.</param>
/// <param name="Length">How long it was.</param>
internal sealed record CollapsedWait(double From, double Width, TimeSpan Length);

/// <summary>
/// Where instants stand on a timeline, 0 to 100. Long waits, in which nothing ran, are drawn short so that the rest can be seen. The axis is the busy stretches in a row, each with its share of the width.
/// </summary>
internal sealed class TimelineAxis
{
    private const double WaitWidth = 6;
    private const double WaitShareMin = 0.15;
    private const int TicksMost = 6;
    private const double LabelWidth = 11;

    private static readonly int[] TickSeconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

    private readonly List<(DateTimeOffset From, DateTimeOffset To, double Place, double Width)> stretches = [];

    private TimelineAxis(IReadOnlyList<(DateTimeOffset From, DateTimeOffset To)> busy)
    {
        var waits = busy.Count - 1;
        var seconds = busy.Sum(b => Math.Max(0.001, (b.To - b.From).TotalSeconds));
        var room = 100 - (waits * WaitWidth);
        var place = 0.0;
        foreach (var (from, to) in busy)
        {
            var width = Math.Max(0.001, (to - from).TotalSeconds) / seconds * room;
            stretches.Add((from, to, place, width));
            place += width + WaitWidth;
        }

        Waits = [.. stretches.Skip(1).Select((s, i) => new CollapsedWait(s.Place - WaitWidth, WaitWidth, s.From - stretches[i].To))];
    }

    public IReadOnlyList<CollapsedWait> Waits { get; }

    /// <param name="ran">When something ran, in any order.</param>
    /// <param name="from">The beginning of all.</param>
    /// <param name="to">The end, or now.</param>
    /// <param name="collapses">Whether waits of 15 % and more of the whole are drawn short, at most six of them.</param>
    public static TimelineAxis Of(IEnumerable<(DateTimeOffset From, DateTimeOffset To)> ran, DateTimeOffset from, DateTimeOffset to, bool collapses)
    {
        to = to > from ? to : from.AddMilliseconds(1);
        if (!collapses)
        {
            return new TimelineAxis([(from, to)]);
        }

        var least = (to - from) * WaitShareMin;
        var busy = new List<(DateTimeOffset From, DateTimeOffset To)> { (from, from) };
        foreach (var (began, ended) in ran.Append((From: to, To: to)).OrderBy(r => r.From))
        {
            var last = busy[^1];
            if (began - last.To >= least)
            {
                busy.Add((began, ended));
            }
            else if (ended > last.To)
            {
                busy[^1] = (last.From, ended);
            }
        }

        return new TimelineAxis(busy);
    }

    /// <summary>0 to 100; what lies in a wait is on its way through it.</summary>
    public double At(DateTimeOffset time)
    {
        for (var i = 0; i < stretches.Count; i++)
        {
            var (from, to, place, width) = stretches[i];
            if (time <= to || i == stretches.Count - 1)
            {
                if (time < from && i > 0)
                {
                    var before = stretches[i - 1];
                    return place - WaitWidth + (WaitWidth * ((time - before.To) / (from - before.To)));
                }

                return place + (width * (to > from ? Math.Clamp((time - from) / (to - from), 0, 1) : 0));
            }
        }

        return 0;
    }

    /// <summary>Round instants, at most about six, none whose words would cover another's or a wait's.</summary>
    public IEnumerable<(DateTimeOffset Time, double Place)> Ticks()
    {
        var seconds = stretches.Sum(s => (s.To - s.From).TotalSeconds);
        var step = TickSeconds.FirstOrDefault(t => seconds / t <= TicksMost, TickSeconds[^1]);
        var free = 0.0;
        foreach (var (from, to, place, width) in stretches)
        {
            var first = DateTimeOffset.FromUnixTimeSeconds((long)Math.Ceiling(from.ToUnixTimeMilliseconds() / 1000.0 / step) * step);
            for (var time = first; time <= to; time = time.AddSeconds(step))
            {
                var at = At(time);
                if (at >= free && at <= Math.Min(100 - LabelWidth, place + width) && !Waits.Any(w => at < w.From + w.Width + 3 && at + LabelWidth > w.From))
                {
                    free = at + LabelWidth;
                    yield return (time, at);
                }
            }
        }
    }
}
