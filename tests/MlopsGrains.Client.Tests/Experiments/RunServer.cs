using System.Globalization;
using System.Net;
using System.Text.Json;

namespace MlopsGrains.Client.Tests.Experiments;

/// <summary>What the network or the platform does to a batch.</summary>
internal enum Weather
{
    Fine,
    LostBefore,
    LostAfter,
    Busy,
    Twice,
    LateCopy,
}

/// <summary>What the platform promises of one run, with the network's weather before each batch; fine once the forecast is over.</summary>
internal sealed class RunServer
{
    private const string Experiment = """{"experimentId":"7","name":"churn","artifactLocation":"a","lifecycleStage":"active","creationTime":1,"lastUpdateTime":1,"tags":[]}""";

    private readonly Queue<Weather> forecast;
    private readonly Lock sync = new();
    private readonly Dictionary<string, long> last = [];
    private JsonElement? lateCopy;
    private string runId = "r1";

    public RunServer(IEnumerable<Weather> forecast)
    {
        this.forecast = new(forecast);
        Gateway = new StubGateway().Then(Answer);
    }

    public StubGateway Gateway { get; }

    /// <summary>Whether every call fails as if nobody listened.</summary>
    public bool IsAway { get; set; }

    /// <summary>Refuses the entries that it names, as a batch is looked at; nothing when it is <see langword="null"/>.</summary>
    public Func<JsonElement, string?>? Refuses { get; set; }

    /// <summary>Values of points in the order in which they were stored.</summary>
    public List<double> Applied { get; } = [];

    public List<string> Params { get; } = [];

    public List<string> Tags { get; } = [];

    public List<string> Keys { get; } = [];

    public List<long> Sequences { get; } = [];

    public List<string> Ends { get; } = [];

    public MlopsGrainsClient Connect(TimeProvider? time = null, Action<TrackingOptions>? tracking = null) => Gateway.Connect(time, configure: o =>
    {
        o.RetryCountMax = 2;
        o.Tracking.Context = RunContext.None;
        tracking?.Invoke(o.Tracking);
    });

    public T Read<T>(Func<T> read)
    {
        lock (sync)
        {
            return read();
        }
    }

    private HttpResponseMessage Answer(StubRequest request)
    {
        lock (sync)
        {
            return IsAway ? throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused") : AnswerHere(request);
        }
    }

    private HttpResponseMessage AnswerHere(StubRequest request)
    {
        if (request.Path.StartsWith("/api/v1/experiments", StringComparison.Ordinal))
        {
            return StubGateway.Answer(HttpStatusCode.OK, $$"""{"items":[{{Experiment}}],"nextPageToken":null}""");
        }

        if (request.Method == "PATCH")
        {
            var status = JsonDocument.Parse(request.Body).RootElement.GetProperty("status").GetString()!;
            Ends.Add(status);
            return StubGateway.Answer(HttpStatusCode.OK, Head(status));
        }

        if (request.Method == "PUT")
        {
            runId = request.Path.Split('/')[^1];
        }

        return request.Path.EndsWith("/batches", StringComparison.Ordinal)
            ? Batch(JsonDocument.Parse(request.Body).RootElement)
            : StubGateway.Answer(HttpStatusCode.Created, $$"""{"info":{{Head("running")}},"metrics":[],"params":[],"tags":[],"inputs":[]}""");
    }

    private HttpResponseMessage Batch(JsonElement batch)
    {
        Sequences.Add(batch.GetProperty("producer").GetProperty("sequence").GetInt64());
        var day = forecast.TryDequeue(out var next) ? next : Weather.Fine;
        if (day == Weather.LostBefore)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost");
        }

        if (day == Weather.Busy)
        {
            return StubGateway.Answer(HttpStatusCode.TooManyRequests, retryAfter: "1");
        }

        if (Refuses?.Invoke(batch) is { } field)
        {
            return StubGateway.Answer(HttpStatusCode.BadRequest, $$"""{"detail":"no","field":"{{field}}"}""");
        }

        Apply(batch);
        if (lateCopy is { } late)
        {
            Apply(late);
        }

        lateCopy = day == Weather.LateCopy ? batch : null;
        if (day == Weather.Twice)
        {
            Apply(batch);
        }

        return day == Weather.LostAfter ? throw new HttpRequestException(HttpRequestError.ResponseEnded, "lost") : StubGateway.Answer(HttpStatusCode.NoContent, "");
    }

    /// <summary>A number that is not above the last one of its producer is answered and not applied.</summary>
    private void Apply(JsonElement batch)
    {
        var producer = batch.GetProperty("producer");
        var (id, sequence) = (producer.GetProperty("producerId").GetString()!, producer.GetProperty("sequence").GetInt64());
        if (sequence <= last.GetValueOrDefault(id))
        {
            return;
        }

        last[id] = sequence;
        var columns = batch.GetProperty("columns");
        var keys = columns.GetProperty("keys").EnumerateArray().Select(k => k.GetString()!).ToList();
        Keys.AddRange(columns.GetProperty("keyIndexes").EnumerateArray().Select(k => keys[k.GetInt32()]));
        Applied.AddRange(columns.GetProperty("values").EnumerateArray().Select(v => v.GetDouble()));
        Params.AddRange(batch.GetProperty("params").EnumerateArray().Select(p => $"{p.GetProperty("key")}={p.GetProperty("value")}"));
        Tags.AddRange(batch.GetProperty("tags").EnumerateArray().Select(p => $"{p.GetProperty("key")}={p.GetProperty("value")}"));
    }

    private string Head(string status) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"runId":"{{runId}}","experimentId":"7","runName":"n","userId":"u","status":"{{status}}","startTime":1,"endTime":null,"artifactUri":"a","lifecycleStage":"active"}""");
}
