namespace MlopsGrains.Identity;

/// <summary>Makes identifiers, so that tests can make them predictable.</summary>
public interface IIdSource
{
    /// <summary>A new identifier of 32 lower-case hex digits; later ones sort after earlier ones to the millisecond.</summary>
    string NewId();
}

/// <summary>Time-ordered UUIDs (version 7).</summary>
public sealed class UuidSource(TimeProvider time) : IIdSource
{
    /// <inheritdoc />
    public string NewId() => Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
}
