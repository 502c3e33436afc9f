using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using MlopsGrains.Server.Hosting.Start;

namespace MlopsGrains.Server.Hosting;

/// <summary>The usual help, then examples, ports and environment variables of the server.</summary>
internal sealed class ServerHelp(HelpAction usual, Command server) : SynchronousCommandLineAction
{
    private static string Text(string program) =>
        $"""
        Examples:
          # A platform on this machine; data in ./data
          {program}
          # Elsewhere
          {program} --data /var/lib/mlops --urls http://127.0.0.1:8080
          # A model's whole life, shown live
          {program} demo
          # State in PostgreSQL
          MLOPS_Connection='postgres://mlops:secret@db/mlops' {program} --storage postgres
          # One silo of a cluster, and a gateway to it
          {program} --storage postgres --role silo --advertise 10.0.0.5
          {program} --storage postgres --role gateway --urls http://0.0.0.0:5080

        Ports:
          5080            HTTP: every API, /docs, /metrics, /health, /orleans (--urls)
          --silo-port     silo to silo, a free one by default; never open it to others
          --gateway-port  gateways to silos, a free one by default; likewise
        A silo that other machines reach needs MLOPS_ClusterSecurity__Secret, the same
        for every silo and gateway, or certificates (docs/install.md).

        Environment:
          MLOPS_Data, MLOPS_SiloPort, …  every option above, unless given there
          MLOPS_<section>__<name>        settings, such as
            MLOPS_Authentication__Administrator__Name, …__Password
            MLOPS_Authentication__ApiKeys__0__Name, …__KeySha256
            MLOPS_Gateway__PublicUrl
            MLOPS_Logging__LogLevel__Default
          OTEL_EXPORTER_OTLP_ENDPOINT    where traces and metrics are sent
          Sections: {string.Join(",\n    ", SettingNames.Sections.Keys.Chunk(5).Select(some => string.Join(", ", some)))}

        Exit codes: 0 stopped, 1 failed, 2 told something that cannot be done

        """;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var code = usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command == server)
        {
            parseResult.InvocationConfiguration.Output.Write(Text(server.Name));
        }

        return code;
    }
}
