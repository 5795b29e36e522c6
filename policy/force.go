package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// ruleState is whether a rule is in force, why, and over what.
type ruleState struct {
	InForce  bool
	Reasons  []Reason
	Elements []Element
	Scope    Scope
	// Covers are the paths that the rule takes out of uncovered.files: those
	// of elements that changes selected for certain, with a when that is
	// certainly true. A rule without changes covers nothing, and neither
	// does what is only feared: otherwise a label or an unreadable file could
	// switch off a rule over uncovered files. Sorted.
	Covers []string
}

// state evaluates r. Rules over uncovered files need setUncovered first.
func (w *world) state(r *rule) ruleState {
	w.labels = w.labels[:0]
	var s ruleState
	certain := true
	if r.condition != nil {
		reason := w.when(r.condition)
		if reason.Code == WhenFalse {
			return ruleState{Reasons: []Reason{reason}}
		}
		certain = reason.Code == WhenTrue
		s.Reasons = append(s.Reasons, reason)
	}
	if r.pick == nil {
		s.InForce = true
		s.Scope.All = true
		s.Reasons = append([]Reason{{Code: NoChangesClause}}, s.Reasons...)
		s.Reasons = append(s.Reasons, w.labelReasons()...)
		return s
	}
	found := w.found(r.pick)
	if len(found.elements) == 0 {
		return ruleState{Reasons: []Reason{{Code: ChangesEmpty}}}
	}
	s.InForce = true
	s.Elements, s.Scope = found.elements, found.scope
	s.Reasons = append(slices.Clone(found.reasons), s.Reasons...)
	s.Reasons = append(s.Reasons, w.labelReasons()...)
	if certain && !slices.ContainsFunc(w.labels, func(l seenLabel) bool { return !l.sure }) {
		s.Covers = found.covers
	}
	return s
}

// found is what a plan selects, ready to be shown.
type found struct {
	elements []Element
	scope    Scope
	covers   []string
	reasons  []Reason
}

// found evaluates a plan; rules over a list as it stands share the result.
func (w *world) found(p *plan) found {
	if p.kind == planName {
		if f, ok := w.founds[p.name]; ok {
			return f
		}
	}
	picks := w.pick(p)
	var f found
	f.elements, f.scope, f.covers = w.elementsOf(picks)
	f.reasons = changesReasons(picks, f.scope)
	if p.kind == planName {
		w.founds[p.name] = f
	}
	return f
}

// when evaluates a condition.
func (w *world) when(s *scalar) Reason {
	v, failure := w.evaluate(s, w.context)
	if failure != "" {
		return Reason{Code: WhenFailed, Detail: failure}
	}
	switch truth, why := verdictOf(v); truth {
	case yes:
		return Reason{Code: WhenTrue, Detail: s.source}
	case no:
		return Reason{Code: WhenFalse, Detail: s.source}
	default:
		return Reason{Code: WhenUnknown, Detail: s.source + ": " + why}
	}
}

func (w *world) labelReasons() []Reason {
	var out []Reason
	for _, l := range w.labels {
		switch {
		case l.quiet:
		case l.sure || l.role == "":
			out = append(out, Reason{Code: LabelSeen, Label: l.name, Person: l.by})
		default:
			out = append(out, Reason{Code: LabelDoubted, Label: l.name, Role: l.role, Person: l.by})
		}
	}
	return out
}

// pick is one element that changes selects.
type pick struct {
	origin *origin
	doubt  string // why it may not be meant after all; "" when it certainly is
	failed bool   // the doubt is an error
}

func (w *world) elementsOf(picks []pick) (elements []Element, scope Scope, covers []string) {
	elements = make([]Element, len(picks))
	many := 0
	for _, p := range picks {
		many += len(p.origin.paths)
	}
	paths := slices.Grow([]string(nil), many)
	var certain []string
	doubtful := false
	for i, p := range picks {
		elements[i] = Element{Summary: p.origin.summary, Paths: p.origin.paths, Unknown: p.doubt}
		if len(p.origin.paths) == 0 {
			scope.All = true
			continue
		}
		paths = append(paths, p.origin.paths...)
		doubtful = doubtful || p.doubt != ""
	}
	if !scope.All {
		scope.Paths = w.sortedPaths(paths)
	}
	if !doubtful && !scope.All {
		return elements, scope, scope.Paths
	}
	for _, p := range picks {
		if p.doubt == "" {
			certain = append(certain, p.origin.paths...)
		}
	}
	if len(certain) > 0 {
		covers = w.sortedPaths(certain)
	}
	return elements, scope, covers
}

// Bounds of what reasons repeat of the elements, which stand beside them.
const (
	reasonPaths = 5
	reasonKinds = 5
)

func changesReasons(picks []pick, scope Scope) []Reason {
	matchedCount := 0
	var doubts []Reason
	for _, p := range picks {
		if p.doubt == "" {
			matchedCount++
			continue
		}
		code := ChangesUnknown
		if p.failed {
			code = ChangesFailed
		}
		i := slices.IndexFunc(doubts, func(r Reason) bool { return r.Code == code && r.Detail == p.doubt })
		if i < 0 {
			if len(doubts) >= reasonKinds {
				continue
			}
			i = len(doubts)
			doubts = append(doubts, Reason{Code: code, Detail: p.doubt})
		}
		doubts[i].Count++
		for _, path := range p.origin.paths {
			if len(doubts[i].Paths) < reasonPaths {
				doubts[i].Paths = append(doubts[i].Paths, path)
			}
		}
	}
	if matchedCount == 0 {
		return doubts
	}
	var paths []string
	if !scope.All {
		paths = scope.Paths[:min(reasonPaths, len(scope.Paths)):min(reasonPaths, len(scope.Paths))]
	}
	return append([]Reason{{Code: ChangesMatched, Count: matchedCount, Of: len(scope.Paths), Paths: paths}}, doubts...)
}

// pick finds the elements of a plan. The result may be shared.
func (w *world) pick(p *plan) []pick {
	switch p.kind {
	case planName:
		picks, ok := w.picks[p.name]
		if !ok {
			picks = picksOf(w.elements(p.name))
			w.picks[p.name] = picks
		}
		return picks
	case planGlob:
		return picksOf(w.glob(p.set))
	case planResources:
		return picksOf(w.resources(p.set))
	case planLocal:
		return w.pick(w.layer.localPlans[p.name])
	case planConcat:
		var out []pick
		for _, part := range p.parts {
			out = append(out, w.pick(part)...)
		}
		return out
	case planChoice:
		return w.choose(p)
	case planFor:
		return w.loop(p)
	}
	return w.whole(p.whole)
}

func picksOf(list []*origin) []pick {
	out := make([]pick, len(list))
	for i, o := range list {
		out[i] = pick{origin: o, doubt: o.gap}
	}
	return out
}

// choose takes one branch of a conditional, and both where the condition
// cannot be told.
func (w *world) choose(p *plan) []pick {
	v, failure := w.evaluate(p.cond, w.context)
	truth, why := verdictOf(v)
	switch {
	case failure != "":
		why = failure
	case truth == yes:
		return w.pick(p.parts[0])
	case truth == no:
		return w.pick(p.parts[1])
	}
	out := slices.Concat(w.pick(p.parts[0]), w.pick(p.parts[1]))
	for i := range out {
		if out[i].doubt == "" {
			out[i].doubt, out[i].failed = why, failure != ""
		}
	}
	return out
}

// loop goes through a list element by element, and keeps an element whose
// condition cannot be told.
func (w *world) loop(p *plan) []pick {
	from := w.pick(p.parts[0])
	child := w.context.NewChild()
	child.Variables = make(map[string]cty.Value, 1)
	var out []pick
	for _, item := range from {
		if p.cond != nil {
			v := w.keeps(p, item.origin, child)
			if v.answer == no {
				continue
			}
			if v.failed || v.answer == unsure && item.doubt == "" {
				item.doubt, item.failed = v.why, v.failed
			}
		}
		if p.value != nil {
			child.Variables[p.elem] = item.origin.val(w)
			v, failure := w.evaluate(p.value, child)
			if failure != "" {
				item.doubt, item.failed = failure, true
				v = cty.DynamicVal
			}
			item.origin = derived(v, item.origin)
		}
		out = append(out, item)
	}
	return out
}

// keeps answers a loop's condition for one element.
func (w *world) keeps(p *plan, o *origin, ctx *hcl.EvalContext) verdictWhy {
	if p.fast != nil && !w.slow && w.spent < maxTotalCost {
		w.spent++
		return p.fast(w, o)
	}
	ctx.Variables[p.elem] = o.val(w)
	v, failure := w.evaluate(p.cond, ctx)
	if failure != "" {
		return verdictWhy{unsure, failure, true}
	}
	truth, why := verdictOf(v)
	return verdictWhy{answer: truth, why: why}
}

// derived is the origin of what a for expression makes of an element.
func derived(v cty.Value, from *origin) *origin {
	plain, marks := v.UnmarkDeep()
	o := &origin{summary: describe(plain, from.summary), paths: from.paths, value: v.Mark(from)}
	for m := range marks {
		if also, ok := m.(*origin); ok && also != from {
			o.paths = union(o.paths, also.paths)
		}
	}
	return o
}

// union joins two sets of paths, of which nil is all files.
func union(a, b []string) []string {
	if a == nil || b == nil {
		return nil
	}
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// describe is a readable name of a value.
func describe(v cty.Value, otherwise string) string {
	if v.IsKnown() && !v.IsNull() && v.Type().IsPrimitiveType() {
		if s, err := convert.Convert(v, cty.String); err == nil {
			return shorten(s.AsString(), 200)
		}
	}
	return otherwise
}

// whole evaluates a list at once.
func (w *world) whole(s *scalar) []pick {
	v, failure := w.evaluate(s, w.context)
	if failure != "" {
		return []pick{{origin: fromMarks(v, s.source), doubt: failure, failed: true}}
	}
	coll, _ := v.Unmark()
	switch t := v.Type(); {
	case coll.IsNull():
		return []pick{{origin: fromMarks(v, s.source), doubt: "it is null"}}
	case !coll.IsKnown():
		return []pick{{origin: fromMarks(v, s.source), doubt: doubtOf(v)}}
	case !t.IsListType() && !t.IsTupleType() && !t.IsSetType():
		return []pick{{origin: fromMarks(v, s.source), doubt: "it is " + typeName(t) + " and no list", failed: true}}
	}
	around := fromMarks(v, s.source)
	var out []pick
	for it := coll.ElementIterator(); it.Next(); {
		_, e := it.Element()
		o := fromMarks(e, s.source)
		if o.paths == nil && !marked(e) {
			o.paths = around.paths
		}
		if o.value == cty.NilVal {
			o.value = e
		}
		doubt := o.gap
		if plain, _ := e.Unmark(); !plain.IsKnown() && doubt == "" && kindOf(plain.Type()) != "" {
			doubt = doubtOf(e)
		}
		out = append(out, pick{origin: o, doubt: doubt})
	}
	return out
}

func marked(v cty.Value) bool {
	_, marks := v.UnmarkDeep()
	for m := range marks {
		if _, ok := m.(*origin); ok {
			return true
		}
	}
	return false
}

// fromMarks leads a value back to where it comes from: one element of the
// findings, several, or nowhere, which stands for all files.
func fromMarks(v cty.Value, source string) *origin {
	plain, marks := v.UnmarkDeep()
	var found []*origin
	for m := range marks {
		if o, ok := m.(*origin); ok {
			found = append(found, o)
		}
	}
	if len(found) == 0 {
		return &origin{summary: describe(plain, source), value: v}
	}
	slices.SortFunc(found, func(a, b *origin) int { return strings.Compare(a.summary, b.summary) })
	if len(found) == 1 && !plain.Type().IsPrimitiveType() {
		return found[0]
	}
	o := &origin{summary: describe(plain, source), paths: found[0].paths, value: v}
	if len(found) == 1 {
		o.summary = describe(plain, found[0].summary)
	}
	for _, also := range found[1:] {
		o.paths = union(o.paths, also.paths)
	}
	return o
}

type answer int

const (
	unsure answer = iota
	yes
	no
)

// verdictOf reads a condition's value; null and what is no condition are
// unsure.
func verdictOf(v cty.Value) (answer, string) {
	if v == cty.NilVal {
		return unsure, "it has no value"
	}
	plain, _ := v.Unmark()
	switch {
	case plain.IsNull():
		return unsure, "it is null"
	case !plain.IsKnown():
		return unsure, doubtOf(v)
	case plain.Type() != cty.Bool:
		return unsure, "it is " + typeName(plain.Type()) + ", neither true nor false"
	case plain.True():
		return yes, ""
	}
	return no, ""
}

// doubtOf says why a value is unknown, as far as its marks tell.
func doubtOf(v cty.Value) string {
	_, marks := v.UnmarkDeep()
	var why []string
	for m := range marks {
		if d, ok := m.(doubt); ok {
			why = append(why, string(d))
		}
	}
	if len(why) == 0 {
		return "part of it cannot be told"
	}
	slices.Sort(why)
	return strings.Join(why[:min(3, len(why))], "; ")
}

// evaluate evaluates an expression within its bounds. An expression that
// fails has no value but a failure, with its place.
func (w *world) evaluate(s *scalar, ctx *hcl.EvalContext) (v cty.Value, failure string) {
	est := w.estimate(s)
	if w.spent += est.cost + 1; est.excessive() || w.spent > maxTotalCost {
		return unknown(cty.DynamicPseudoType, "evaluating it would take too long on a change of this size"), ""
	}
	w.prepare(s.names)
	defer func() {
		if p := recover(); p != nil {
			v, failure = cty.DynamicVal, oneLine("line %d: %s: it cannot be evaluated (%v)", s.expr.Range().Start.Line, s.source, p)
		}
	}()
	v, diags := s.expr.Value(ctx)
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			line := s.expr.Range().Start.Line
			if d.Subject != nil {
				line = d.Subject.Start.Line
			}
			return v, oneLine("line %d: %s: %s", line, d.Summary, d.Detail)
		}
	}
	return v, ""
}

// oneLine keeps what a library says of a failure short, and the same each time.
func oneLine(format string, args ...any) string {
	line, _, _ := strings.Cut(fmt.Sprintf(format, args...), "\n")
	return shorten(line, 500)
}

// prepare gives names their values.
func (w *world) prepare(names []string) {
	if w.context.Functions == nil {
		w.context.Functions = w.functions()
	}
	for _, n := range names {
		if n == "pull.labels" {
			for _, l := range w.given.labels {
				w.sawLabel(seenLabel{l, "", w.given.label(l, w.layer.labelDefault(l)), true})
			}
		}
		if _, ok := w.context.Variables[n]; ok {
			for _, l := range w.localLabels[n] {
				w.sawLabel(l)
			}
			continue
		}
		if local, ok := strings.CutPrefix(n, "local."); ok {
			w.context.Variables[n] = w.local(n, local)
		} else {
			w.context.Variables[n] = w.variable(nameByPath[n])
		}
	}
}

// local evaluates a local; one that fails is unknown. The labels that it asks
// for concern every rule that uses it.
func (w *world) local(n, name string) cty.Value {
	outer := w.labels
	w.labels = nil
	e := w.layer.locals[name].(hclsyntax.Expression)
	v, failure := w.evaluate(&scalar{expr: e, source: n, names: w.layer.localNames[name]}, w.context)
	if failure != "" {
		v = unknown(cty.DynamicPseudoType, failure)
	}
	if w.localLabels == nil {
		w.localLabels = map[string][]seenLabel{}
	}
	w.localLabels[n] = w.labels
	w.labels = outer
	for _, l := range w.localLabels[n] {
		w.sawLabel(l)
	}
	return v
}

// estimate returns what evaluating s takes on this pull request.
func (w *world) estimate(s *scalar) estimate {
	if est, ok := w.estimates[s]; ok {
		return est
	}
	est := (&sizer{size: w.size}).of(s.expr)
	w.estimates[s] = est
	return est
}

// size is what a variable holds.
func (w *world) size(n string) estimate {
	if est, ok := w.sizes[n]; ok {
		return est
	}
	est := estimate{cost: 1, bytes: 64}
	switch known := nameByPath[n]; {
	case known == nil:
		est = (&sizer{size: w.size}).of(w.layer.locals[strings.TrimPrefix(n, "local.")].(hclsyntax.Expression))
	case known.kind != "":
		est.count = int64(len(w.elements(n)))
		est.bytes = est.count * 256
	case n == "pull.labels":
		est.count = int64(len(w.given.labels))
		est.bytes = est.count * 64
	case n == "pull.body":
		est.bytes = int64(len(w.pull.Body))
	case n == "pull.title":
		est.bytes = int64(len(w.pull.Title))
	}
	w.sizes[n] = est
	return est
}
