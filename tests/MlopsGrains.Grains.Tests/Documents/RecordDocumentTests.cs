namespace MlopsGrains.Grains.Tests.Documents;

/// <summary>Documents in the embedded database, through the journal's writer.</summary>
public sealed class RecordDocumentTests(SiloFixture silo) : DocumentContract(silo.Cluster);
