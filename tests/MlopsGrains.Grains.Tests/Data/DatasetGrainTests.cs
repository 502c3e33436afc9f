using System.Text;
using Microsoft.Extensions.DependencyInjection;
using MlopsGrains.Blobs;
using MlopsGrains.Catalogs;
using MlopsGrains.Data;
using MlopsGrains.Errors;

namespace MlopsGrains.Grains.Tests.Data;

public sealed class DatasetGrainTests(SiloFixture silo)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AddVersion_NewBytes_NumbersThemAndKeepsTheProfile()
    {
        var (name, dataset) = New();

        var first = await dataset.AddVersion(await Upload("a,b\n1,x\n2,y\n", source: "test"), Ct);
        var second = await dataset.AddVersion(await Upload("a,b\n1,x\n"), Ct);

        Assert.Equal((1, 2L, "test"), (first.Version, first.Rows, first.Source));
        Assert.Equal((2, 1L), (second.Version, second.Rows));
        var read = await dataset.GetVersion(1, Ct);
        Assert.Equal(first.Columns.Select(c => (c.Name, c.Type, c.Mean)), read.Columns.Select(c => (c.Name, c.Type, c.Mean)));
        Assert.Equal(2, (await dataset.GetVersion(null, Ct)).Version);
        Assert.Equal([1, 2], (await dataset.Get(Ct))!.Versions.Select(v => v.Version));
        Assert.Contains(name, (await silo.Grains.GetGrain<ICatalogGrain>(CatalogKinds.Datasets).List(name[..^1], 1000, Ct)).Items);
    }

    [Fact]
    public async Task AddVersion_BytesOfTheNewest_GivesItBack()
    {
        var (_, dataset) = New();
        var upload = await Upload("a\n1\n");
        var first = await dataset.AddVersion(upload, Ct);

        var again = await dataset.AddVersion(upload, Ct);
        await dataset.AddVersion(await Upload("a\n2\n"), Ct);
        var older = await dataset.AddVersion(upload, Ct);

        Assert.Equal((first.Version, first.CreatedAt), (again.Version, again.CreatedAt));
        Assert.Equal(3, older.Version);
    }

    [Theory]
    [InlineData("a,b\n1,x\n2,\n\n", null)]
    [InlineData("\uFEFFa,b\r\n1,x\r\n2,\r\n", null)]
    [InlineData("a;b\n1;x\n2;\n", "a,b\n1,x\n2,\n")]
    [InlineData("a\tb\n1,5\t\"x, y\"\n2,5\tNA\n", "a,b\n1.5,\"x, y\"\n2.5,\n")]
    [InlineData("a, b\n1, x\n2, ?\n", "a,b\n1,x\n2,\n")]
    public async Task AddVersion_OfAnyDialect_StoresTheStandardOne_AndKeepsTheOriginal(string csv, string? standard)
    {
        var (_, dataset) = New();
        var upload = await Upload(csv);

        var version = await dataset.AddVersion(upload, Ct);

        Assert.Equal(standard ?? csv, await Content(version.Digest));
        Assert.Equal(Encoding.UTF8.GetByteCount(standard ?? csv), version.Length);
        Assert.Equal(standard is null ? null : upload.Digest, version.Original?.Digest);
        Assert.Equal(csv, await Content(version.Original?.Digest ?? version.Digest));
        Assert.Equal((2L, 1L), (version.Rows, version.Columns[1].Missing));
        Assert.Equal(version.Version, (await dataset.AddVersion(upload, Ct)).Version);
        var plain = await New().Dataset.AddVersion(await Upload(await Content(version.Digest)), Ct);
        Assert.Equal(version.Columns.Select(c => (c.Name, c.Type, c.Missing, c.Mean)), plain.Columns.Select(c => (c.Name, c.Type, c.Missing, c.Mean)));
        Assert.Equal(version.Digest, plain.Digest);
    }

    [Fact]
    public async Task AddVersion_TheSameBytesReadOtherwise_IsAnotherVersion_TheSameCellsAreNot()
    {
        var (_, dataset) = New();
        var upload = await Upload("a,b\n1,NA\n2,x\n");

        var first = await dataset.AddVersion(upload, Ct);
        var kept = await dataset.AddVersion(upload with { Csv = new CsvOptions(Missing: []) }, Ct);
        var again = await dataset.AddVersion(upload with { Csv = new CsvOptions(Missing: []) }, Ct);
        var same = await dataset.AddVersion(await Upload("a;b\n1;NA\n2;x\n") with { Csv = new CsvOptions(Missing: []) }, Ct);

        Assert.Equal((1L, 0L), (first.Columns[1].Missing, kept.Columns[1].Missing));
        Assert.Equal([1, 2, 2, 2], new[] { first, kept, again, same }.Select(v => v.Version));
        Assert.Equal((null, "NA"), (kept.Original, first.Notes?[0].Split('\'')[1]));
        Assert.Equal([",", "."], [first.Original!.Csv.Delimiter!, first.Original.Csv.Decimal!]);
    }

    [Fact]
    public async Task AddVersion_BadContent_IsRefusedAndLeavesNothing()
    {
        var (_, dataset) = New();

        var ragged = await Assert.ThrowsAsync<MlopsException>(async () => await dataset.AddVersion(await Upload("a,b\n1\n"), Ct));
        var unknown = await Assert.ThrowsAsync<MlopsException>(() => dataset.AddVersion(new NewDatasetVersion(new string('0', 64), 1), Ct));
        var digest = await Assert.ThrowsAsync<MlopsException>(() => dataset.AddVersion(new NewDatasetVersion("abc", 1), Ct));

        Assert.Equal("rows[1]", ragged.Field);
        Assert.Equal(ErrorKind.NotFound, unknown.Kind);
        Assert.Equal("digest", digest.Field);
        Assert.Null(await dataset.Get(Ct));
    }

    [Fact]
    public async Task GetVersion_Unknown_IsNotFound()
    {
        var (_, dataset) = New();
        var none = await Assert.ThrowsAsync<MlopsException>(() => dataset.GetVersion(null, Ct));
        await dataset.AddVersion(await Upload("a\n1\n"), Ct);
        var second = await Assert.ThrowsAsync<MlopsException>(() => dataset.GetVersion(2, Ct));

        Assert.Equal([ErrorKind.NotFound, ErrorKind.NotFound], [none.Kind, second.Kind]);
    }

    private (string Name, IDatasetGrain Dataset) New()
    {
        var name = "d" + Guid.NewGuid().ToString("N");
        return (name, silo.Grains.GetGrain<IDatasetGrain>(name));
    }

    private async Task<string> Content(string digest)
    {
        using var reader = new StreamReader(await silo.Services.GetRequiredService<IBlobs>().OpenReadAsync(digest, Ct), new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false);
        return await reader.ReadToEndAsync(Ct);
    }

    private async Task<NewDatasetVersion> Upload(string csv, string? source = null)
    {
        var blob = await silo.Services.GetRequiredService<IBlobs>().WriteAsync(new MemoryStream(Encoding.UTF8.GetBytes(csv)), 1 << 20, Ct);
        return new NewDatasetVersion(blob.Digest, blob.Length, source);
    }
}
