using System.Text.RegularExpressions;

namespace MlopsGrains.Tidy;

/// <summary>What every door needs is written once in the gateway, below the doors.</summary>
public sealed class DoorTests
{
    public static TheoryData<string, string> Homes => new()
    {
        { @"new Utf8JsonReader\(", "Json/" },
        { @"new JsonReaderOptions\b", "Json/" },
        { @"\.BodyReader\b", "Http/" },
        { "\"page_token\"(?!:)", "Paging/PageRequest.cs Mlflow/MlflowRequest.cs" },
        { @"NextPageToken[^;\n]*ReadableAsync|RoundsMax", "Paging/" },
    };

    [Theory]
    [MemberData(nameof(Homes))]
    public void Mechanism_IsInItsRoomOnly(string pattern, string homes)
    {
        var places = RepositoryFiles.Sources("src/MlopsGrains.Gateway").Where(f => Regex.IsMatch(RepositoryFiles.Read(f), pattern)).Select(f => f["src/MlopsGrains.Gateway/".Length..]).ToList();

        Assert.NotEmpty(places);
        Assert.DoesNotContain(places, p => !homes.Split(' ').Any(h => p.StartsWith(h, StringComparison.Ordinal)));
    }
}
