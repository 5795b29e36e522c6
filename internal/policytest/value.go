package policytest

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

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// decoder collects what is to be said of one file.
type decoder struct {
	diags hcl.Diagnostics
	heard func(keys []string) // of each object's known arguments; may be nil
}

func (d *decoder) errorf(at hcl.Range, summary, detail string, args ...any) {
	d.diags = append(d.diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(detail, args...), Subject: &at})
}

// value is a part of a test with its name and place.
type value struct {
	name string // for people: "pull.author"
	at   hcl.Range
	val  cty.Value
	expr hclsyntax.Expression
}

// plain evaluates an argument that is written out as it is: no names, no
// calls, no loops, so that nothing can grow.
func (d *decoder) plain(a *hclsyntax.Attribute) (value, bool) {
	var odd hclsyntax.Node
	_ = hclsyntax.VisitAll(a.Expr, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n.(type) {
		case *hclsyntax.LiteralValueExpr, *hclsyntax.TemplateExpr, *hclsyntax.TupleConsExpr, *hclsyntax.ObjectConsExpr, *hclsyntax.ParenthesesExpr, *hclsyntax.UnaryOpExpr, hclsyntax.ChildScope:
		case *hclsyntax.ObjectConsKeyExpr:
		default: // a word that is the key of a map is not visited
			if odd == nil {
				odd = n
			}
		}
		return nil
	})
	if odd != nil {
		hint := " Write $${ for a ${ that belongs to a text."
		if t, ok := odd.(*hclsyntax.ScopeTraversalExpr); ok && len(t.Traversal) == 1 {
			hint = fmt.Sprintf(" A text stands in quotes: %q.", t.Traversal.RootName()) + hint
		}
		d.errorf(odd.Range(), "Not a plain value", "What a test gives and expects is written out as it is, without names, calls and loops.%s", hint)
		return value{}, false
	}
	v, diags := a.Expr.Value(nil)
	d.diags = append(d.diags, diags...)
	return value{a.Name, a.Expr.Range(), v, a.Expr}, !diags.HasErrors()
}

// entry is one key of a map with its value.
type entry struct {
	key string
	at  hcl.Range
	value
}

// entries returns what a map holds, in its order.
func (d *decoder) entries(v value, doc string) []entry {
	cons, ok := policy.Unwrap(v.expr).(*hclsyntax.ObjectConsExpr)
	if !ok || v.val.IsNull() || !v.val.Type().IsObjectType() {
		d.errorf(v.at, "Not a map", "%s is a map in braces, as in { key = … }: %s.", v.name, doc)
		return nil
	}
	var out []entry
	seen := map[string]bool{}
	for _, item := range cons.Items {
		key, diags := item.KeyExpr.Value(nil)
		if diags.HasErrors() || key.IsNull() || key.Type() != cty.String {
			d.errorf(item.KeyExpr.Range(), "Not a key", "A key is a plain word, or a text in quotes.")
			continue
		}
		k := key.AsString()
		if seen[k] {
			d.errorf(item.KeyExpr.Range(), "Named twice", "%s names %q twice.", v.name, k)
			continue
		}
		seen[k] = true
		out = append(out, entry{k, item.KeyExpr.Range(), value{v.name + "." + k, item.ValueExpr.Range(), v.val.GetAttr(k), item.ValueExpr}})
	}
	return out
}

// object hands each argument of an object to its reader.
func (d *decoder) object(v value, doc string, readers map[string]func(value)) (given map[string]value) {
	given = map[string]value{}
	if d.heard != nil {
		d.heard(slices.Collect(maps.Keys(readers)))
	}
	for _, e := range d.entries(v, doc) {
		read, ok := readers[e.key]
		if !ok {
			d.errorf(e.at, "Unknown argument", "%s has no %q.%s", v.name, e.key, policy.DidYouMean(e.key, slices.Collect(maps.Keys(readers))))
			continue
		}
		given[e.key] = e.value
		read(e.value)
	}
	return given
}

// elements returns the members of a list.
func (d *decoder) elements(v value, doc string) []value {
	cons, ok := policy.Unwrap(v.expr).(*hclsyntax.TupleConsExpr)
	if !ok || v.val.IsNull() || !v.val.Type().IsTupleType() {
		d.errorf(v.at, "Not a list", "%s is a list in square brackets, as in […]: %s.", v.name, doc)
		return nil
	}
	var out []value
	for i, e := range cons.Exprs {
		out = append(out, value{v.name, e.Range(), v.val.Index(cty.NumberIntVal(int64(i))), e})
	}
	return out
}

func (d *decoder) text(v value, doc string) string {
	if v.val.IsNull() || v.val.Type() != cty.String {
		d.errorf(v.at, "Not a text", "%s is a text in quotes: %s.", v.name, doc)
		return ""
	}
	return v.val.AsString()
}

// word is a text that is one of a few.
func (d *decoder) word(v value, words ...string) string {
	s := d.text(v, strings.Join(words, ", "))
	if s != "" && !slices.Contains(words, s) {
		d.errorf(v.at, "Unknown value", "%s cannot be %q.%s", v.name, s, policy.DidYouMean(s, words))
		return ""
	}
	return s
}

func (d *decoder) flag(v value) bool {
	if v.val.IsNull() || v.val.Type() != cty.Bool {
		d.errorf(v.at, "Not true or false", "%s is true or false, without quotes.", v.name)
		return false
	}
	return v.val.True()
}

func (d *decoder) number(v value) int {
	if !v.val.IsNull() && v.val.Type() == cty.Number {
		if n, accuracy := v.val.AsBigFloat().Int64(); accuracy == big.Exact && n >= 1 && n < 1<<31 {
			return int(n)
		}
	}
	d.errorf(v.at, "Not a number in range", "%s is a whole number from 1 on.", v.name)
	return 1
}

// named is a text with its place.
type named struct {
	text string
	at   hcl.Range
}

func (d *decoder) texts(v value, doc string) []named {
	var out []named
	for _, e := range d.elements(v, doc) {
		out = append(out, named{d.text(e, doc), e.at})
	}
	return out
}

var loginForm = regexp.MustCompile(`^@[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$`)

// person returns a login in its one form, for "@Login".
func (d *decoder) person(v value) string {
	s := d.text(v, `"@login"`)
	if !loginForm.MatchString(s) {
		if s != "" {
			d.errorf(v.at, "Not a person", "%s: a person is written as \"@login\".", v.name)
		}
		return ""
	}
	return fact.Login(s)
}

func (d *decoder) people(v value) []string {
	var out []string
	for _, e := range d.elements(v, `people as "@login"`) {
		out = append(out, d.person(e))
	}
	return out
}

// moment is a time: RFC 3339, a day, or how long before now, as in "-2h". The
// result takes now, since that may stand behind it.
func (d *decoder) moment(v value) func(now time.Time) time.Time {
	s := d.text(v, "a time")
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return func(time.Time) time.Time { return t.UTC() }
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return func(time.Time) time.Time { return t }
	}
	ago, err := time.ParseDuration(s)
	if err != nil || ago > 0 {
		d.errorf(v.at, "Not a time", "%s is written \"2026-01-05T09:00:00Z\", or \"-2h\" for how long before now.", v.name)
		ago = 0
	}
	return func(now time.Time) time.Time { return now.Add(ago) }
}
