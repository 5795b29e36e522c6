package terraform

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy/fact"
)

// value is an expression as far as it is literal: nil, bool, string, float64,
// []any and map[string]any, with unset where it is not.
type value any

// opaque is a value that is no literal; text is its source in JSON, or the
// reference that it is.
type opaque struct{ text string }

func valueOf(e hclsyntax.Expression) value {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return scalar(e.Val)
	case *hclsyntax.ParenthesesExpr:
		return valueOf(e.Expression)
	case *hclsyntax.TemplateWrapExpr:
		return valueOf(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		var b strings.Builder
		for _, p := range e.Parts {
			l, ok := p.(*hclsyntax.LiteralValueExpr)
			if !ok || l.Val.IsNull() || l.Val.Type() != cty.String {
				return opaque{}
			}
			b.WriteString(l.Val.AsString())
		}
		return b.String()
	case *hclsyntax.UnaryOpExpr:
		if n, ok := valueOf(e.Val).(float64); ok && e.Op == hclsyntax.OpNegate {
			return -n
		}
	case *hclsyntax.TupleConsExpr:
		all := make([]any, len(e.Exprs))
		for i, x := range e.Exprs {
			all[i] = valueOf(x)
		}
		return all
	case *hclsyntax.ObjectConsExpr:
		all := make(map[string]any, len(e.Items))
		for _, it := range e.Items {
			k, ok := keyOf(it.KeyExpr)
			if !ok {
				return opaque{}
			}
			all[k] = valueOf(it.ValueExpr)
		}
		return all
	case *hclsyntax.ScopeTraversalExpr:
		return opaque{reference(e.Traversal)}
	case *hclsyntax.FunctionCallExpr:
		// The conversions that lists and policies are written with.
		if len(e.Args) == 1 && !e.ExpandFinal && (e.Name == "toset" || e.Name == "tolist" || e.Name == "jsonencode" || e.Name == "sensitive") {
			return converted{valueOf(e.Args[0])}
		}
	}
	return opaque{}
}

// converted is a literal behind a function, which is no literal itself but
// shows what risks it holds.
type converted struct{ of value }

func scalar(v cty.Value) value {
	switch {
	case !v.IsKnown():
		return opaque{}
	case v.IsNull():
		return nil
	case v.Type() == cty.Bool:
		return v.True()
	case v.Type() == cty.Number:
		n, _ := v.AsBigFloat().Float64()
		return n
	case v.Type() == cty.String:
		return v.AsString()
	}
	return opaque{}
}

// keyOf returns the literal key of an object's item.
func keyOf(e hclsyntax.Expression) (string, bool) {
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok {
		if word := hcl.ExprAsKeyword(k.Wrapped); word != "" && !k.ForceNonLiteral {
			return word, true
		}
		e = k.Wrapped
	}
	s, ok := valueOf(e).(string)
	return s, ok
}

// reference writes a traversal as an address.
func reference(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(s.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + s.Name)
		case hcl.TraverseIndex:
			switch v := scalar(s.Key).(type) {
			case string:
				b.WriteString("[" + strconv.Quote(v) + "]")
			case float64:
				b.WriteString("[" + strconv.FormatFloat(v, 'f', -1, 64) + "]")
			}
		}
	}
	return b.String()
}

// literal reports whether all of a value is one.
func literal(v value) bool {
	switch v := v.(type) {
	case opaque, converted:
		return false
	case []any:
		for _, x := range v {
			if !literal(x) {
				return false
			}
		}
	case map[string]any:
		for _, x := range v {
			if !literal(x) {
				return false
			}
		}
	}
	return true
}

const (
	notLiteral = "it is not a literal"
	isSecret   = "it is a literal secret, which is not repeated"
	isDynamic  = "a dynamic block makes it"
	tooDeep    = "it nests too deeply"
	maxFlat    = 2_000 // attributes of one resource
)

// flatten maps a body's attribute paths to their literals.
func flatten(b *body) map[string]fact.Maybe[any] {
	out := make(map[string]fact.Maybe[any], len(b.args))
	flattenBody(out, "", b)
	if len(out) == 0 {
		return nil
	}
	return out
}

func flattenBody(out map[string]fact.Maybe[any], prefix string, b *body) {
	for _, a := range b.args {
		flattenValue(out, prefix+a.name, a.name, a.value, 0)
	}
	count, dynamic := map[string]int{}, map[string]bool{}
	for _, n := range b.nested("dynamic") {
		if len(n.labels) == 1 {
			dynamic[n.labels[0]] = true
			out[prefix+n.labels[0]] = fact.Unknown[any](isDynamic)
		}
	}
	for _, n := range b.blocks {
		if n.kind == "dynamic" || dynamic[n.kind] {
			continue
		}
		p := fmt.Sprintf("%s%s[%d]", prefix, n.kind, count[n.kind])
		count[n.kind]++
		if len(out) >= maxFlat {
			out[prefix+n.kind] = fact.Unknown[any]("it has too many attributes")
			return
		}
		if len(n.body.args) == 0 && len(n.body.blocks) == 0 {
			out[p] = fact.Known[any](map[string]any{})
		}
		flattenBody(out, p+".", &n.body)
	}
}

func flattenValue(out map[string]fact.Maybe[any], at, name string, v value, depth int) {
	if s, ok := v.(string); ok && s != "" && secretName(name) {
		out[at] = fact.Unknown[any](isSecret)
		return
	}
	switch x := v.(type) {
	case jsonObject:
		// In JSON a block and an object look the same: both spellings are set.
		if depth > 3 {
			out[at] = fact.Unknown[any](tooDeep)
			return
		}
		for k, e := range x {
			flattenValue(out, at+"."+k, k, e, depth+1)
			flattenValue(out, at+"[0]."+k, k, e, depth+1)
		}
	case map[string]any:
		if literal(v) && !holdsSecret(v) || depth > 8 {
			break
		}
		for k, e := range x {
			flattenValue(out, at+"."+k, k, e, depth+1)
		}
		return
	case []any:
		if literal(v) && !holdsSecret(v) && !holdsJSON(x) || depth > 8 {
			break
		}
		for i, e := range x {
			flattenValue(out, fmt.Sprintf("%s[%d]", at, i), name, e, depth+1)
		}
		return
	}
	switch {
	case len(out) >= maxFlat:
		out[at] = fact.Unknown[any]("it has too many attributes")
	case isJSON(v):
	case literal(v) && !holdsSecret(v):
		out[at] = fact.Known[any](v)
	default:
		out[at] = fact.Unknown[any](notLiteral)
	}
}

func isJSON(v value) bool {
	_, ok := v.(jsonObject)
	return ok
}

func holdsJSON(v []any) bool {
	for _, e := range v {
		if isJSON(e) {
			return true
		}
	}
	return false
}

// holdsSecret reports whether an object keeps a text under a secret's name.
func holdsSecret(v value) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if s, ok := e.(string); ok && s != "" && secretName(k) || holdsSecret(e) {
				return true
			}
		}
	case []any:
		for _, e := range v {
			if holdsSecret(e) {
				return true
			}
		}
	}
	return false
}
