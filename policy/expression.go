package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// scalar is an expression that is evaluated as a whole, where anything that
// cannot be told makes the answer unknown.
type scalar struct {
	expr   hclsyntax.Expression
	source string   // as it stands in the policy
	names  []string // that must have values first
}

// plan is how the elements of `changes` are found one by one, so that what
// cannot be told stays an element of its own rather than hide the others.
type plan struct {
	kind  planKind
	name  string    // planName: of a list; planLocal: of the local
	set   *globs    // planGlob, planResources
	parts []*plan   // planConcat; the two branches of planChoice; the list of planFor
	cond  *scalar   // planFor (nil: every element), planChoice
	elem  string    // planFor: the variable
	fast  predicate // planFor: cond, compiled; nil where it has to be evaluated
	value *scalar   // planFor: the result; nil for the element itself
	whole *scalar   // planWhole
}

type planKind int

const (
	planWhole     planKind = iota // anything else: evaluated as a whole
	planName                      // a list of findings
	planLocal                     // a local
	planGlob                      // glob(…)
	planResources                 // resources(…)
	planFor                       // [for x in list : value if condition]
	planConcat                    // concat(list…)
	planChoice                    // condition ? list : list
)

// plan makes the plans of all rules and locals; the check has passed.
func (ld *loader) plan() {
	l := ld.layer
	p := &planner{layer: l}
	l.localPlans = map[string]*plan{}
	for name, e := range l.locals {
		p.local(name)
		l.localNames[name] = namesIn(e.(hclsyntax.Expression))
	}
	for _, r := range l.rules {
		if r.changes != nil {
			r.pick = p.plan(r.changes.(hclsyntax.Expression))
		}
		if r.when != nil {
			r.condition = p.scalar(r.when.(hclsyntax.Expression))
		}
		ld.in = grammar.block("rule").what([]string{r.name})
		for _, e := range []hcl.Expression{r.changes, r.when} {
			if e != nil && ordinary(l).of(e.(hclsyntax.Expression)).excessive() {
				ld.errorf(e.Range(), "Expression too expensive", "On a change of %d files it would take more than %d steps, or %d MiB. Go through fewer lists inside one another, and do not repeat locals in locals.", ordinaryFiles, maxCost, maxValue>>20)
			}
		}
	}
	ld.in = ""
}

// ordinaryFiles is how many files, and elements of any other list, a change
// has for which every expression must be affordable.
const ordinaryFiles = 100

// ordinary sizes expressions for a change of ordinary size.
func ordinary(l *layer) *sizer {
	sizes := map[string]estimate{}
	s := &sizer{}
	s.size = func(n string) estimate {
		est, ok := sizes[n]
		if ok {
			return est
		}
		switch known := nameByPath[n]; {
		case known == nil:
			est = s.of(l.locals[strings.TrimPrefix(n, "local.")].(hclsyntax.Expression))
		case known.kind != "" || n == "pull.labels":
			est = estimate{1, ordinaryFiles, ordinaryFiles * 256}
		default:
			est = estimate{1, 0, 1024}
		}
		sizes[n] = est
		return est
	}
	return s
}

type planner struct{ layer *layer }

// local returns a local's plan; the check has found that none is circular.
func (p *planner) local(name string) *plan {
	made, ok := p.layer.localPlans[name]
	if !ok {
		made = p.plan(p.layer.locals[name].(hclsyntax.Expression))
		p.layer.localPlans[name] = made
	}
	return made
}

func (p *planner) scalar(e hclsyntax.Expression) *scalar {
	return &scalar{expr: e, source: sourceOf(p.layer.bytes, e.Range()), names: namesIn(e)}
}

// sourceOf is an expression's text on one line, shortened.
func sourceOf(src []byte, at hcl.Range) string {
	if !at.CanSliceBytes(src) {
		return ""
	}
	return shorten(strings.Join(strings.Fields(string(at.SliceBytes(src))), " "), 300)
}

// namesIn are the variables that an expression needs, other than those of
// its own loops.
func namesIn(e hclsyntax.Expression) []string {
	found := map[string]bool{}
	var visit func(n hclsyntax.Node)
	visit = func(n hclsyntax.Node) {
		if t, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
			root := t.Traversal.RootName()
			if nameByPath[root] != nil || strings.HasPrefix(root, "local.") {
				found[root] = true
			}
		}
		for _, c := range children(n) {
			visit(c)
		}
	}
	visit(e)
	return slices.Sorted(maps.Keys(found))
}

// plan plans an expression that stands outside every loop.
func (p *planner) plan(e hclsyntax.Expression) *plan {
	switch e := Unwrap(e).(type) {
	case *hclsyntax.ScopeTraversalExpr:
		if len(e.Traversal) != 1 {
			break
		}
		root := e.Traversal.RootName()
		if n := nameByPath[root]; n != nil && n.kind != "" {
			return &plan{kind: planName, name: root}
		}
		if local, ok := strings.CutPrefix(root, "local."); ok {
			return &plan{kind: planLocal, name: local}
		}
	case *hclsyntax.FunctionCallExpr:
		switch e.Name {
		case "glob", "resources":
			var patterns []string
			for _, a := range e.Args {
				text, _ := literalText(a)
				patterns = append(patterns, text)
			}
			kind := planGlob
			if e.Name == "resources" {
				kind = planResources
			}
			return &plan{kind: kind, set: p.layer.globs[patternKey(patterns)]}
		case "concat":
			out := &plan{kind: planConcat}
			for _, a := range e.Args {
				out.parts = append(out.parts, p.plan(a))
			}
			return out
		}
	case *hclsyntax.ConditionalExpr:
		return &plan{kind: planChoice, cond: p.scalar(e.Condition), parts: []*plan{p.plan(e.TrueResult), p.plan(e.FalseResult)}}
	case *hclsyntax.ForExpr:
		if e.KeyExpr != nil || e.KeyVar != "" {
			break
		}
		out := &plan{kind: planFor, elem: e.ValVar, parts: []*plan{p.plan(e.CollExpr)}}
		if e.CondExpr != nil {
			out.cond = p.scalar(e.CondExpr)
			out.fast = (&compiler{p, e.ValVar, p.elements(out.parts[0])}).condition(e.CondExpr)
		}
		if t, ok := Unwrap(e.ValExpr).(*hclsyntax.ScopeTraversalExpr); !ok || len(t.Traversal) != 1 || t.Traversal.RootName() != e.ValVar {
			out.value = p.scalar(e.ValExpr)
		}
		return out
	}
	return &plan{kind: planWhole, whole: p.scalar(e)}
}

// elements returns the kind of the elements that a plan finds; "" where they
// are not all of one kind.
func (p *planner) elements(of *plan) string {
	switch of.kind {
	case planName:
		return nameByPath[of.name].kind
	case planGlob:
		return "files"
	case planResources:
		return "terraform.resources"
	case planLocal:
		return p.elements(p.local(of.name))
	case planFor:
		if of.value == nil {
			return p.elements(of.parts[0])
		}
	case planConcat, planChoice:
		kind := p.elements(of.parts[0])
		for _, part := range of.parts[1:] {
			if p.elements(part) != kind {
				return ""
			}
		}
		return kind
	}
	return ""
}

// estimate bounds what evaluating an expression takes and yields, before it
// is evaluated.
type estimate struct {
	cost  int64 // steps
	count int64 // elements of a list
	bytes int64 // of the value
}

const ceiling = int64(1) << 40

func (e estimate) capped() estimate {
	return estimate{min(max(e.cost, 0), ceiling), min(max(e.count, 0), ceiling), min(max(e.bytes, 0), ceiling)}
}

func times(a, b int64) int64 {
	if a > 0 && b > ceiling/a {
		return ceiling
	}
	return a * b
}

// sizer estimates expressions; size says what a variable holds.
type sizer struct {
	size func(name string) estimate
}

// attributeSize is what an attribute of an element is taken to hold.
var attributeSize = estimate{cost: 1, count: 16, bytes: 256}

func (s *sizer) of(e hclsyntax.Expression) estimate {
	var out estimate
	add := func(xs ...hclsyntax.Expression) {
		for _, x := range xs {
			est := s.of(x)
			out.cost += est.cost
			out.bytes += est.bytes
			out.count = max(out.count, est.count)
		}
	}
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		out.bytes = 16
		if e.Val.Type() == cty.String && e.Val.IsKnown() && !e.Val.IsNull() {
			out.bytes = int64(len(e.Val.AsString())) + 16
		}
	case *hclsyntax.ScopeTraversalExpr:
		root := e.Traversal.RootName()
		switch {
		case nameByPath[root] == nil && !strings.HasPrefix(root, "local."):
			out = attributeSize
		case len(e.Traversal) > 1:
			out = attributeSize
			if est := s.size(root); strings.HasPrefix(root, "local.") {
				out = est
			}
		default:
			out = s.size(root)
		}
	case *hclsyntax.ParenthesesExpr:
		return s.of(e.Expression)
	case *hclsyntax.TupleConsExpr:
		add(e.Exprs...)
		out.count = int64(len(e.Exprs))
	case *hclsyntax.ForExpr:
		coll := s.of(e.CollExpr)
		var each estimate
		for _, x := range []hclsyntax.Expression{e.ValExpr, e.CondExpr, e.KeyExpr} {
			if x != nil {
				est := s.of(x)
				each.cost += est.cost
				each.bytes += est.bytes
			}
		}
		out = estimate{coll.cost + times(coll.count, each.cost+1), coll.count, max(coll.bytes, times(coll.count, each.bytes))}
	case *hclsyntax.SplatExpr:
		coll := s.of(e.Source)
		each := s.of(e.Each)
		out = estimate{coll.cost + times(coll.count, each.cost+1), coll.count, max(coll.bytes, times(coll.count, each.bytes))}
	case *hclsyntax.AnonSymbolExpr:
		out = attributeSize
	case *hclsyntax.FunctionCallExpr:
		return s.call(e)
	default:
		for _, c := range children(e) {
			if x, ok := c.(hclsyntax.Expression); ok {
				add(x)
			}
		}
	}
	out.cost += 1 + out.bytes/64
	return out.capped()
}

func (s *sizer) call(e *hclsyntax.FunctionCallExpr) estimate {
	args := make([]estimate, len(e.Args))
	var sum estimate
	for i, a := range e.Args {
		args[i] = s.of(a)
		sum.cost += args[i].cost
		sum.bytes += args[i].bytes
		sum.count += args[i].count
	}
	sum = sum.capped()
	out := estimate{cost: sum.cost + 1 + sum.bytes/64, count: sum.count, bytes: sum.bytes}
	files := s.size("files")
	switch e.Name {
	case "glob":
		out = estimate{sum.cost + files.count/8 + 1, files.count, files.bytes}
	case "resources":
		res := s.size("terraform.resources")
		out = estimate{sum.cost + res.count/8 + 1, res.count, res.bytes}
	case "matches", "label", uncertainLabel, "author_in":
		out = estimate{sum.cost + int64(len(args)), 0, 16}
	case "before", "after":
		out = estimate{sum.cost + 16, 64, 1024}
	case "split":
		out.count = sum.bytes
	case "regexall":
		out.cost += 20 + sum.bytes/64
		out.count, out.bytes = sum.bytes, times(sum.bytes, 4)
	case "join":
		if len(args) > 0 {
			out.bytes += times(args[0].bytes, sum.count)
		}
	case "distinct", "setintersection", "setsubtract", "setunion":
		out.cost += times(sum.count, sum.count/8)
	case "contains", "length", "sum":
		out.cost += sum.count
		out.bytes = 16
		out.count = 0
	case "flatten":
		out.count = times(sum.count, attributeSize.count)
		out.cost += out.count
	default:
		out.cost += sum.count
	}
	return out.capped()
}

// excessive reports whether an expression must not be evaluated.
func (e estimate) excessive() bool { return e.cost > maxCost || e.bytes > maxValue }
