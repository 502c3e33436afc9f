using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using MlopsGrains.Errors;
using MlopsGrains.Gateway.Access;
using MlopsGrains.Gateway.OpenApi;

namespace MlopsGrains.Gateway.Mlflow;

/// <summary>
/// What MLflow's pages ask of its gateway of language models and of its background jobs, neither of which is here: <c>server-info</c> says so, and who asks all the same is
/// told. A message that MLflow itself would refuse is refused for that first.
/// </summary>
internal static partial class MlflowGatewayEndpoints
{
    private static readonly string[] PromptlabFields = ["experiment_id", "prompt_template", "prompt_parameters", "model_route", "model_input", "mlflow_version"];

    public static void MapMlflowGateway(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMlflowMethod("POST", "/mlflow/runs/create-promptlab-run", CreatePromptlabRun).RequiresSignIn().WithTags("MLflow server").Describe("Refused: there is no prompt lab here.");
        endpoints.MapMlflowMethod("GET POST", "/mlflow/gateway-proxy", Proxy).RequiresSignIn().WithTags("MLflow server").Describe("Refused: there is no gateway of language models here.");
        endpoints.MapMlflowRaw("GET POST", "/jobs/{**path}", _ => throw new MlopsException(ErrorKind.NotSupported, "There are no MLflow jobs here; pipelines run in the background: /api/v1/pipelines."), generation: 3)
            .RequiresSignIn().WithTags("MLflow server").Describe("Refused: there are no MLflow jobs here.", """{"path!":"0123"}""");
    }

    private static Task CreatePromptlabRun(MlflowCall call)
    {
        foreach (var field in PromptlabFields)
        {
            if (!call.Request.IsGiven(field))
            {
                throw MlopsException.Invalid(field, $"CreatePromptlabRun request must specify {field}.");
            }
        }

        throw new MlopsException(ErrorKind.NotSupported, "There is no prompt lab here; log prompts and their outputs as a run with runs/create.");
    }

    private static Task Proxy(MlflowCall call)
    {
        var path = call.Request.Text("gateway_path");
        if (string.IsNullOrEmpty(path))
        {
            throw MlopsException.Invalid("gateway_path", "Deployments proxy request must specify a gateway_path.");
        }

        var method = call.Context.Request.Method;
        var isKnown = HttpMethods.IsGet(method) ? path.Trim('/') == "api/2.0/endpoints" : Invocation().IsMatch(path.Trim('/'));
        throw isKnown
            ? new MlopsException(ErrorKind.NotSupported, "There is no gateway of language models here (features_enabled.gateway of server-info is false).")
            : MlopsException.Invalid("gateway_path", $"Invalid gateway_path: {path} for method: {method}");
    }

    [GeneratedRegex(@"\Agateway/[^/]+/invocations\z")]
    private static partial Regex Invocation();
}
