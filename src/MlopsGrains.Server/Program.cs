using MlopsGrains.Server;
using MlopsGrains.Server.Hosting;

return await ServerCommand.RunAsync(args);
