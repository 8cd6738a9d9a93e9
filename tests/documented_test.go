package tests

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"ha-web/internal/fields"
	"ha-web/internal/settings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// setting is one documented setting.
type setting struct {
	key, effect, cost string
	value             reflect.Value // its default
	of                reflect.Type
}

// documented returns the settings as their declarations say: keys from tags, defaults from the program, the rest from
// comments.
func documented(t *testing.T) []setting {
	t.Helper()
	comments := commentsOf{}
	var list []setting
	var walk func(prefix string, value reflect.Value)
	walk = func(prefix string, value reflect.Value) {
		for _, field := range fields.Of(value.Type()) {
			key, at := prefix+field.Key, value.FieldByIndex(field.Index)
			effect, cost, _ := strings.Cut(comments.field(t, value.Type(), field.Name), " Cost: ")
			list = append(list, setting{key: key, effect: effect, cost: cost, value: at, of: field.Type})
			switch {
			case field.Type.Kind() == reflect.Struct:
				walk(key+".", at)
			case field.Type.Kind() == reflect.Slice && field.Type.Elem().Kind() == reflect.Struct:
				walk(key+"[].", reflect.Zero(field.Type.Elem()))
			}
		}
	}
	walk("", reflect.ValueOf(*settings.Default()))
	return list
}

// commentsOf are the comments of fields, each as one line, by the path of a package and then by "Struct.Field".
type commentsOf map[string]map[string]string

// field returns the comment of a field, which it must have.
func (c commentsOf) field(t *testing.T, owner reflect.Type, name string) string {
	t.Helper()
	comments, read := c[owner.PkgPath()]
	if !read {
		comments = packageComments(t, owner.PkgPath())
		c[owner.PkgPath()] = comments
	}
	comment := comments[owner.Name()+"."+name]
	require.NotEmpty(t, comment, "%s.%s has no comment", owner, name)
	return comment
}

func packageComments(t *testing.T, path string) map[string]string {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(project, strings.TrimPrefix(path, "ha-web/"), "*.go"))
	require.NoError(t, err)
	comments := map[string]string{}
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ParseComments)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			declared, isType := node.(*ast.TypeSpec)
			if !isType {
				return true
			}
			if fields, isStruct := declared.Type.(*ast.StructType); isStruct {
				for _, field := range fields.Fields.List {
					for _, name := range field.Names {
						comments[declared.Name.Name+"."+name.Name] = strings.Join(strings.Fields(field.Doc.Text()), " ")
					}
				}
			}
			return false
		})
	}
	return comments
}

var secretType = reflect.TypeFor[pulumi.StringInput]()

// kind returns the type of a setting for people.
func (s setting) kind() string {
	switch t := s.of; {
	case t == secretType:
		return "secret string"
	case t.Kind() == reflect.Pointer:
		return setting{of: t.Elem()}.kind()
	case t.Kind() == reflect.Map && t.Elem() == secretType:
		return "map of secret strings"
	case t.Kind() == reflect.Map:
		return "map of strings"
	case t.Kind() == reflect.Struct:
		return "map"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.Int:
		return "integer"
	case t.Kind() == reflect.Bool:
		return "boolean"
	}
	return "string"
}

// preset returns the default of a setting for people, "" where it has none.
func (s setting) preset() string {
	kind := s.of.Kind()
	if kind == reflect.Struct || s.value.IsZero() && kind != reflect.Bool && kind != reflect.Int {
		return ""
	}
	return fmt.Sprintf("`%v`", s.value)
}
