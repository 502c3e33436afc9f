using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MlopsGrains.Server.Hosting.Cluster;

/// <summary>
/// What a process of a cluster shows to the others, and how it knows them. From a secret, everybody makes the same key pair and shows a certificate of it: whoever proves that
/// key knows the secret.
/// </summary>
internal sealed class ClusterIdentity
{
    private const int SecretRounds = 600_000;
    private const int KeyBytes = 32;
    private static readonly byte[] SecretSalt = "mlopsgrains cluster"u8.ToArray();

    private readonly Func<X509Certificate2, bool> isMember;

    private ClusterIdentity(X509Certificate2 certificate, Func<X509Certificate2, bool> isMember) => (Certificate, this.isMember) = (certificate, isMember);

    public X509Certificate2 Certificate { get; }

    public bool IsMember(X509Certificate2? certificate) => certificate is not null && isMember(certificate);

    /// <exception cref="InvalidSettingsException">The options' files are not what they should be.</exception>
    public static ClusterIdentity Of(ClusterSecurityOptions options) => string.IsNullOrEmpty(options.Secret) ? OfFiles(options) : OfSecret(options.Secret);

    private static ClusterIdentity OfSecret(string secret)
    {
        using var key = KeyOf(secret);
        var request = new CertificateRequest("CN=mlopsgrains cluster", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(100));
        var ours = made.PublicKey.ExportSubjectPublicKeyInfo();
        return new ClusterIdentity(Usable(made), peer => CryptographicOperations.FixedTimeEquals(peer.PublicKey.ExportSubjectPublicKeyInfo(), ours));
    }

    /// <summary>Slow, because whoever reaches a port is shown the public key and may try secrets against it.</summary>
    private static ECDsa KeyOf(string secret)
    {
        var seed = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(secret), SecretSalt, SecretRounds, HashAlgorithmName.SHA512, KeyBytes);

        // Almost every number is a key of the curve; the few that are too large or zero are passed over.
        for (byte round = 0; ; round++)
        {
            try
            {
                return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, KeyBytes, info: [round]) });
            }
            catch (CryptographicException) when (round < byte.MaxValue)
            {
            }
        }
    }

    private static ClusterIdentity OfFiles(ClusterSecurityOptions options)
    {
        var own = Read(nameof(options.Certificate), options.Certificate!, () => Usable(Load(options)));
        if (!own.HasPrivateKey)
        {
            throw Fault(nameof(options.Certificate), options.Certificate!, $"has no private key; give it by {ClusterSecurityOptions.Section}:{nameof(options.Key)}");
        }

        var authorities = new X509Certificate2Collection();
        Read(nameof(options.Authority), options.Authority!, () =>
        {
            authorities.ImportFromPemFile(options.Authority!);
            return authorities.Count > 0 ? authorities : throw new CryptographicException("it holds no certificate");
        });
        return new ClusterIdentity(own, peer => IsOf(authorities, peer) && (string.IsNullOrEmpty(options.PeerName) || peer.MatchesHostname(options.PeerName)));
    }

    private static bool IsOf(X509Certificate2Collection authorities, X509Certificate2 peer)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(peer);
    }

    private static X509Certificate2 Load(ClusterSecurityOptions options)
    {
        if (!string.IsNullOrEmpty(options.Key))
        {
            return X509Certificate2.CreateFromPemFile(options.Certificate!, options.Key);
        }

        return X509Certificate2.GetCertContentType(options.Certificate!) == X509ContentType.Pfx
            ? X509CertificateLoader.LoadPkcs12FromFile(options.Certificate!, options.Password, X509KeyStorageFlags.Exportable)
            : X509Certificate2.CreateFromPemFile(options.Certificate!);
    }

    /// <summary>A key that was made here has to go through a file's form before every platform's TLS takes it.</summary>
    private static X509Certificate2 Usable(X509Certificate2 certificate) =>
        certificate.HasPrivateKey ? X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null) : certificate;

    private static T Read<T>(string name, string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw Fault(name, file, $"cannot be read: {e.Message.TrimEnd('.')}");
        }
    }

    private static InvalidSettingsException Fault(string name, string file, string what) => new([$"{ClusterSecurityOptions.Section}:{name} is '{file}', which {what}."]);
}
