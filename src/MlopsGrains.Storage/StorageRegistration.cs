using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using MlopsGrains.Storage.Blobs;
using MlopsGrains.Storage.Damage;
using MlopsGrains.Storage.Journals;
using MlopsGrains.Storage.Locks;
using MlopsGrains.Storage.Postgres;
using MlopsGrains.Storage.Records;
using MlopsGrains.Storage.Sqlite;
using MlopsGrains.Storage.Writing;
using Npgsql;

namespace MlopsGrains.Storage;

/// <summary>Registers storage. The host then opens (and migrates) it before any other hosted service starts and closes it after all have stopped.</summary>
public static class StorageRegistration
{
    /// <summary><see cref="IJournal"/> and <see cref="IRecordStore"/> in one SQLite file.</summary>
    public static IServiceCollection AddSqliteStorage(this IServiceCollection services, Action<SqliteStorageOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        AddOptions(services, configure, options => options.Faults());
        services.TryAddSingleton(provider => new SqliteStore(
            provider.GetRequiredService<IOptions<SqliteStorageOptions>>().Value,
            provider.GetService<ILogger<SqliteStore>>(),
            provider.GetService<IMeterFactory>(),
            provider.GetRequiredService<DamageList>()));
        services.TryAddSingleton<IJournal>(provider => provider.GetRequiredService<SqliteStore>());
        services.TryAddSingleton<IRecordStore>(provider => provider.GetRequiredService<SqliteStore>());
        return AddEngine<SqliteStore>(services);
    }

    /// <summary>Keeps every other server out of the data folder. To be added before what it protects.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="folder">The data folder.</param>
    /// <param name="address">Where this server can be reached, for whoever is refused.</param>
    public static IServiceCollection AddFolderLock(this IServiceCollection services, string folder, string address)
    {
        services.AddSingleton(_ => new FolderLockEngine(folder, address));
        return AddEngine<FolderLockEngine>(services);
    }

    /// <summary><see cref="IJournal"/> in a PostgreSQL database, and its <see cref="NpgsqlDataSource"/> for whoever else needs the database.</summary>
    public static IServiceCollection AddPostgresStorage(this IServiceCollection services, Action<PostgresStorageOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        AddOptions(services, configure, options => options.Faults());
        services.TryAddSingleton(provider => CreateDataSource(provider.GetRequiredService<IOptions<PostgresStorageOptions>>().Value));
        services.TryAddSingleton(provider => new PostgresJournal(
            provider.GetRequiredService<IOptions<PostgresStorageOptions>>().Value,
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetService<ILogger<PostgresJournal>>(),
            provider.GetService<IMeterFactory>(),
            provider.GetRequiredService<DamageList>()));
        services.TryAddSingleton<IJournal>(provider => provider.GetRequiredService<PostgresJournal>());
        return AddEngine<PostgresJournal>(services);
    }

    /// <summary>
    /// The few statements of journal and documents are planned once a connection, unless the connection string says otherwise. Such a plan is kept while the tables grow, so none may
    /// read a whole table because it was small when the plan was made. A connection that goes back into the pool is not reset: nobody here changes a session in a way that
    /// another would mind, and a reset costs as much as a small read.
    /// </summary>
    private static NpgsqlDataSource CreateDataSource(PostgresStorageOptions options)
    {
        var session = "SET enable_seqscan = off";
        if (options.Member is { } member)
        {
            var name = $"{member.Address}|{member.Port}|{member.Generation}|{member.Cluster}".Replace("'", "''", StringComparison.Ordinal);
            session += $"; SET mlops.member = '{name}'";
        }

        var builder = new NpgsqlDataSourceBuilder(options.ConnectionString);
        if (builder.ConnectionStringBuilder.MaxAutoPrepare == 0)
        {
            builder.ConnectionStringBuilder.MaxAutoPrepare = 32;
        }

        builder.ConnectionStringBuilder.NoResetOnClose = true;
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(session, connection);
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var command = new NpgsqlCommand(session, connection);
                await command.ExecuteNonQueryAsync();
            });
        return builder.Build();
    }

    /// <summary><see cref="IBlobStore"/> in a folder, and its <see cref="BlobSweeper"/>.</summary>
    public static IServiceCollection AddFolderBlobs(this IServiceCollection services, Action<FolderBlobOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        AddOptions(services, configure, options => options.Faults());
        services.TryAddSingleton(provider => new FolderBlobStore(
            provider.GetRequiredService<IOptions<FolderBlobOptions>>().Value,
            provider.GetService<TimeProvider>(),
            provider.GetRequiredService<DamageList>()));
        services.TryAddSingleton<IBlobStore>(provider => provider.GetRequiredService<FolderBlobStore>());
        services.TryAddSingleton(provider => new BlobSweeper(provider.GetRequiredService<FolderBlobStore>(), provider.GetService<IJournal>() as IPayloadScan));
        return AddEngine<FolderBlobStore>(services);
    }

    private static void AddOptions<T>(IServiceCollection services, Action<T> configure, Func<T, IEnumerable<string>> faults)
        where T : class
    {
        services.AddOptions<T>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<T>>(new FaultsValidator<T>(faults));
    }

    private static IServiceCollection AddEngine<T>(IServiceCollection services)
        where T : class, IStorageEngine
    {
        services.TryAddSingleton(provider => new DamageList(provider.GetService<ILogger<DamageList>>(), provider.GetService<IMeterFactory>()));
        services.TryAddSingleton(provider => new StorageReadiness(provider.GetServices<IStorageEngine>()));
        services.AddSingleton<IStorageEngine>(provider => provider.GetRequiredService<T>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, StorageService>());
        return services;
    }

    private sealed class FaultsValidator<T>(Func<T, IEnumerable<string>> faults) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options)
        {
            var found = faults(options).Select(fault => $"{typeof(T).Name}.{fault}").ToArray();
            return found.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(found);
        }
    }
}
