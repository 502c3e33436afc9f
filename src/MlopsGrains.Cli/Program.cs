using MlopsGrains.Cli;
using MlopsGrains.Cli.Shell;

return await MlopsCommand.RunAsync(args, CliEnvironment.OfProcess());
