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
    case "compare":
        return await CompareBenchmark.RunAsync(args[1..]);
    case "table":
        // The README's table, row by row; about half an hour.
        _ = await LogBatchBenchmark.RunAsync([]);
        _ = await TrackingBenchmark.RunAsync([]);
        _ = await ClientBenchmark.RunAsync(["--seconds", "60"]);
        _ = await SearchBenchmark.RunAsync(["--runs", "100000"]);
        _ = await SearchBenchmark.RunAsync(["--runs", "1000000"]);
        _ = await JournalBenchmark.RunAsync([]);
        return await ColdStartBenchmark.RunAsync();
    case "cold-start":
        return await ColdStartBenchmark.RunAsync();
    default:
        Console.Error.WriteLine("usage: MlopsGrains.Benchmarks journal [--engine sqlite,postgres] [--bytes N] [--flush-ms N] | log-batch [--connections N] [--seconds N] [--rounds N] | tracking [--engine sqlite,postgres] [--runs N] [--seconds N] [--writes-only] | client [--engine sqlite,postgres] [--seconds N] | search [--runs N] [--points N] [--writers N] [--searches N] | cold-start | compare --baseline DLL [--slices N] [--slice-ms N] [--case WORDS] | table");
        return 2;
}
