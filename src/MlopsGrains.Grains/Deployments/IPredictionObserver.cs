using MlopsGrains.Deployments;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Sees every answered prediction on its silo; one that is refused is not answered. Called on the scoring path before the answer leaves: it must return
/// at once, except while its silo stops, and never throw.</summary>
public interface IPredictionObserver
{
    Task Observe(string deployment, int modelVersion, InferenceRequest request, InferenceResponse response);
}
