package policy

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// rest reports whether a plan goes through all changed files, but for those
// that it names in order to leave them out: such a rule leaves no file without
// a rule by oversight.
func (l *layer) rest(p *plan) bool {
	switch p.kind {
	case planName:
		return p.name == "files"
	case planGlob:
		return slices.ContainsFunc(p.set.exact, func(g glob) bool { return g.op == globAll })
	case planLocal:
		return l.rest(l.localPlans[p.name])
	case planConcat:
		return slices.ContainsFunc(p.parts, l.rest)
	case planFor:
		return p.value == nil && l.rest(p.parts[0]) && (p.cond == nil || leavesOut(p.cond.expr))
	}
	return false
}

// leavesOut reports whether a condition is made of !matches(…) alone.
func leavesOut(e hclsyntax.Expression) bool {
	switch e := Unwrap(e).(type) {
	case *hclsyntax.BinaryOpExpr:
		return e.Op == hclsyntax.OpLogicalAnd && leavesOut(e.LHS) && leavesOut(e.RHS)
	case *hclsyntax.UnaryOpExpr:
		call, ok := Unwrap(e.Val).(*hclsyntax.FunctionCallExpr)
		return ok && e.Op == hclsyntax.OpLogicalNot && call.Name == "matches"
	}
	return false
}
