package component

import (
	"fmt"
	"reflect"

	"ha-web/internal/fields"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Register registers a component, with its settings as its inputs, but for the secrets among them, which the state has with the
// resources that need them. What the component gets from other components is not among its inputs either: its registration would
// wait for that, and each of its children for its registration, even those that do not need it.
func Register(
	ctx *pulumi.Context, token, name string, settings any, resource pulumi.ComponentResource, opts ...pulumi.ResourceOption,
) error {
	inputs := pulumi.Map{"settings": properties(settings, withoutInputs)}
	if err := ctx.RegisterComponentResourceV2(token, name, inputs, resource, opts...); err != nil {
		return fmt.Errorf("registering %s %s: %w", token, name, err)
	}
	return nil
}

// RegisterOutputs ends the registration of a component, with those of its fields that have a tag as its outputs.
func RegisterOutputs(ctx *pulumi.Context, resource pulumi.ComponentResource) error {
	return ctx.RegisterResourceOutputs(resource, properties(resource, withInputs))
}

// mode says whether properties include the fields that are inputs already. In settings these are secrets.
type mode bool

const (
	withInputs    mode = true
	withoutInputs mode = false
)

// properties returns the fields of the struct that root points to, by their tags.
func properties(root any, mode mode) pulumi.Map {
	return structProperties(reflect.ValueOf(root).Elem(), mode)
}

func structProperties(value reflect.Value, mode mode) pulumi.Map {
	properties := pulumi.Map{}
	for _, field := range fields.Of(value.Type()) {
		if mode == withoutInputs && isInput(field.Type) {
			continue
		}
		if input := property(value.FieldByIndex(field.Index), mode); input != nil {
			properties[field.Key] = input
		}
	}
	return properties
}

// isInput reports whether values of a type, or the entries of a map of this type, are inputs.
func isInput(t reflect.Type) bool {
	if t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t.Implements(reflect.TypeFor[pulumi.Input]())
}

// property returns a value as an input, nil where it is left out.
func property(value reflect.Value, mode mode) pulumi.Input {
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
		return property(value.Elem(), mode)
	case reflect.Struct:
		if properties := structProperties(value, mode); len(properties) > 0 {
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
			list[i] = property(value.Index(i), mode)
		}
		return list
	case reflect.Map:
		entries := pulumi.Map{}
		for _, key := range value.MapKeys() {
			entries[key.String()] = property(value.MapIndex(key), mode)
		}
		return entries
	}
	panic(fmt.Sprintf("a field of type %s cannot be a property", value.Type()))
}
