using MlopsGrains.Server;

return await ServerCommand.RunAsync(args);
