using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MlopsGrains.Testing;

namespace MlopsGrains.EndToEnd;

/// <summary>Who may speak on Orleans' ports of a cluster: real processes that know each other, and some that do not.</summary>
public sealed class ClusterSecurityTests(PostgresServer postgres)
{
    private const string Section = "MLOPS_ClusterSecurity__";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoKnowsTheSecretOrHasACertificateOfTheAuthority_IsLetIn_AndNobodyElse(bool secret)
    {
        using var directory = new TempDirectory();
        string[] cluster = ["--storage", "postgres", "--connection", await postgres.CreateDatabaseAsync(), "--data", directory.Path];
        var (ours, others) = (Authority(directory, "ours"), Authority(directory, "others"));
        var identity = secret ? new Dictionary<string, string> { [Section + "Secret"] = new string('s', 64) } : ours;
        var (siloPort, gatewayPort) = (FreePort.Next(), FreePort.Next());
        await using var silo = await ServerProcess.StartAsync(["--role", "silo", "--silo-port", $"{siloPort}", "--gateway-port", $"{gatewayPort}", .. cluster], identity);
        await using var gateway = await ServerProcess.StartAsync(["--role", "gateway", .. cluster], identity);

        using var http = new HttpClient { BaseAddress = gateway.Address };
        Assert.Contains("Default", await http.GetStringAsync("/api/2.0/mlflow/experiments/get?experiment_id=0", Token), StringComparison.Ordinal);
        using var stranger = X509Certificate2.CreateFromPemFile(others[Section + "Certificate"], others[Section + "Key"]);
        foreach (var port in new[] { siloPort, gatewayPort })
        {
            await AssertShutAsync(port, stream => Task.FromResult<Stream>(stream));
            await AssertShutAsync(port, stream => TlsAsync(stream, null));
            await AssertShutAsync(port, stream => TlsAsync(stream, stranger));
        }
    }

    /// <summary>The server ends the connection without a word, at the latest when something is said that Orleans would answer.</summary>
    private static async Task AssertShutAsync(int port, Func<Stream, Task<Stream>> open)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromSeconds(40));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, deadline.Token);
        var read = 0;
        try
        {
            await using var stream = await open(client.GetStream());
            await stream.WriteAsync(new byte[64], deadline.Token);
            read = await stream.ReadAsync(new byte[1], deadline.Token);
        }
        catch (Exception e) when (e is IOException or AuthenticationException)
        {
            return;
        }

        Assert.Equal(0, read);
    }

    private static async Task<Stream> TlsAsync(Stream stream, X509Certificate2? certificate)
    {
        // Whom the server is does not matter here: somebody who only wants in would not ask.
        var tls = new SslStream(stream, leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "mlopsgrains", ClientCertificates = certificate is null ? [] : [certificate] }, Token);
        return tls;
    }

    /// <summary>An authority and a certificate of it, as files.</summary>
    private static Dictionary<string, string> Authority(TempDirectory directory, string name)
    {
        var (begin, end) = (DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(150));
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using var authority = request.CreateSelfSigned(begin, end);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var member = new CertificateRequest($"CN={name} member", key, HashAlgorithmName.SHA256).Create(authority, begin, end, [1]);
        var files = new Dictionary<string, string>
        {
            [Section + "Authority"] = directory.File($"{name}-authority.pem"), [Section + "Certificate"] = directory.File($"{name}.pem"), [Section + "Key"] = directory.File($"{name}.key"),
        };
        File.WriteAllText(files[Section + "Authority"], authority.ExportCertificatePem());
        File.WriteAllText(files[Section + "Certificate"], member.ExportCertificatePem());
        File.WriteAllText(files[Section + "Key"], key.ExportPkcs8PrivateKeyPem());
        return files;
    }
}
