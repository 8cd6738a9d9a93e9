// Package fields reads the tags of settings and of the Args of components. One tag names a field in a stack file, in the
// state of a component, and in other languages: `pulumi:"storageGiB,optional"` (Pulumi docs, "Pulumi components").
package fields

import (
	"fmt"
	"reflect"
	"strings"
)

// Field is a field with a tag.
type Field struct {
	reflect.StructField
	// Key is its name in camel case, such as storageGiB.
	Key string
	// Optional reports whether it may be left out.
	Optional bool
}

// Of returns the fields of a struct that have a tag, in the order of their declaration.
func Of(t reflect.Type) []Field {
	var list []Field
	for i := range t.NumField() {
		if field := t.Field(i); field.IsExported() && !field.Anonymous {
			if key, rest, _ := strings.Cut(field.Tag.Get("pulumi"), ","); key != "" {
				list = append(list, Field{StructField: field, Key: key, Optional: rest == "optional"})
			}
		}
	}
	return list
}

// Walk visits the fields of a struct that have a tag, and of the structs in them, in the order of their declaration. It
// gives each the key of a stack file: web.size.max and, for the items of a list, web.schedules[].name.
func Walk(t reflect.Type, visit func(key string, field Field)) { walk("", t, visit) }

func walk(prefix string, t reflect.Type, visit func(string, Field)) {
	for _, field := range Of(t) {
		key := prefix + field.Key
		visit(key, field)
		switch kind := field.Type.Kind(); {
		case kind == reflect.Struct:
			walk(key+".", field.Type, visit)
		case kind == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
			walk(key+"[].", field.Type.Elem(), visit)
		}
	}
}

// Naming names a field for the reader of a fault, with "" for a field that this reader does not see.
type Naming func(reflect.StructField) string

// ByTag names fields as a stack file does: database.proxy.borrowSeconds.
func ByTag(field reflect.StructField) string {
	key, _, _ := strings.Cut(field.Tag.Get("pulumi"), ",")
	return key
}

// ByName names fields as a Go program does: Settings.Proxy.BorrowSeconds.
func ByName(field reflect.StructField) string { return field.Name }

// Index finds the names of the fields of a struct by pointers to them.
type Index map[any]string

// IndexOf returns the index of the struct that root points to, and of the structs that are in it.
func IndexOf(root any, name Naming) Index {
	index := Index{}
	index.add("", reflect.ValueOf(root), name)
	return index
}

func (x Index) add(name string, value reflect.Value, naming Naming) {
	if value.CanAddr() {
		x[value.Addr().Interface()] = name
	}
	switch value.Kind() {
	case reflect.Pointer:
		if value.Type().Elem().Kind() == reflect.Struct && !value.IsNil() {
			x.add(name, value.Elem(), naming)
		}
	case reflect.Struct:
		for i := range value.NumField() {
			field := value.Type().Field(i)
			step := naming(field)
			if !field.IsExported() || step == "" {
				continue
			}
			if name != "" {
				step = name + "." + step
			}
			x.add(step, value.Field(i), naming)
		}
	case reflect.Slice:
		for i := range value.Len() {
			x.add(fmt.Sprintf("%s[%d]", name, i), value.Index(i), naming)
		}
	}
}

// Name returns the name of the field that a pointer points to. It panics where the struct has no such field, which is a
// mistake of the caller.
func (x Index) Name(field any) string {
	name, known := x[field]
	if !known {
		panic(fmt.Sprintf("%T does not point to a field of this struct", field))
	}
	return name
}
