package policy

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy/fact"
)

// decode checks a body against the grammar and returns its arguments, and its
// blocks in their order.
func (r *reporter) decode(spec *block, body *hclsyntax.Body, at hcl.Range) (map[string]*hclsyntax.Attribute, []*hclsyntax.Block) {
	args, blocks := spec.words()
	attrs := map[string]*hclsyntax.Attribute{}
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		attr := body.Attributes[name]
		switch {
		case spec.open, spec.argument(name) != nil:
			attrs[name] = attr
		case spec.block(name) != nil:
			r.errorf(attr.NameRange, "Block written as an argument", "%s is a block. Write %s without the equals sign.", name, name)
		case spec == grammar:
			r.errorf(attr.NameRange, "Argument outside a block", "%q stands in no block.%s", name, didYouMean(name, blocks))
		default:
			r.errorf(attr.NameRange, "Unknown argument", "A %s block has no argument %q.%s", spec.name, name, didYouMean(name, slices.Concat(args, blocks)))
		}
	}
	var inner []*hclsyntax.Block
	for _, b := range body.Blocks {
		bs := spec.block(b.Type)
		switch {
		case bs == nil && spec.argument(b.Type) != nil:
			r.errorf(b.TypeRange, "Argument written as a block", "%s is an argument. Write %s = ….", b.Type, b.Type)
		case bs == nil && spec == grammar:
			r.errorf(b.TypeRange, "Unknown block", "There is no block %q.%s", b.Type, didYouMean(b.Type, blocks))
		case bs == nil:
			r.errorf(b.TypeRange, "Unknown block", "A %s block has no block %q.%s", spec.name, b.Type, didYouMean(b.Type, slices.Concat(blocks, args)))
		case bs.label == "" && len(b.Labels) > 0:
			r.errorf(b.LabelRanges[0], "Label on a block without one", "Write %s { … }.", b.Type)
		case bs.label != "" && len(b.Labels) != 1:
			r.errorf(b.TypeRange, "Block needs one label", "Write %s \"%s\" { … }.", b.Type, bs.label)
		default:
			inner = append(inner, b)
		}
	}
	for _, a := range spec.args {
		if a.needed && attrs[a.name] == nil {
			r.errorf(at, "Missing argument", "A %s block needs %s: %s.", spec.name, a.name, a.doc)
		}
	}
	return attrs, inner
}

// literal returns the value of an argument that must stand in the policy
// itself: no names, no calls.
func (r *reporter) literal(attr *hclsyntax.Attribute) (cty.Value, bool) {
	size, plain := 0, true
	w := &boundedWalker{enter: func(depth int) bool { size++; return size <= 4*maxList && depth <= maxNodeDepth }}
	if !w.walk(attr.Expr, 0) {
		r.errorf(attr.Expr.Range(), "Value too large", "A list has at most %d members.", maxList)
		return cty.NilVal, false
	}
	var visit func(n hclsyntax.Node)
	visit = func(n hclsyntax.Node) {
		switch n.(type) {
		case *hclsyntax.LiteralValueExpr, *hclsyntax.TemplateExpr, *hclsyntax.TupleConsExpr, *hclsyntax.ObjectConsExpr, *hclsyntax.ParenthesesExpr, *hclsyntax.UnaryOpExpr:
		case *hclsyntax.ObjectConsKeyExpr:
			return
		default:
			plain = false
		}
		for _, c := range children(n) {
			visit(c)
		}
	}
	if visit(attr.Expr); !plain {
		r.errorf(attr.Expr.Range(), "Not a plain value", "%s is written out as it is, without names and calls; expressions belong into changes and when.%s", attr.Name, quoteHint(attr.Expr))
		return cty.NilVal, false
	}
	v, diags := attr.Expr.Value(nil)
	if diags.HasErrors() {
		r.addHCL(diags)
		return cty.NilVal, false
	}
	return v, true
}

func quoteHint(e hclsyntax.Expression) string {
	if word := hcl.ExprAsKeyword(e); word != "" {
		return fmt.Sprintf(" A text stands in quotes: %q.", word)
	}
	return ""
}

// text returns a text argument, "" where it is left out or wrong.
func (r *reporter) text(spec *block, attr *hclsyntax.Attribute) string {
	if attr == nil {
		return ""
	}
	v, ok := r.literal(attr)
	if !ok {
		return ""
	}
	if v.IsNull() || v.Type() != cty.String {
		r.errorf(attr.Expr.Range(), "Not a text", "%s is a text in quotes: %s.", attr.Name, spec.argument(attr.Name).doc)
		return ""
	}
	s := v.AsString()
	if values := spec.argument(attr.Name).values; values != nil && !slices.Contains(values, s) {
		r.errorf(attr.Expr.Range(), "Unknown value", "%s cannot be %q.%s", attr.Name, s, didYouMean(s, values))
		return ""
	}
	if len(s) > 500 || strings.ContainsFunc(s, func(c rune) bool { return c < ' ' }) {
		r.errorf(attr.Expr.Range(), "Text too long", "%s is one line of at most 500 bytes.", attr.Name)
		return ""
	}
	return s
}

func (r *reporter) flag(attr *hclsyntax.Attribute) bool {
	if attr == nil {
		return false
	}
	v, ok := r.literal(attr)
	if ok && (v.IsNull() || v.Type() != cty.Bool) {
		r.errorf(attr.Expr.Range(), "Not true or false", "%s is true or false, without quotes.", attr.Name)
		return false
	}
	return ok && v.True()
}

// count returns a whole number from 1 to most; def where it is left out.
func (r *reporter) count(attr *hclsyntax.Attribute, def, most int) int {
	if attr == nil {
		return def
	}
	v, ok := r.literal(attr)
	if !ok {
		return def
	}
	if !v.IsNull() && v.Type() == cty.Number {
		if n, accuracy := v.AsBigFloat().Int64(); accuracy == big.Exact && n >= 1 && n <= int64(most) {
			return int(n)
		}
	}
	r.errorf(attr.Expr.Range(), "Not a number in range", "%s is a whole number from 1 to %d.", attr.Name, most)
	return def
}

// duration returns a duration of more than zero and at most a year.
func (r *reporter) duration(spec *block, attr *hclsyntax.Attribute) time.Duration {
	if attr == nil {
		return 0
	}
	s := r.text(spec, attr)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > 366*24*time.Hour {
		r.errorf(attr.Expr.Range(), "Not a duration", "%s is a duration such as \"8h\", \"90m\" or \"168h\" (a week), of at most a year.", attr.Name)
		return 0
	}
	return d
}

// member is one text of a list, with its place.
type member struct {
	text string
	at   hcl.Range
}

// list returns the texts of a list argument.
func (r *reporter) list(spec *block, attr *hclsyntax.Attribute) []member {
	if attr == nil {
		return nil
	}
	v, ok := r.literal(attr)
	if !ok {
		return nil
	}
	var values []string
	doc := "texts in quotes"
	if a := spec.argument(attr.Name); a != nil {
		values, doc = a.values, a.doc
	}
	return r.members(attr.Name, doc, values, attr.Expr, v)
}

func (r *reporter) members(name, doc string, values []string, e hclsyntax.Expression, v cty.Value) []member {
	tuple, ok := Unwrap(e).(*hclsyntax.TupleConsExpr)
	if !ok || !v.Type().IsTupleType() {
		r.errorf(e.Range(), "Not a list", "%s is a list in square brackets, as in [\"…\"]: %s.", name, doc)
		return nil
	}
	if len(tuple.Exprs) > maxList {
		r.errorf(e.Range(), "List too long", "A list has at most %d members.", maxList)
		return nil
	}
	var out []member
	for i, x := range tuple.Exprs {
		m := v.Index(cty.NumberIntVal(int64(i)))
		switch {
		case m.IsNull() || m.Type() != cty.String:
			r.errorf(x.Range(), "Not a text", "%s is a list of texts in quotes: %s.", name, doc)
		case values != nil && !slices.Contains(values, m.AsString()):
			r.errorf(x.Range(), "Unknown value", "%s cannot hold %q.%s", name, m.AsString(), didYouMean(m.AsString(), values))
		case slices.ContainsFunc(out, func(o member) bool { return o.text == m.AsString() }):
			r.errorf(x.Range(), "Named twice", "%s names %q twice.", name, m.AsString())
		default:
			out = append(out, member{m.AsString(), x.Range()})
		}
	}
	return out
}

// entry is one key and value of a map argument.
type entry struct {
	key      string
	at       hcl.Range
	value    cty.Value
	valueExp hclsyntax.Expression
}

// entries returns the entries of a map argument in their order.
func (r *reporter) entries(spec *block, attr *hclsyntax.Attribute) []entry {
	if attr == nil {
		return nil
	}
	v, ok := r.literal(attr)
	if !ok {
		return nil
	}
	cons, ok := Unwrap(attr.Expr).(*hclsyntax.ObjectConsExpr)
	if !ok || !v.Type().IsObjectType() {
		r.errorf(attr.Expr.Range(), "Not a map", "%s is a map in braces, as in { key = … }: %s.", attr.Name, spec.argument(attr.Name).doc)
		return nil
	}
	var out []entry
	for _, item := range cons.Items {
		key, diags := item.KeyExpr.Value(nil)
		if diags.HasErrors() || key.IsNull() || key.Type() != cty.String {
			r.errorf(item.KeyExpr.Range(), "Not a key", "A key is a plain word, or a text in quotes.")
			continue
		}
		if slices.ContainsFunc(out, func(e entry) bool { return e.key == key.AsString() }) {
			r.errorf(item.KeyExpr.Range(), "Named twice", "%s names %q twice.", attr.Name, key.AsString())
			continue
		}
		out = append(out, entry{key.AsString(), item.KeyExpr.Range(), v.GetAttr(key.AsString()), item.ValueExpr})
	}
	return out
}

var (
	loginForm = regexp.MustCompile(`^@[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$`)
	teamForm  = regexp.MustCompile(`^@[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9_.-]{1,200}$`)
)

// person returns a login in the one form, for "@Login".
func (r *reporter) person(m member) (string, bool) {
	switch {
	case loginForm.MatchString(m.text):
		return fact.Login(m.text), true
	case teamForm.MatchString(m.text):
		r.errorf(m.at, "Team in the place of a person", "%q is a team, and one person is needed here: \"@login\".", m.text)
	case loginForm.MatchString("@" + m.text):
		r.errorf(m.at, "Not a person", "Write %q.", "@"+m.text)
	default:
		r.errorf(m.at, "Not a person", "A person is written as \"@login\".")
	}
	return "", false
}

// audience splits people from teams.
func (r *reporter) audience(members []member) (people, teams []string) {
	for _, m := range members {
		if teamForm.MatchString(m.text) {
			if team, ok := fact.Team(m.text); ok {
				teams = append(teams, team)
				continue
			}
		}
		if !loginForm.MatchString(m.text) {
			remedy := "A person is written as \"@login\", a team as \"@org/team\"."
			if loginForm.MatchString("@"+m.text) || teamForm.MatchString("@"+m.text) {
				remedy = fmt.Sprintf("Write %q.", "@"+m.text)
			}
			r.errorf(m.at, "Neither a person nor a team", "%s", remedy)
			continue
		}
		people = append(people, fact.Login(m.text))
	}
	return people, teams
}
