using Orleans.Configuration;

namespace MlopsGrains.Server.Hosting.Cluster;

/// <summary>How soon a silo that is dead or frozen is believed to be. Section <c>Membership</c> changes it.</summary>
internal static class FailureDetection
{
    private const string Section = "Membership";

    /// <summary>
    /// Orleans' own values let a frozen silo be for a minute and more: a probe may wait 20 s for its answer, and no vote is given while the connection was heard of within three
    /// such waits. With these, the third missed probe comes after 12 s at the latest, 6 s as a rule, and by then the connection has been silent for the 9 s that count.
    /// </summary>
    /// <param name="silo">The silo.</param>
    /// <param name="isAlone">A server that runs alone has no peer to be wrong about, only a predecessor that was killed.</param>
    /// <param name="configuration">The settings.</param>
    public static void AddFailureDetection(this ISiloBuilder silo, bool isAlone, ConfigurationManager configuration)
    {
        var section = configuration.GetSection(Section);
        silo.Configure<ClusterMembershipOptions>(o =>
        {
            o.ProbeTimeout = TimeSpan.FromSeconds(isAlone ? 1 : 2);
            o.NumMissedProbesLimit = isAlone ? 1 : 3;

            // What gossip missed is seen here. The table is small.
            o.TableRefreshTimeout = TimeSpan.FromSeconds(10);

            // A silo that was killed is taken for alive until it has missed three signs of life, and until then no new one may join.
            o.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(isAlone ? 1 : 2);
            section.Bind(o);
            if (section[nameof(o.MinProbeTimeout)] is null)
            {
                o.MinProbeTimeout = o.ProbeTimeout * 0.75;
            }

            if (section[nameof(o.MaxProbeTimeout)] is null)
            {
                o.MaxProbeTimeout = o.ProbeTimeout * 1.5;
            }
        });
    }
}
