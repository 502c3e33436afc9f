using MlopsGrains.Settings;

namespace MlopsGrains.Server.Hosting.Cluster;

/// <summary>How the processes of a cluster know each other on Orleans' ports: by a secret, or by certificates. Section <c>ClusterSecurity</c>.</summary>
public sealed class ClusterSecurityOptions : ISettings
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ClusterSecurity";

    /// <summary>The shortest <see cref="Secret"/>.</summary>
    public const int SecretLengthMin = 32;

    /// <summary>The same for every process of the cluster, 32 characters or more, random (<c>openssl rand -hex 32</c>). Give it by a secret, not in a file that others read.</summary>
    public string? Secret { get; set; }

    /// <summary>Instead of a secret: a file with this process's certificate, PFX, or PEM with its key in <see cref="Key"/>. It must be good for clients and servers.</summary>
    public string? Certificate { get; set; }

    /// <summary>PEM file of the certificate's key; not needed when the certificate's file holds it.</summary>
    public string? Key { get; set; }

    /// <summary>Password of a PFX file.</summary>
    public string? Password { get; set; }

    /// <summary>PEM file of the authority, or authorities, whose certificates the others show. Best one that serves nothing but this cluster: whoever has a certificate of it is in.</summary>
    public string? Authority { get; set; }

    /// <summary>A DNS name that the others' certificates must be for; any of the authority's by default.</summary>
    public string? PeerName { get; set; }

    /// <summary>Whether the processes of the cluster know each other.</summary>
    public bool IsConfigured => !string.IsNullOrEmpty(Secret) || !string.IsNullOrEmpty(Certificate);

    static string ISettings.Section => Section;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (!string.IsNullOrEmpty(Secret) && Secret.Length < SecretLengthMin)
        {
            yield return $"{Section}:{nameof(Secret)} has {Secret.Length} characters; expected {SecretLengthMin} or more, random (openssl rand -hex 32).";
        }

        if (!string.IsNullOrEmpty(Secret) && !string.IsNullOrEmpty(Certificate))
        {
            yield return $"{Section}:{nameof(Secret)} and {Section}:{nameof(Certificate)} are both given; choose one.";
        }

        if (!string.IsNullOrEmpty(Certificate) && string.IsNullOrEmpty(Authority))
        {
            yield return $"{Section}:{nameof(Authority)} is required with {Section}:{nameof(Certificate)}: the file of the authority that the others' certificates come from.";
        }

        foreach (var (name, file) in new[] { (nameof(Certificate), Certificate), (nameof(Key), Key), (nameof(Authority), Authority) })
        {
            if (!string.IsNullOrEmpty(file) && string.IsNullOrEmpty(Certificate))
            {
                yield return $"{Section}:{name} is given without {Section}:{nameof(Certificate)}.";
            }
            else if (!string.IsNullOrEmpty(file) && !File.Exists(file))
            {
                yield return $"{Section}:{name} is '{file}', which is not a file that this user can read.";
            }
        }
    }
}
