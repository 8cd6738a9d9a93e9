package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// settingsVariable is what main.go calls the settings of the stack.
const settingsVariable = "stack"

// main.go hands sections of the settings to components whole, and asks the settings for what follows from several of them. It copies
// no setting, negates none and decides nothing.
func TestMainCopiesNoSetting(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "main.go", nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	allowed := map[ast.Node]bool{}
	sections, called := 0, 0
	ast.Inspect(programIn(t, file), func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.UnaryExpr: // &stack.Network
			if node.Op == token.AND && ofSettings(node.X) {
				allowed[node.X] = true
				sections++
			}
		case *ast.CallExpr: // stack.Tags(ctx)
			if ofSettings(node.Fun) {
				allowed[node.Fun] = true
				called++
			}
		case *ast.SelectorExpr:
			if ofSettings(node) && !allowed[node] && node.Sel.Name != "Region" { // which is the provider's
				assert.Fail(t, "copies a setting", "%s: %s.%s", files.Position(node.Pos()), settingsVariable, node.Sel.Name)
			}
		case *ast.IfStmt:
			condition, compares := node.Cond.(*ast.BinaryExpr)
			if !compares || !isNamed(condition.X, "err") {
				assert.Fail(t, "decides something", files.Position(node.Pos()).String())
			}
		case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt:
			assert.Fail(t, "has logic", files.Position(node.Pos()).String())
		}
		return true
	})
	assert.GreaterOrEqual(t, sections, 8, "the test no longer sees how main.go passes settings on")
	assert.GreaterOrEqual(t, called, 3, "the test no longer sees what main.go asks of settings")
}

// programIn returns the function that composes the components.
func programIn(t *testing.T, file *ast.File) ast.Node {
	t.Helper()
	for _, each := range file.Decls {
		if function, is := each.(*ast.FuncDecl); is && function.Name.Name == "program" {
			return function
		}
	}
	require.Fail(t, "there is no function program")
	return nil
}

// ofSettings reports whether an expression is a field or a method of the settings.
func ofSettings(expression ast.Expr) bool {
	selector, isSelector := expression.(*ast.SelectorExpr)
	if !isSelector {
		return false
	}
	return isNamed(selector.X, settingsVariable)
}

func isNamed(expression ast.Expr, name string) bool {
	variable, isVariable := expression.(*ast.Ident)
	return isVariable && variable.Name == name
}
