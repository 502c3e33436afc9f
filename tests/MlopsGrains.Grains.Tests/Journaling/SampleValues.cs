using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MlopsGrains.Grains.Tests.Journaling;

/// <summary>Values of any stored type with nothing left out: one element in each collection, and in each place the same small value.</summary>
internal static class SampleValues
{
    public static object Of(Type type) => Make(Nullable.GetUnderlyingType(type) ?? type);

    private static object Make(Type type) => type switch
    {
        _ when type == typeof(string) => "1",
        _ when type == typeof(bool) => true,
        _ when type == typeof(DateTimeOffset) => DateTimeOffset.UnixEpoch.AddDays(1),
        _ when type == typeof(TimeSpan) => TimeSpan.FromSeconds(1),
        _ when type == typeof(JsonElement) => JsonSerializer.SerializeToElement("1"),
        { IsEnum: true } => Enum.GetValues(type).Cast<object>().Last(),
        { IsPrimitive: true } => Convert.ChangeType(1, type, System.Globalization.CultureInfo.InvariantCulture),
        { IsArray: true } => Fill(Array.CreateInstance(type.GetElementType()!, 1), type.GetElementType()!),
        _ when KeyAndValue(type) is { } pair => Dictionary(type, pair),
        _ when Element(type) is { } element => Collection(type, element),
        { IsAbstract: true } => Of(type.GetCustomAttributes<JsonDerivedTypeAttribute>().First().DerivedType),
        _ => Whole(type),
    };

    private static object Whole(Type type)
    {
        // A record's primary constructor is the longest one; its copy constructor takes the record itself.
        var constructor = type.GetConstructors(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
            .Where(c => c.GetParameters() is not [{ ParameterType: var only }] || only != type)
            .MaxBy(c => c.GetParameters().Length)!;
        var whole = constructor.Invoke([.. constructor.GetParameters().Select(p => Of(p.ParameterType))]);
        foreach (var property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.SetMethod is { IsPublic: true } && p.GetCustomAttribute<JsonIgnoreAttribute>() is null))
        {
            property.SetValue(whole, Of(property.PropertyType));
        }

        return whole;
    }

    private static Array Fill(Array array, Type element)
    {
        array.SetValue(Of(element), 0);
        return array;
    }

    private static object Dictionary(Type type, Type[] pair)
    {
        var filled = (IDictionary)Activator.CreateInstance(type.IsInterface ? typeof(Dictionary<,>).MakeGenericType(pair) : type)!;
        filled.Add(Of(pair[0]), Of(pair[1]));
        return filled;
    }

    private static object Collection(Type type, Type element) =>
        type.IsInterface ? Fill(Array.CreateInstance(element, 1), element) : Activator.CreateInstance(type, Fill(Array.CreateInstance(element, 1), element))!;

    private static Type[]? KeyAndValue(Type type) => Interfaces(type, typeof(IReadOnlyDictionary<,>)) ?? Interfaces(type, typeof(IDictionary<,>));

    private static Type? Element(Type type) => Interfaces(type, typeof(IEnumerable<>))?[0];

    private static Type[]? Interfaces(Type type, Type open) =>
        type.GetInterfaces().Append(type).FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == open)?.GetGenericArguments();
}
