using Orleans.Serialization.Cloning;

namespace MlopsGrains.Grains.Journaling;

/// <summary>
/// Orleans' log adaptor asks for a copier of every journaled state and event before it starts, and uses it only for tentative views, which
/// <see cref="JournalGrain{TState,TEvent}"/> never asks for: it shows the confirmed state alone. So nothing is copied, and states need no serializer.
/// </summary>
internal sealed class JournalViewCopier : IGeneralizedCopier
{
    public bool IsSupportedType(Type type) => type.Assembly == typeof(JournalViewCopier).Assembly;

    public object? DeepCopy(object? input, CopyContext context) => input;
}
