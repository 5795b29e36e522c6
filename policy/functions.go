package policy

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/rolecall/rolecall/policy/fact"
)

// resourceCapsule carries a finding through an expression to before() and
// after().
var resourceCapsule = cty.Capsule("resource", reflect.TypeFor[fact.Resource]())

// builtin is one function of the language.
type builtin struct {
	name string
	use  string // how it is called
	doc  string
	// literal is true where every argument after the first skip ones must be
	// a string that stands in the policy itself, so that it can be checked
	// and bounded at load.
	literal bool
	skip    int
	fn      function.Function // what the check asks; of host functions only the signature
	host    bool              // its implementation belongs to a world
}

func signature(ret cty.Type, params []function.Parameter, rest *function.Parameter) function.Function {
	return function.New(&function.Spec{Params: params, VarParam: rest, Type: function.StaticReturnType(ret),
		Impl: func([]cty.Value, cty.Type) (cty.Value, error) {
			return cty.NilVal, fmt.Errorf("it has no value without a pull request")
		}})
}

func param(name string, t cty.Type) function.Parameter {
	return function.Parameter{Name: name, Type: t}
}

var restPatterns = &function.Parameter{Name: "pattern", Type: cty.String}

// builtins are all functions. What could turn an unknown value, a null or a
// failure into "no" is left out on purpose: try, can, coalesce, lookup,
// compact and their like.
var builtins = []builtin{
	{name: "glob", use: "glob(pattern…)", literal: true, host: true, doc: "changed files whose new or old path matches a pattern",
		fn: signature(listOf("files"), nil, restPatterns)},
	{name: "matches", use: "matches(file, pattern…)", literal: true, skip: 1, host: true, doc: "whether a file's path, or a text, matches a pattern; unknown for a rename across the patterns' edge",
		fn: signature(cty.Bool, []function.Parameter{param("file", cty.DynamicPseudoType)}, restPatterns)},
	{name: "resources", use: "resources(pattern…)", literal: true, host: true, doc: "Terraform resources whose type, or address where the pattern has a dot, matches",
		fn: signature(listOf("terraform.resources"), nil, restPatterns)},
	{name: "label", use: "label(name, role)", literal: true, host: true, doc: "whether a label is in force; only holders of the role can end it",
		fn: signature(cty.Bool, []function.Parameter{param("name", cty.String)}, &function.Parameter{Name: "by", Type: cty.String})},
	{name: "author_in", use: "author_in(role)", literal: true, host: true, doc: "whether the author holds a role",
		fn: signature(cty.Bool, []function.Parameter{param("role", cty.String)}, nil)},
	{name: "before", use: "before(resource, path)", host: true, doc: "a resource's attribute at the merge base: null where not set, unknown where it is no literal",
		fn: signature(cty.DynamicPseudoType, []function.Parameter{param("resource", cty.DynamicPseudoType), param("path", cty.String)}, nil)},
	{name: "after", use: "after(resource, path)", host: true, doc: "a resource's attribute at the head: null where not set, unknown where it is no literal",
		fn: signature(cty.DynamicPseudoType, []function.Parameter{param("resource", cty.DynamicPseudoType), param("path", cty.String)}, nil)},

	{name: "contains", use: "contains(list, value)", doc: "whether a list holds a value", fn: stdlib.ContainsFunc},
	{name: "length", use: "length(list)", doc: "how many elements a list has", fn: stdlib.LengthFunc},
	{name: "concat", use: "concat(list…)", doc: "one list after the other", fn: concatFunc},
	{name: "distinct", use: "distinct(list)", doc: "a list without repetitions", fn: stdlib.DistinctFunc},
	{name: "flatten", use: "flatten(list)", doc: "a list of lists as one list", fn: stdlib.FlattenFunc},
	{name: "sort", use: "sort(list)", doc: "strings in order", fn: stdlib.SortFunc},
	{name: "setintersection", use: "setintersection(set…)", doc: "what all sets hold", fn: stdlib.SetIntersectionFunc},
	{name: "setsubtract", use: "setsubtract(set, set)", doc: "what only the first set holds", fn: stdlib.SetSubtractFunc},
	{name: "setunion", use: "setunion(set…)", doc: "what any set holds", fn: stdlib.SetUnionFunc},
	{name: "sum", use: "sum(numbers)", doc: "numbers added up", fn: sumFunc},
	{name: "max", use: "max(number…)", doc: "the greatest", fn: boundedNumber(stdlib.MaxFunc, false)},
	{name: "min", use: "min(number…)", doc: "the least", fn: boundedNumber(stdlib.MinFunc, false)},

	{name: "startswith", use: "startswith(text, prefix)", doc: "whether a text starts with another", fn: textFunc(strings.HasPrefix)},
	{name: "endswith", use: "endswith(text, suffix)", doc: "whether a text ends with another", fn: textFunc(strings.HasSuffix)},
	{name: "strcontains", use: "strcontains(text, part)", doc: "whether a text holds another", fn: textFunc(strings.Contains)},
	{name: "regexall", use: "regexall(pattern, text)", doc: "all matches of an RE2 expression", fn: stdlib.RegexAllFunc},
	{name: "lower", use: "lower(text)", doc: "in lower case", fn: stdlib.LowerFunc},
	{name: "upper", use: "upper(text)", doc: "in upper case", fn: stdlib.UpperFunc},
	{name: "strlen", use: "strlen(text)", doc: "how many characters a text has", fn: stdlib.StrlenFunc},
	{name: "substr", use: "substr(text, offset, length)", doc: "a part of a text", fn: stdlib.SubstrFunc},
	{name: "trimspace", use: "trimspace(text)", doc: "without spaces at both ends", fn: stdlib.TrimSpaceFunc},
	{name: "trimprefix", use: "trimprefix(text, prefix)", doc: "without a prefix", fn: stdlib.TrimPrefixFunc},
	{name: "trimsuffix", use: "trimsuffix(text, suffix)", doc: "without a suffix", fn: stdlib.TrimSuffixFunc},
	{name: "split", use: "split(separator, text)", doc: "a text's parts", fn: stdlib.SplitFunc},
	{name: "join", use: "join(separator, list)", doc: "parts as one text", fn: stdlib.JoinFunc},
	{name: "hours", use: "hours(from, to)", doc: "hours between two times, as in hours(pull.created_at, now)", fn: hoursFunc},
}

var builtinByName = func() map[string]*builtin {
	m := map[string]*builtin{}
	for i := range builtins {
		m[builtins[i].name] = &builtins[i]
	}
	return m
}()

// absent says why functions that people look for do not exist.
var absent = map[string]string{
	"try":          "It would turn what cannot be told into \"no\". What fails is in force, with the reason.",
	"can":          "It would turn what cannot be told into \"no\". What fails is in force, with the reason.",
	"coalesce":     "It would turn what cannot be told into something else. Compare with null where an attribute may not be set.",
	"coalescelist": "It would turn what cannot be told into something else. Use concat.",
	"lookup":       "Its default would stand for what cannot be told. Use before(r, \"path\") and after(r, \"path\") for attributes of resources.",
	"any":          "Use length([for x in list : x if …]) > 0.",
	"all":          "Use length([for x in list : x if !(…)]) == 0.",
	"anytrue":      "Use length([for x in list : x if …]) > 0.",
	"alltrue":      "Use length([for x in list : x if !(…)]) == 0.",
	"regex":        "It fails where nothing matches. Use length(regexall(\"…\", text)) > 0.",
	"fileset":      "Use glob(\"…\").",
}

// uncertainLabel is the name under which the check leaves calls of label()
// whose answer may also take a requirement away, as in !label(x, by).
const uncertainLabel = "label?"

// sharedFunctions are the functions that need no world.
var sharedFunctions = func() map[string]function.Function {
	m := map[string]function.Function{}
	for _, b := range builtins {
		if !b.host {
			m[b.name] = b.fn
		}
	}
	return m
}()

// concatFunc joins lists of any elements; cty's own insists on one type.
var concatFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "list", Type: cty.DynamicPseudoType, AllowMarked: true},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var elements []cty.Value
		var marks []cty.ValueMarks
		for _, arg := range args {
			v, m := arg.Unmark()
			marks = append(marks, m)
			if t := v.Type(); !t.IsListType() && !t.IsTupleType() && !t.IsSetType() {
				return cty.NilVal, fmt.Errorf("concat joins lists, not %s", t.FriendlyName())
			}
			for it := v.ElementIterator(); it.Next(); {
				_, e := it.Element()
				elements = append(elements, e)
			}
		}
		return cty.TupleVal(elements).WithMarks(marks...), nil
	},
})

var sumFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "numbers", Type: cty.List(cty.Number)}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if !args[0].IsWhollyKnown() {
			return cty.UnknownVal(cty.Number), nil
		}
		total := cty.Zero
		for it := args[0].ElementIterator(); it.Next(); {
			_, v := it.Element()
			if v.IsNull() {
				return cty.NilVal, fmt.Errorf("null cannot be added up")
			}
			if !fits(v) {
				return cty.NilVal, errNumber
			}
			total = total.Add(v)
		}
		return total, nil
	},
})

func textFunc(test func(s, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{param("text", cty.String), param("part", cty.String)},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

var hoursFunc = function.New(&function.Spec{
	Params: []function.Parameter{param("from", cty.String), param("to", cty.String)},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var times [2]time.Time
		for i := range times {
			t, err := time.Parse(time.RFC3339, args[i].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgErrorf(i, "not a time such as 2026-01-05T09:00:00Z")
			}
			times[i] = t
		}
		return cty.NumberFloatVal(times[1].Sub(times[0]).Hours()), nil
	},
})

// hostFunctions are the functions whose answer is about w's pull request.
func (w *world) hostFunctions() map[string]function.Function {
	host := func(name string, marked bool, impl func(args []cty.Value) (cty.Value, error)) function.Function {
		b := builtinByName[name]
		spec := &function.Spec{Params: b.fn.Params(), VarParam: b.fn.VarParam(), Type: function.StaticReturnType(cty.DynamicPseudoType),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return impl(args) }}
		if marked {
			spec.Params[0].AllowMarked = true
		}
		return function.New(spec)
	}
	label := func(sure bool) function.Function {
		return host("label", false, func(args []cty.Value) (cty.Value, error) { return w.labelValue(texts(args), sure), nil })
	}
	return map[string]function.Function{
		"glob": host("glob", false, func(args []cty.Value) (cty.Value, error) {
			return w.listValue("files", w.glob(w.layer.globs[patternKey(texts(args))])), nil
		}),
		"resources": host("resources", false, func(args []cty.Value) (cty.Value, error) {
			return w.listValue("terraform.resources", w.resources(w.layer.globs[patternKey(texts(args))])), nil
		}),
		"matches": host("matches", true, func(args []cty.Value) (cty.Value, error) {
			set := w.layer.globs[patternKey(texts(args[1:]))]
			subject, marks := args[0].Unmark()
			for m := range marks {
				if o, ok := m.(*origin); ok && o.file != nil && subject.Type().IsObjectType() && len(marks) == 1 {
					return set.both(o.file.paths, o.file.folded).value().WithMarks(marks), nil
				}
			}
			v, err := w.matchesValue(set, subject)
			return v.WithMarks(marks), err
		}),
		"label":        label(false),
		uncertainLabel: label(true),
		"author_in": host("author_in", false, func(args []cty.Value) (cty.Value, error) {
			return w.authorIn(args[0].AsString()), nil
		}),
		"before": host("before", true, func(args []cty.Value) (cty.Value, error) {
			return attributeValue(args, func(r *fact.Resource) map[string]fact.Maybe[any] { return r.Before })
		}),
		"after": host("after", true, func(args []cty.Value) (cty.Value, error) {
			return attributeValue(args, func(r *fact.Resource) map[string]fact.Maybe[any] { return r.After })
		}),
	}
}

func texts(args []cty.Value) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = a.AsString()
	}
	return out
}

// patternKey is the key of a compiled set of patterns in a layer.
func patternKey(patterns []string) string { return strings.Join(patterns, "\x00") }

// literalText returns the text of a string that stands in the policy itself.
func literalText(e hclsyntax.Expression) (string, bool) {
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) == 0 {
			return "", true
		}
		if len(e.Parts) == 1 {
			return literalText(e.Parts[0])
		}
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() == cty.String && e.Val.IsKnown() && !e.Val.IsNull() {
			return e.Val.AsString(), true
		}
	case *hclsyntax.ParenthesesExpr:
		return literalText(e.Expression)
	}
	return "", false
}
