namespace MlopsGrains.Storage.Damage;

/// <summary>A stored thing whose bytes are not those that were written.</summary>
/// <param name="Place">What kind of thing: stream, chunk, document, intent, blob, database, mark.</param>
/// <param name="Name">Which one: a stream's name, a document's kind and key, a digest, a file.</param>
/// <param name="Entry">Which part of it, such as <c>version 7</c>; empty when all of it.</param>
/// <param name="Reason">What was expected and what is there.</param>
public sealed record StoredDamage(string Place, string Name, string Entry, string Reason)
{
    /// <summary>Two reports with the same key are about the same damage.</summary>
    public string Key => $"{Place} {Name} {Entry}";

    public override string ToString() => Entry.Length == 0 ? $"{Place} '{Name}' is damaged: {Reason}" : $"{Place} '{Name}' is damaged at {Entry}: {Reason}";
}

/// <summary>What was asked for is damaged. Trying again does not help; everything else can be read.</summary>
public sealed class StoredDamageException(StoredDamage damage, Exception? innerException = null) : Exception(damage.ToString(), innerException)
{
    public StoredDamage Damage { get; } = damage;
}
