using MlopsGrains.Deployments;

namespace MlopsGrains.Grains.Deployments;

/// <summary>Sees every answered prediction on its silo; one that is refused is not answered. Called on the scoring path: it must return at once and never throw.</summary>
public interface IPredictionObserver
{
    void Observe(string deployment, int modelVersion, InferenceRequest request, InferenceResponse response);
}
