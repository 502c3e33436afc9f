using MlopsGrains.Benchmarks;

switch (args.FirstOrDefault())
{
    case "journal":
        return await JournalBenchmark.RunAsync(args[1..]);
    case "log-batch":
        return await LogBatchBenchmark.RunAsync(args[1..]);
    case "tracking":
        return await TrackingBenchmark.RunAsync(args[1..]);
    case "client":
        return await ClientBenchmark.RunAsync(args[1..]);
    case "search":
        return await SearchBenchmark.RunAsync(args[1..]);
    case "cold-start":
        return await ColdStartBenchmark.RunAsync();
    default:
        Console.Error.WriteLine("usage: MlopsGrains.Benchmarks journal [--engine sqlite,postgres] [--bytes N] [--flush-ms N] | log-batch [--connections N] [--seconds N] [--rounds N] | tracking [--engine sqlite,postgres] [--runs N] [--seconds N] | client [--engine sqlite,postgres] [--seconds N] | search [--runs N] [--points N] [--writers N] [--searches N] | cold-start");
        return 2;
}
