using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using MlopsGrains.Calls;
using MlopsGrains.Errors;
using MlopsGrains.Experiments;
using MlopsGrains.Governance;
using MlopsGrains.Grains;
using MlopsGrains.Grains.Calls;
using MlopsGrains.Grains.Pipelines;
using MlopsGrains.Paging;
using MlopsGrains.Simulator.Workload;
using MlopsGrains.Storage;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Records;
using MlopsGrains.Testing;
using Orleans.Configuration;
using Orleans.GrainDirectory;
using Orleans.Runtime.Placement;
using Orleans.TestingHost;

namespace MlopsGrains.Simulator.World;

/// <summary>Three silos and a gateway of the product, with real storage, in one process, and time, network and storage's faults in the simulator's hands.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    public const string CallKey = "simulator.call";
    private const int Silos = 3;

    /// <summary>What a gateway of the product waits for.</summary>
    public static readonly TimeSpan GatewayPatience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SiloPatience = TimeSpan.FromSeconds(30);

    private readonly TempDirectory directory = new();
    private readonly ConcurrentDictionary<long, Strand> strands = new();
    private readonly ConcurrentDictionary<SiloAddress, Node> nodes = new();
    private readonly Node gateway = new("gateway");
    private IHost? storage;
    private IGrainDirectory? places;
    private PlacementStrategyResolver? placements;
    private InProcessTestCluster? cluster;
    private readonly List<AuditEvent> audit = [];
    private long auditBefore;
    private long calls;

    public SimulatedTime Time { get; } = new();

    public Activity Activity { get; } = new();

    public Dice Dice { get; set; } = Dice.None;

    /// <summary>Told what goes wrong.</summary>
    public Action<string> Note { get; set; } = _ => { };

    public IGrainFactory Client => Running.Client;

    /// <summary>The shared blobs, past all faults.</summary>
    public IBlobStore Blobs => storage!.Services.GetRequiredService<IBlobStore>();

    /// <summary>Silos that others do not take for dead, in the order of their start.</summary>
    public IReadOnlyList<Node> Members => [.. nodes.Values.Where(n => !n.IsEvicted).OrderBy(n => n.Address)];

    private InProcessTestCluster Running => cluster ?? throw new InvalidOperationException("The cluster is not started.");

    public static async Task<Cluster> Start()
    {
        var started = new Cluster();
        await started.StartAll();
        return started;
    }

    public Strand Began(string name, out long id)
    {
        var strand = new Strand(Activity, name);
        strand.Begin();
        id = Interlocked.Increment(ref calls);
        strands[id] = strand;
        return strand;
    }

    /// <summary>Calls that are on their way or at work.</summary>
    public string Underway => string.Join("; ", strands.OrderBy(s => s.Key).Select(s => s.Value));

    public Strand? Arrived(object? id, Node at)
    {
        if (id is long known && strands.TryGetValue(known, out var strand))
        {
            strand.At = at;
            return strand;
        }

        return null;
    }

    public void Ended(long id) => strands.TryRemove(id, out _);

    /// <summary>The silo on which a grain lives, if it does.</summary>
    public Node? HostOf(GrainId grain)
    {
        places ??= Running.Silos[0].ServiceProvider.GetRequiredKeyedService<IGrainDirectory>(GrainDirectoryAttribute.DEFAULT_GRAIN_DIRECTORY);
        return places.Lookup(grain).Result?.SiloAddress is { } address ? nodes.GetValueOrDefault(address) : null;
    }

    /// <summary>Whether a call stays in its process.</summary>
    public bool IsWithin(Node node, GrainId grain)
    {
        placements ??= Running.Silos[0].ServiceProvider.GetRequiredService<PlacementStrategyResolver>();
        return !placements.GetPlacementStrategy(grain.Type).IsUsingGrainDirectory || HostOf(grain) == node;
    }

    /// <summary>Lets everything happen that happens at this moment, and then time go on.</summary>
    public async Task Advance(TimeSpan by)
    {
        await Activity.Settle();
        Time.Advance(by);
        foreach (var node in nodes.Values.Append(gateway).Where(n => n.Runs))
        {
            node.Pauses?.Beat(CancellationToken.None);
        }
    }

    /// <summary>The process is gone, and those whose calls were with it hear of it sooner or later.</summary>
    public void Kill(Node node, Random random)
    {
        node.Die();
        Lose(node, random, share: 0.5);
    }

    /// <summary>The others declare it dead and go on without it.</summary>
    public async Task Evict(Node node)
    {
        var survivor = Members.First(n => n != node && n.Runs);
        var membership = Handle(survivor)!.ServiceProvider.GetRequiredService<IClusterMembershipService>();
        await membership.TryKill(node.Address!);
        node.Evict();
        Lose(node, random: null, share: 1);
        await Cut(node);
    }

    /// <summary>As many silos as in the beginning, all of them running.</summary>
    public async Task Heal(Random random, Func<Task, Task> meanwhile)
    {
        foreach (var node in nodes.Values)
        {
            if (node is { IsDead: true, IsEvicted: false })
            {
                await Evict(node);
            }

            node.Thaw(random);
        }

        gateway.Thaw(random);
        await StartMissing(meanwhile);
    }

    /// <param name="meanwhile">Lets time go on until something is done.</param>
    public async Task StartMissing(Func<Task, Task> meanwhile)
    {
        while (Members.Count(n => !n.IsDead) < Silos)
        {
            var silo = await Running.StartAdditionalSiloAsync();
            await meanwhile(Greet(nodes[silo.SiloAddress]));
        }
    }

    /// <summary>From here on, <see cref="ReadAudit"/> gives what is new in the audit chain.</summary>
    public void BeginAudit()
    {
        auditBefore += audit.Count;
        audit.Clear();
    }

    public async Task<IReadOnlyList<AuditEvent>> ReadAudit()
    {
        for (Page<AuditEvent>? page = null; page is null || page.NextPageToken is not null;)
        {
            RequestContext.Clear();
            page = await Client.GetGrain<IAuditChainGrain>(IAuditChainGrain.Main).Read(auditBefore + audit.Count, IAuditChainGrain.EventsPerPageMax);
            audit.AddRange(page.Items);
        }

        return audit;
    }

    /// <summary>Ends a grain's activation, so that what it says next is what is stored.</summary>
    public Task Forget(IAddressable grain) => Running.DeactivateAsync(grain);

    /// <summary>Removes what is left of processes that are no members.</summary>
    public void Sweep()
    {
        foreach (var node in nodes.Values.Where(n => n.IsEvicted))
        {
            node.Die();
            nodes.TryRemove(node.Address!, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // An end without grace: who would wait for calls to end has nobody to wait for.
        foreach (var silo in Running.Silos)
        {
            await Running.KillSiloAsync(silo);
        }

        await Running.KillClientAsync();
        await storage!.StopAsync();
        storage.Dispose();
        directory.Dispose();
    }

    private async Task StartAll()
    {
        var services = Host.CreateEmptyApplicationBuilder(null);
        services.Services.AddSqliteStorage(o => o.Path = Path.Combine(directory.Path, "mlops.db"));
        services.Services.AddFolderBlobs(o => o.Root = Path.Combine(directory.Path, "blobs"));
        storage = services.Build();
        await storage.StartAsync();

        var builder = new InProcessTestClusterBuilder(Silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) => Add(silo));
        builder.ConfigureClient(Add);
        cluster = builder.Build();
        await cluster.DeployAsync();
        foreach (var node in Members)
        {
            await Greet(node);
        }
    }

    private void Add(ISiloBuilder silo)
    {
        var services = silo.Services;
        services.AddSingleton<TimeProvider>(Time);
        services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
        services.AddSingleton(provider => Join(provider.GetRequiredService<ILocalSiloDetails>().SiloAddress));
        services.AddSingleton(provider => new StoragePath(this, provider.GetRequiredService<Node>()));
        services.AddSingleton<IJournal>(provider => new SimulatedJournal(storage!.Services.GetRequiredService<IJournal>(), provider.GetRequiredService<StoragePath>()));
        services.AddSingleton<IRecordStore>(provider => new SimulatedRecords(storage!.Services.GetRequiredService<IRecordStore>(), provider.GetRequiredService<StoragePath>()));
        services.AddSingleton<IBlobStore>(provider => new SimulatedBlobs(Blobs, provider.GetRequiredService<StoragePath>()));
        services.AddSingleton(storage!.Services.GetRequiredService<BlobSweeper>());
        services.AddSingleton(storage.Services.GetRequiredService<DamageList>());
        services.AddSingleton<IOutgoingGrainCallFilter>(provider => new Outgoing(this, provider.GetRequiredService<Node>(), SiloPatience, isGateway: false));
        services.AddSingleton<IIncomingGrainCallFilter>(provider => new Incoming(this, provider.GetRequiredService<Node>()));
        services.AddSingleton<IAfterPause>(provider => new AfterPause(provider.GetRequiredService<Node>()));
        AddClock(services);
        silo.AddMlopsGrains();
        silo.AddRecordDocuments();
        services.AddPipelineStep<TouchStep>();
        services.Configure<PipelineOptions>(o => o.ParallelSteps = 1);
    }

    private void Add(IClientBuilder client)
    {
        AddClock(client.Services);
        client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = GatewayPatience);
        client.Services.Configure<GatewayOptions>(o => o.GatewayListRefreshPeriod = TimeSpan.FromMilliseconds(200));
        client.AddCalls();
        client.Services.AddSingleton<IOutgoingGrainCallFilter>(provider =>
        {
            gateway.Pauses = provider.GetRequiredService<PauseGate>();
            gateway.Pauses.Begin();
            return new Outgoing(this, gateway, GatewayPatience, isGateway: true);
        });
    }

    /// <summary>A process whose beats are the simulator's.</summary>
    private void AddClock(IServiceCollection services)
    {
        services.AddSingleton(_ => new CallClock(Time));
        services.AddSingleton<PauseGate>();
    }

    private Node Join(SiloAddress address) => nodes.GetOrAdd(address, static a => new Node($"silo {a.Endpoint.Port}") { Address = a });

    /// <summary>A silo takes the first call of a gateway for young, whenever it was made.</summary>
    private async Task Greet(Node node)
    {
        node.Pauses = Handle(node)!.ServiceProvider.GetRequiredService<PauseGate>();
        node.Pauses.Begin();
        for (var tries = 1; ; tries++)
        {
            try
            {
                RequestContext.Set(IPlacementDirector.PlacementHintKey, node.Address!);
                await Client.GetGrain<IRunGrain>($"greeting-{tries}-{node.Address}").Get();
                return;
            }
            catch (Exception e) when (tries < 10 && e is OrleansException or TimeoutException or MlopsException)
            {
                // The gateway may still think of one that has gone.
            }
            finally
            {
                RequestContext.Clear();
            }
        }
    }

    private void Lose(Node node, Random? random, double share)
    {
        foreach (var (_, strand) in strands.Where(s => s.Value.At == node).OrderBy(s => s.Key))
        {
            if (random is null || random.NextDouble() < share)
            {
                strand.Interrupt(new SiloUnavailableException($"{node.Name} is gone."));
            }
        }
    }

    private InProcessSiloHandle? Handle(Node node) => Running.Silos.FirstOrDefault(s => s.SiloAddress.Equals(node.Address));

    /// <summary>Nobody speaks with it any more. What was at work there goes on when it thaws.</summary>
    private async Task Cut(Node node)
    {
        if (Handle(node) is { } silo)
        {
            await Running.KillSiloAsync(silo);
        }
    }

    /// <summary>What the product's server does about a silo that the others have declared dead.</summary>
    private sealed class AfterPause(Node node) : IAfterPause
    {
        public Task CheckAsync(TimeSpan pause, CancellationToken cancellationToken)
        {
            if (node.IsEvicted)
            {
                node.Die();
            }

            return Task.CompletedTask;
        }
    }
}
