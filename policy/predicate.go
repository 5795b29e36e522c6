package policy

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy/fact"
)

// A condition of a for expression is asked once for every element, and a
// policy may have hundreds of them over thousands of files. The forms that
// conditions mostly take are therefore compiled: to the same answers that
// evaluating them with cty gives (a property test holds it), without building
// a value for each element. Anything else is evaluated.

// predicate answers a condition for one element.
type predicate func(w *world, o *origin) verdictWhy

// verdictWhy is an answer, and why it cannot be told.
type verdictWhy struct {
	answer answer
	why    string
	failed bool
}

// textTerm, numberTerm and boolTerm are what can be compared; why is set
// where the value cannot be told.
type (
	textTerm   func(w *world, o *origin) (value, why string)
	numberTerm func(w *world, o *origin) (value float64, why string)
	term       struct {
		text   textTerm
		number numberTerm
		truth  predicate
	}
)

// compiler compiles conditions over elements of one kind, held by one variable.
type compiler struct {
	*planner
	elem, kind string
}

func answered(b bool) verdictWhy {
	if b {
		return verdictWhy{answer: yes}
	}
	return verdictWhy{answer: no}
}

// condition returns e as a predicate, nil where it has to be evaluated.
func (c *compiler) condition(e hclsyntax.Expression) predicate {
	switch e := Unwrap(e).(type) {
	case *hclsyntax.LiteralValueExpr, *hclsyntax.ScopeTraversalExpr:
		if t := c.term(e); t.truth != nil {
			return t.truth
		}
	case *hclsyntax.UnaryOpExpr:
		if p := c.condition(e.Val); p != nil && e.Op == hclsyntax.OpLogicalNot {
			return func(w *world, o *origin) verdictWhy {
				v := p(w, o)
				switch v.answer {
				case yes:
					v.answer = no
				case no:
					v.answer = yes
				}
				return v
			}
		}
	case *hclsyntax.BinaryOpExpr:
		if p := c.binary(e); p != nil {
			return p
		}
	case *hclsyntax.FunctionCallExpr:
		if p := c.call(e); p != nil {
			return p
		}
	}
	if c.mentionsElement(e) {
		return nil
	}
	s := c.scalar(e)
	return func(w *world, _ *origin) verdictWhy { return w.invariant(s) }
}

// mentionsElement reports whether e depends on the element; a loop inside
// that uses the same variable is taken for one that does.
func (c *compiler) mentionsElement(e hclsyntax.Expression) bool {
	found := false
	var visit func(n hclsyntax.Node)
	visit = func(n hclsyntax.Node) {
		if t, ok := n.(*hclsyntax.ScopeTraversalExpr); ok && t.Traversal.RootName() == c.elem {
			found = true
		}
		for _, child := range children(n) {
			visit(child)
		}
	}
	visit(e)
	return found
}

// invariant answers what does not depend on the element, once.
func (w *world) invariant(s *scalar) verdictWhy {
	if v, ok := w.invariants[s]; ok {
		return v
	}
	value, failure := w.evaluate(s, w.context)
	var v verdictWhy
	if failure != "" {
		v = verdictWhy{unsure, failure, true}
	} else {
		v.answer, v.why = verdictOf(value)
	}
	w.invariants[s] = v
	return v
}

func (c *compiler) binary(e *hclsyntax.BinaryOpExpr) predicate {
	switch e.Op {
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		a, b := c.condition(e.LHS), c.condition(e.RHS)
		if a == nil || b == nil {
			return nil
		}
		decides := no
		if e.Op == hclsyntax.OpLogicalOr {
			decides = yes
		}
		return func(w *world, o *origin) verdictWhy {
			x := a(w, o)
			if x.answer == decides {
				return x
			}
			y := b(w, o)
			if y.answer == decides || x.answer != unsure {
				return y
			}
			return x
		}
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		return c.equality(c.term(e.LHS), c.term(e.RHS), e.Op == hclsyntax.OpEqual)
	case hclsyntax.OpGreaterThan:
		return order(c.term(e.LHS), c.term(e.RHS), func(a, b float64) bool { return a > b })
	case hclsyntax.OpGreaterThanOrEqual:
		return order(c.term(e.LHS), c.term(e.RHS), func(a, b float64) bool { return a >= b })
	case hclsyntax.OpLessThan:
		return order(c.term(e.LHS), c.term(e.RHS), func(a, b float64) bool { return a < b })
	case hclsyntax.OpLessThanOrEqual:
		return order(c.term(e.LHS), c.term(e.RHS), func(a, b float64) bool { return a <= b })
	}
	return nil
}

func (c *compiler) equality(a, b term, equal bool) predicate {
	switch {
	case a.text != nil && b.text != nil:
		return compareTexts(a.text, b.text, func(x, y string) bool { return (x == y) == equal })
	case a.number != nil && b.number != nil:
		return order(a, b, func(x, y float64) bool { return (x == y) == equal })
	case a.truth != nil && b.truth != nil:
		return func(w *world, o *origin) verdictWhy {
			x, y := a.truth(w, o), b.truth(w, o)
			if x.answer == unsure {
				return x
			}
			if y.answer == unsure {
				return y
			}
			return answered((x.answer == y.answer) == equal)
		}
	}
	return nil
}

func compareTexts(a, b textTerm, test func(x, y string) bool) predicate {
	return func(w *world, o *origin) verdictWhy {
		x, why := a(w, o)
		if why != "" {
			return verdictWhy{answer: unsure, why: why}
		}
		y, why := b(w, o)
		if why != "" {
			return verdictWhy{answer: unsure, why: why}
		}
		return answered(test(x, y))
	}
}

func order(a, b term, test func(x, y float64) bool) predicate {
	if a.number == nil || b.number == nil {
		return nil
	}
	return func(w *world, o *origin) verdictWhy {
		x, why := a.number(w, o)
		if why != "" {
			return verdictWhy{answer: unsure, why: why}
		}
		y, why := b.number(w, o)
		if why != "" {
			return verdictWhy{answer: unsure, why: why}
		}
		return answered(test(x, y))
	}
}

func (c *compiler) call(e *hclsyntax.FunctionCallExpr) predicate {
	switch e.Name {
	case "startswith", "endswith", "strcontains":
		test := map[string]func(s, part string) bool{"startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "strcontains": strings.Contains}[e.Name]
		a, b := c.term(e.Args[0]), c.term(e.Args[1])
		if a.text != nil && b.text != nil {
			return compareTexts(a.text, b.text, test)
		}
	case "contains":
		return c.oneOf(e)
	case "matches":
		var patterns []string
		for _, a := range e.Args[1:] {
			p, _ := literalText(a)
			patterns = append(patterns, p)
		}
		set := c.layer.globs[patternKey(patterns)]
		if t, ok := Unwrap(e.Args[0]).(*hclsyntax.ScopeTraversalExpr); ok && len(t.Traversal) == 1 && t.Traversal.RootName() == c.elem && c.kind == "files" {
			return func(_ *world, o *origin) verdictWhy {
				if o.file == nil {
					return verdictWhy{answer: unsure, why: o.gap}
				}
				return set.both(o.file.paths, o.file.folded)
			}
		}
		if subject := c.term(e.Args[0]); subject.text != nil {
			return func(w *world, o *origin) verdictWhy {
				s, why := subject.text(w, o)
				if why != "" {
					return verdictWhy{answer: unsure, why: why}
				}
				return set.both([]string{s}, []string{fact.FoldPath(s)})
			}
		}
	}
	return nil
}

// oneOf compiles contains([…], x.attribute) with texts written out.
func (c *compiler) oneOf(e *hclsyntax.FunctionCallExpr) predicate {
	tuple, ok := Unwrap(e.Args[0]).(*hclsyntax.TupleConsExpr)
	subject := c.term(e.Args[1])
	if !ok || subject.text == nil || len(tuple.Exprs) == 0 {
		return nil
	}
	among := map[string]bool{}
	for _, x := range tuple.Exprs {
		s, ok := literalText(x)
		if !ok {
			return nil
		}
		among[s] = true
	}
	return func(w *world, o *origin) verdictWhy {
		s, why := subject.text(w, o)
		if why != "" {
			return verdictWhy{answer: unsure, why: why}
		}
		return answered(among[s])
	}
}

// both answers matches() for all names of a file at once.
func (s *globs) both(paths, folded []string) verdictWhy {
	all, none := true, true
	for i, p := range paths {
		switch s.match(p, folded[i]) {
		case matched:
			none = false
		case unmatched:
			all = false
		default:
			all, none = false, false
		}
	}
	switch {
	case all:
		return verdictWhy{answer: yes}
	case none:
		return verdictWhy{answer: no}
	}
	return verdictWhy{answer: unsure, why: "one of the file's names matches and the other does not, or it matches but for case"}
}

// term returns what can be compared: a literal, or an attribute of the element.
func (c *compiler) term(e hclsyntax.Expression) term {
	e = Unwrap(e)
	if s, ok := literalText(e); ok {
		return term{text: func(*world, *origin) (string, string) { return s, "" }}
	}
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		switch v := e.Val; {
		case v.IsNull():
		case v.Type() == cty.Bool:
			b := answered(v.True())
			return term{truth: func(*world, *origin) verdictWhy { return b }}
		case v.Type() == cty.Number:
			if f, _ := v.AsBigFloat().Float64(); cty.NumberFloatVal(f).RawEquals(v) {
				return term{number: func(*world, *origin) (float64, string) { return f, "" }}
			}
		}
	case *hclsyntax.ScopeTraversalExpr:
		if len(e.Traversal) != 2 || e.Traversal.RootName() != c.elem || c.kind == "" {
			break
		}
		if attr, ok := e.Traversal[1].(hcl.TraverseAttr); ok {
			return attributeTerm(c.kind, attr.Name)
		}
	}
	return term{}
}

// attributeTerm reads an attribute of an element.
func attributeTerm(kind, attr string) term {
	if kind == "files" {
		if t, ok := fileTerms[attr]; ok {
			return t
		}
	}
	a := attributeOf(kind, attr)
	if a == nil {
		return term{}
	}
	read := func(w *world, o *origin) (cty.Value, string) {
		obj, _ := o.val(w).Unmark()
		if !obj.IsKnown() {
			return obj, o.gap
		}
		marked := obj.GetAttr(attr)
		v, _ := marked.Unmark()
		if !v.IsKnown() || v.IsNull() {
			return v, doubtOf(marked)
		}
		return v, ""
	}
	switch a.typ {
	case cty.String:
		return term{text: func(w *world, o *origin) (string, string) {
			v, why := read(w, o)
			if why != "" {
				return "", why
			}
			return v.AsString(), ""
		}}
	case cty.Bool:
		return term{truth: func(w *world, o *origin) verdictWhy {
			v, why := read(w, o)
			if why != "" {
				return verdictWhy{answer: unsure, why: why}
			}
			return answered(v.True())
		}}
	}
	return term{}
}

// fileTerms read attributes of files without building a value.
var fileTerms = map[string]term{
	"path":          {text: fileText(func(f *changedFile) string { return f.fact.Path })},
	"previous_path": {text: fileText(func(f *changedFile) string { return f.fact.PreviousPath })},
	"status":        {text: known(func(f *changedFile) string { return f.fact.Status })},
	"additions":     {number: knownNumber(func(f *changedFile) int { return f.fact.Additions })},
	"deletions":     {number: knownNumber(func(f *changedFile) int { return f.fact.Deletions })},
}

// fileText reads a text that may hold anything, in the normal form that texts
// have in expressions.
func fileText(read func(*changedFile) string) textTerm {
	return func(_ *world, o *origin) (string, string) {
		if o.file == nil {
			return "", o.gap
		}
		return cty.NormalizeString(read(o.file)), ""
	}
}

func known(read func(*changedFile) string) textTerm {
	return func(_ *world, o *origin) (string, string) {
		if o.file == nil {
			return "", o.gap
		}
		if o.file.index < 0 {
			return "", notAnalysed
		}
		return read(o.file), ""
	}
}

func knownNumber(read func(*changedFile) int) numberTerm {
	return func(_ *world, o *origin) (float64, string) {
		if o.file == nil {
			return 0, o.gap
		}
		if o.file.index < 0 {
			return 0, notAnalysed
		}
		return float64(read(o.file)), ""
	}
}
