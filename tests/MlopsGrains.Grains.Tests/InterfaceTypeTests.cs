using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Experiments;
using MlopsGrains.Grains.Experiments.Search;
using Orleans.Metadata;
using Orleans.Serialization.TypeSystem;

namespace MlopsGrains.Grains.Tests;

public sealed class InterfaceTypeTests(SiloFixture silo)
{
    /// <summary>Reading an interface's attributes takes about 600 bytes each time.</summary>
    [Fact]
    public void GetGrain_ReadsAnInterfacesAttributesOnce()
    {
        const int Calls = 1000;
        var factory = silo.Services.GetRequiredService<IGrainFactory>();
        factory.GetGrain<IRunGrain>("before");
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Calls; i++)
        {
            factory.GetGrain<IRunGrain>("a");
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Calls, 1, 250);
    }

    [Theory]
    [InlineData(typeof(IRunGrain))]
    [InlineData(typeof(IExperimentMember))]
    [InlineData(typeof(IManagementGrain))]
    [InlineData(typeof(IAsyncEnumerableGrainExtension))]
    public void Name_IsTheOneThatOrleansGives(Type type)
    {
        var orleans = new GrainInterfaceTypeResolver([new AttributeGrainInterfaceTypeProvider(silo.Services)], silo.Services.GetRequiredService<TypeConverter>());

        Assert.Equal(orleans.GetGrainInterfaceType(type), silo.Services.GetRequiredService<GrainInterfaceTypeResolver>().GetGrainInterfaceType(type));
    }
}
