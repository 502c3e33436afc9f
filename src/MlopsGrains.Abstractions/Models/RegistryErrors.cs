using MlopsGrains.Errors;

namespace MlopsGrains.Models;

/// <summary>What is not there, or there already, in the model registry. In the words of MLflow, whose clients look for them.</summary>
public static class RegistryErrors
{
    /// <summary>No registered model has this name.</summary>
    public static MlopsException NoModel(string name) => new(ErrorKind.NotFound, $"Registered Model with name={name} not found");

    /// <summary>A registered model has this name.</summary>
    public static MlopsException ModelTaken(string name) => new(ErrorKind.AlreadyExists, $"Registered Model (name={name}) already exists.", "name");

    /// <summary>The model has no such version.</summary>
    public static MlopsException NoVersion(string name, string version) => new(ErrorKind.NotFound, $"Model Version (name={name}, version={version}) not found");

    /// <summary>The model has no such alias.</summary>
    public static string NoAlias(string alias) => $"Registered model alias {alias} not found.";
}
