using System.CommandLine;
using MlopsGrains.Server.Hosting;

// Draining the journal may take longer than the two seconds that the command line grants a process by default.
return await ServerCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(1) });
