using Microsoft.Data.Sqlite;
using MlopsGrains.Storage.Damage;
using SQLitePCL;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>What SQLite itself finds: pages that are no pages of a database.</summary>
internal static class SqliteDamage
{
    public static bool Is(SqliteException exception) => exception.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    public static StoredDamage Of(string path, string what, SqliteException exception) =>
        new("database", Path.GetFileName(path), what, $"its pages cannot be read ({exception.Message})");
}
