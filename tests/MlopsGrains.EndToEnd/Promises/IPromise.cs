namespace MlopsGrains.EndToEnd.Promises;

/// <summary>Something that a server answers for: what it acknowledged before it was killed stands after it.</summary>
internal interface IPromise
{
    /// <summary>Has things acknowledged, and may leave requests on their way that the kill cuts off.</summary>
    Task GiveAsync(Caller caller);

    /// <summary>Fails when the next server does not stand for them.</summary>
    Task AssertKeptAsync(Caller caller);
}
