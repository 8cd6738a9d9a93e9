package component

import (
	"fmt"
	"reflect"

	"ha-web/internal/fields"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Register registers a component, with its settings as its inputs. What it gets from other components is not among them: its
// registration would wait for that, and each of its children for its registration, even those that do not need it.
func Register(
	ctx *pulumi.Context, token, name string, settings any, resource pulumi.ComponentResource, opts ...pulumi.ResourceOption,
) error {
	inputs := pulumi.Map{"settings": properties(settings)}
	if err := ctx.RegisterComponentResourceV2(token, name, inputs, resource, opts...); err != nil {
		return fmt.Errorf("registering %s %s: %w", token, name, err)
	}
	return nil
}

// RegisterOutputs ends the registration of a component, with those of its fields that have a tag as its outputs.
func RegisterOutputs(ctx *pulumi.Context, resource pulumi.ComponentResource) error {
	return ctx.RegisterResourceOutputs(resource, properties(resource))
}

// properties returns the fields of the struct that root points to, by their tags.
func properties(root any) pulumi.Map {
	return structProperties(reflect.ValueOf(root).Elem())
}

func structProperties(value reflect.Value) pulumi.Map {
	properties := pulumi.Map{}
	for _, field := range fields.Of(value.Type()) {
		if input := property(value.FieldByIndex(field.Index)); input != nil {
			properties[field.Key] = input
		}
	}
	return properties
}

// property returns a value as an input, nil where it is left out.
func property(value reflect.Value) pulumi.Input {
	switch value.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map:
		if value.IsNil() {
			return nil
		}
	}
	if input, isInput := value.Interface().(pulumi.Input); isInput {
		return input
	}
	switch value.Kind() {
	case reflect.Interface, reflect.Pointer:
		return property(value.Elem())
	case reflect.Struct:
		if properties := structProperties(value); len(properties) > 0 {
			return properties
		}
		return nil
	case reflect.String:
		if value.Len() == 0 {
			return nil
		}
		return pulumi.String(value.String())
	case reflect.Bool:
		return pulumi.Bool(value.Bool())
	case reflect.Int:
		return pulumi.Int(value.Int())
	case reflect.Slice:
		list := make(pulumi.Array, value.Len())
		for i := range list {
			list[i] = property(value.Index(i))
		}
		return list
	case reflect.Map:
		entries := pulumi.Map{}
		for _, key := range value.MapKeys() {
			entries[key.String()] = property(value.MapIndex(key))
		}
		return entries
	}
	panic(fmt.Sprintf("a field of type %s cannot be a property", value.Type()))
}
