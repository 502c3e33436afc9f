using Npgsql;

namespace MlopsGrains.Server.Hosting.Start;

/// <summary>Reads how people write where a PostgreSQL database is: Npgsql's form, or the <c>postgres://</c> URL that hosting services hand out.</summary>
public static class PostgresConnection
{
    private static readonly Dictionary<string, string> Keywords = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["channel_binding"] = "Channel Binding",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["target_session_attrs"] = "Target Session Attributes",
        ["options"] = "Options",
    };

    /// <summary>The connection in Npgsql's form, or what is wrong with the text. A fault never repeats a password.</summary>
    public static (string? Connection, string? Fault) Read(string text)
    {
        try
        {
            var builder = IsUrl(text) ? FromUrl(text) : new NpgsqlConnectionStringBuilder(text);
            return string.IsNullOrEmpty(builder.Host) ? (null, $"--connection names no host; expected {Examples}.") : (builder.ConnectionString, null);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            return (null, $"--connection cannot be read: {e.Message.TrimEnd('.')}. Expected {Examples}.");
        }
    }

    private const string Examples = "'Host=db;Username=mlops;Password=…;Database=mlops' or 'postgres://mlops:…@db:5432/mlops'";

    private static bool IsUrl(string text) =>
        text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    private static NpgsqlConnectionStringBuilder FromUrl(string text)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var url))
        {
            throw new FormatException("the URL is malformed; characters such as @, :, / and # in a password are written as %40, %3A, %2F and %23");
        }

        var builder = new NpgsqlConnectionStringBuilder { Host = url.DnsSafeHost, Port = url.Port > 0 ? url.Port : NpgsqlConnection.DefaultPort };
        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0)
        {
            builder.Username = Uri.UnescapeDataString(user[0]);
        }

        if (user.Length > 1)
        {
            builder.Password = Uri.UnescapeDataString(user[1]);
        }

        if (url.AbsolutePath.Length > 1)
        {
            builder.Database = Uri.UnescapeDataString(url.AbsolutePath[1..]);
        }

        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, value) = pair.Split('=', 2) is [var n, var v] ? (Uri.UnescapeDataString(n), Uri.UnescapeDataString(v)) : (pair, "");
            builder[Keywords.GetValueOrDefault(name, name)] = name.Equals("sslmode", StringComparison.OrdinalIgnoreCase) ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }

        return builder;
    }
}
