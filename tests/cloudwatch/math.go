package cloudwatch

import (
	"fmt"
	"go/ast"
	"go/token"
	"strconv"
)

// compute returns the value of an expression in one period; nil is missing. The syntax of metric math that alarms use here is one of
// Go: names, numbers, arithmetic, comparisons, which are 1 or 0, FILL and IF. It panics at anything else.
func compute(expression ast.Expr, values map[string]*float64) *float64 {
	switch node := expression.(type) {
	case *ast.ParenExpr:
		return compute(node.X, values)
	case *ast.BasicLit:
		number, err := strconv.ParseFloat(node.Value, 64)
		if err != nil {
			panic(err)
		}
		return &number
	case *ast.Ident:
		value, known := values[node.Name]
		if !known {
			panic("no metric has the id " + node.Name)
		}
		return value
	case *ast.BinaryExpr:
		return operate(node.Op, compute(node.X, values), compute(node.Y, values))
	case *ast.CallExpr:
		return call(node, values)
	}
	panic(fmt.Sprintf("metric math has no %T", expression))
}

func call(node *ast.CallExpr, values map[string]*float64) *float64 {
	name := node.Fun.(*ast.Ident).Name
	argument := func(i int) *float64 { return compute(node.Args[i], values) }
	switch {
	case name == "FILL" && len(node.Args) == 2:
		if value := argument(0); value != nil {
			return value
		}
		return argument(1)
	case name == "IF" && len(node.Args) == 3:
		condition := argument(0)
		switch {
		case condition == nil:
			return nil
		case *condition != 0:
			return argument(1)
		}
		return argument(2)
	}
	panic(fmt.Sprintf("metric math has no %s of %d", name, len(node.Args)))
}

// operate returns nothing where an operand is missing, and where it would divide by zero.
func operate(operator token.Token, left, right *float64) *float64 {
	if left == nil || right == nil || operator == token.QUO && *right == 0 {
		return nil
	}
	truth := func(holds bool) float64 {
		if holds {
			return 1
		}
		return 0
	}
	a, b := *left, *right
	var result float64
	switch operator {
	case token.ADD:
		result = a + b
	case token.SUB:
		result = a - b
	case token.MUL:
		result = a * b
	case token.QUO:
		result = a / b
	case token.GTR:
		result = truth(a > b)
	case token.GEQ:
		result = truth(a >= b)
	case token.LSS:
		result = truth(a < b)
	case token.LEQ:
		result = truth(a <= b)
	default:
		panic("metric math has no " + operator.String())
	}
	return &result
}
