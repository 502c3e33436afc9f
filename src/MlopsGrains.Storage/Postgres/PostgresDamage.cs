using MlopsGrains.Storage.Damage;
using Npgsql;

namespace MlopsGrains.Storage.Postgres;

/// <summary>What PostgreSQL itself finds: a page whose own checksum is wrong, an index that does not fit its table.</summary>
internal static class PostgresDamage
{
    public static bool Is(PostgresException exception) => exception.SqlState is PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted;

    public static StoredDamage Of(string what, PostgresException exception) => new("database", "PostgreSQL", what, $"its pages cannot be read ({exception.MessageText})");
}
