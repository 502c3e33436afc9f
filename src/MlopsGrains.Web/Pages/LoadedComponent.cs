using Microsoft.AspNetCore.Components;

namespace MlopsGrains.Web.Pages;

/// <summary>A component that asks the API for what it shows, and is rendered once, when it has it.</summary>
public abstract class LoadedComponent : ComponentBase
{
    /// <inheritdoc/>
    public override async Task SetParametersAsync(ParameterView parameters)
    {
        parameters.SetParameterProperties(this);
        await LoadAsync();
        StateHasChanged();
    }

    /// <summary>Asks.</summary>
    protected abstract Task LoadAsync();
}
