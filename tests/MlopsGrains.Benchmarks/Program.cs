using MlopsGrains.Benchmarks;

switch (args.FirstOrDefault())
{
    case "journal":
        return await JournalBenchmark.RunAsync(args[1..]);
    default:
        Console.Error.WriteLine("usage: MlopsGrains.Benchmarks journal [bytes]");
        return 2;
}
