package terraform

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

func quote(buf []byte, s string) []byte { // with its length, so that no two texts run together
	buf = strconv.AppendInt(buf, int64(len(s)), 10)
	buf = append(buf, '"')
	return append(buf, s...)
}

// operators name HCL's operations.
var operators = map[*hclsyntax.Operation]string{
	hclsyntax.OpLogicalOr: "||", hclsyntax.OpLogicalAnd: "&&", hclsyntax.OpLogicalNot: "!", hclsyntax.OpEqual: "==",
	hclsyntax.OpNotEqual: "!=", hclsyntax.OpGreaterThan: ">", hclsyntax.OpGreaterThanOrEqual: ">=", hclsyntax.OpLessThan: "<",
	hclsyntax.OpLessThanOrEqual: "<=", hclsyntax.OpAdd: "+", hclsyntax.OpSubtract: "-", hclsyntax.OpMultiply: "*",
	hclsyntax.OpDivide: "/", hclsyntax.OpModulo: "%", hclsyntax.OpNegate: "-",
}

// expression appends the canonical form of an expression: its tree without
// positions, comments and spelling.
func (r *reader) expression(e hclsyntax.Expression) {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		r.literal(e.Val)
	case *hclsyntax.TemplateExpr:
		r.template(e.Parts)
	case *hclsyntax.TemplateWrapExpr:
		r.expression(e.Wrapped) // "${x}" is x, whatever its type
	case *hclsyntax.TemplateJoinExpr:
		r.list("join", e.Tuple)
	case *hclsyntax.ScopeTraversalExpr:
		r.traversal(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		r.list("of", e.Source)
		r.traversal(e.Traversal)
	case *hclsyntax.FunctionCallExpr:
		r.buf = append(r.buf, e.Name...)
		if e.ExpandFinal {
			r.buf = append(r.buf, "..."...)
		}
		r.list("call", e.Args...)
	case *hclsyntax.ConditionalExpr:
		r.list("if", e.Condition, e.TrueResult, e.FalseResult)
	case *hclsyntax.IndexExpr:
		r.list("index", e.Collection, e.Key)
	case *hclsyntax.TupleConsExpr:
		r.list("tuple", e.Exprs...)
	case *hclsyntax.ObjectConsExpr:
		r.object(e)
	case *hclsyntax.ObjectConsKeyExpr:
		if word := hcl.ExprAsKeyword(e.Wrapped); word != "" && !e.ForceNonLiteral {
			r.literal(cty.StringVal(word))
			return
		}
		r.expression(e.Wrapped)
	case *hclsyntax.ForExpr:
		r.buf = append(r.buf, "for "...)
		r.buf = quote(quote(r.buf, e.KeyVar), e.ValVar)
		r.buf = strconv.AppendBool(r.buf, e.Group)
		r.list("", e.CollExpr, e.KeyExpr, e.ValExpr, e.CondExpr)
	case *hclsyntax.SplatExpr:
		r.list("splat", e.Source, e.Each)
	case *hclsyntax.AnonSymbolExpr:
		r.buf = append(r.buf, '@')
	case *hclsyntax.ParenthesesExpr:
		r.list("", e.Expression)
	case *hclsyntax.BinaryOpExpr:
		r.operation(e.Op, e.LHS, e.RHS)
	case *hclsyntax.UnaryOpExpr:
		r.operation(e.Op, e.Val)
	default:
		r.why = fmt.Sprintf("the file has an expression of an unknown sort (%T)", e)
	}
}

func (r *reader) operation(op *hclsyntax.Operation, of ...hclsyntax.Expression) {
	name, ok := operators[op]
	if !ok {
		r.why = "the file has an unknown operator"
	}
	r.list(name, of...)
}

func (r *reader) list(name string, of ...hclsyntax.Expression) {
	r.buf = append(r.buf, name...)
	r.buf = append(r.buf, '(')
	for _, e := range of {
		if e != nil {
			r.expression(e)
		}
		r.buf = append(r.buf, ',')
	}
	r.buf = append(r.buf, ')')
}

// template melds literal parts that follow one another.
func (r *reader) template(parts []hclsyntax.Expression) {
	if len(parts) == 0 {
		r.literal(cty.StringVal(""))
		return
	}
	var run string
	open, only := false, true
	flush := func() {
		if open {
			r.literal(cty.StringVal(run))
			r.buf = append(r.buf, ',')
			run, open = "", false
		}
	}
	for _, p := range parts {
		l, ok := p.(*hclsyntax.LiteralValueExpr)
		if !ok || l.Val.IsNull() || l.Val.Type() != cty.String {
			only = false
			break
		}
	}
	if only {
		for _, p := range parts {
			run += p.(*hclsyntax.LiteralValueExpr).Val.AsString()
		}
		r.literal(cty.StringVal(run))
		return
	}
	r.buf = append(r.buf, "template("...)
	for _, p := range parts {
		if l, ok := p.(*hclsyntax.LiteralValueExpr); ok && !l.Val.IsNull() && l.Val.Type() == cty.String {
			run, open = run+l.Val.AsString(), true
			continue
		}
		flush()
		r.expression(p)
		r.buf = append(r.buf, ',')
	}
	flush()
	r.buf = append(r.buf, ')')
}

func (r *reader) literal(v cty.Value) {
	switch {
	case !v.IsKnown():
		r.why = "the file has a literal without a value"
	case v.IsNull():
		r.buf = append(r.buf, "null"...)
	case v.Type() == cty.Bool:
		r.buf = strconv.AppendBool(r.buf, v.True())
	case v.Type() == cty.Number:
		r.buf = append(r.buf, '#')
		r.buf = v.AsBigFloat().Append(r.buf, 'p', 0)
	case v.Type() == cty.String:
		r.buf = quote(r.buf, v.AsString())
	default:
		r.why = "the file has a literal of an unknown type"
	}
}

func (r *reader) traversal(t hcl.Traversal) {
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			r.buf = append(r.buf, '$')
			r.buf = append(r.buf, s.Name...)
		case hcl.TraverseAttr:
			r.buf = append(r.buf, '.')
			r.buf = append(r.buf, s.Name...)
		case hcl.TraverseIndex:
			r.buf = append(r.buf, '[')
			r.literal(s.Key)
			r.buf = append(r.buf, ']')
		default:
			r.why = fmt.Sprintf("the file has a reference of an unknown sort (%T)", step)
		}
	}
}

// object writes the items of an object by their keys; where these are not all
// different literals the last of equal ones wins, so that order matters.
func (r *reader) object(o *hclsyntax.ObjectConsExpr) {
	start := len(r.buf)
	r.buf = append(r.buf, "object("...)
	type item struct{ key, from, to int }
	items := make([]item, len(o.Items))
	plain := true
	for i, it := range o.Items {
		items[i].from = len(r.buf)
		r.expression(it.KeyExpr)
		items[i].key = len(r.buf)
		if _, ok := keyOf(it.KeyExpr); !ok {
			plain = false
		}
		r.buf = append(r.buf, '=')
		r.expression(it.ValueExpr)
		r.buf = append(r.buf, ',')
		items[i].to = len(r.buf)
	}
	key := func(i item) string { return string(r.buf[i.from:i.key]) }
	byKey := func(x, y item) int {
		a, b := r.buf[x.from:x.key], r.buf[y.from:y.key]
		return slices.Compare(a, b)
	}
	if plain && !slices.IsSortedFunc(items, byKey) {
		sorted := slices.Clone(items)
		slices.SortStableFunc(sorted, byKey)
		for i := 1; i < len(sorted); i++ {
			if key(sorted[i]) == key(sorted[i-1]) {
				plain = false
			}
		}
		if plain {
			whole := slices.Clone(r.buf[start:])
			r.buf = append(r.buf[:start], "object("...)
			for _, it := range sorted {
				r.buf = append(r.buf, whole[it.from-start:it.to-start]...)
			}
		}
	}
	r.buf = append(r.buf, ')')
}
