namespace MlopsGrains.Client.Experiments.Sending;

/// <summary>The bytes that the spools of one client may take together.</summary>
internal sealed class SpoolBudget(long bytesMax, long used)
{
    private long used = used;

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref used, bytes) <= bytesMax)
        {
            return true;
        }

        Interlocked.Add(ref used, -bytes);
        return false;
    }

    public void Give(long bytes) => Interlocked.Add(ref used, -bytes);
}
