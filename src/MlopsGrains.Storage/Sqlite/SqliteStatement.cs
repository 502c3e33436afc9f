using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace MlopsGrains.Storage.Sqlite;

/// <summary>
/// A prepared statement, reused. The driver's own commands allocate a reader per call and copy payloads into arrays; at tens of thousands
/// of appends a second that is most of the time.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 database;
    private readonly sqlite3_stmt statement;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, sql, out statement), database);
    }

    public SqliteStatement Bind(int index, string value) => Checked(raw.sqlite3_bind_text(statement, index, value));

    public SqliteStatement Bind(int index, long value) => Checked(raw.sqlite3_bind_int64(statement, index, value));

    public SqliteStatement Bind(int index, ReadOnlyMemory<byte> value) => Checked(value.IsEmpty
        ? raw.sqlite3_bind_zeroblob(statement, index, 0)
        : raw.sqlite3_bind_blob(statement, index, value.Span));

    public SqliteStatement BindNull(int index) => Checked(raw.sqlite3_bind_null(statement, index));

    /// <summary>Runs to the end and says how many rows changed.</summary>
    public int Run()
    {
        Step();
        Reset();
        return raw.sqlite3_changes(database);
    }

    /// <summary>Runs an insert and says which row it made.</summary>
    public long Insert()
    {
        Run();
        return raw.sqlite3_last_insert_rowid(database);
    }

    /// <summary>Moves to the next row; <see langword="false"/> at the end.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(statement);
        if (code is raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return code == raw.SQLITE_ROW;
        }

        try
        {
            // Until the reset sqlite3_errmsg tells about this step.
            SqliteException.ThrowExceptionForRC(code, database);
            return false;
        }
        finally
        {
            Reset();
        }
    }

    public long Int64(int column) => raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public byte[] Blob(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public void Reset() => raw.sqlite3_reset(statement);

    public void Dispose() => statement.Dispose();

    private SqliteStatement Checked(int code)
    {
        SqliteException.ThrowExceptionForRC(code, database);
        return this;
    }
}
