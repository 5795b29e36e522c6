package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// checker walks the expression trees of one layer against the schema of
// names. Evaluating against unknown values would not do: it sees nothing of
// what stands inside for, && and || or in the branch of a conditional.
//
// As it goes it rewrites a name such as terraform.resources to one variable
// of that name, so that a world need build only what is asked for.
type checker struct {
	*reporter
	layer *layer
	// mentioned collects the names of the expression being walked.
	mentioned map[string]bool
	visiting  []string // locals being walked, for cycles
	locals    map[localUse]localCheck
}

// localUse is a local in one sense; localCheck is what its check found.
type localUse struct {
	name string
	use  sense
}

type localCheck struct {
	value     cty.Value
	mentioned map[string]bool
}

// sense is in which way an expression's answer is used.
type sense int

const (
	brings sense = iota // true, or one more element, only ever brings review in
	takes               // true may take a requirement away
	both
)

func (s sense) not() sense {
	switch s {
	case brings:
		return takes
	case takes:
		return brings
	}
	return both
}

// scope holds the variables of for expressions, innermost last.
type scope struct {
	outer  *scope
	values map[string]cty.Value
	splat  map[*hclsyntax.AnonSymbolExpr]cty.Value
	loops  int
}

func (s *scope) lookup(name string) (cty.Value, bool) {
	for ; s != nil; s = s.outer {
		if v, ok := s.values[name]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}

func (s *scope) loopNames() (names []string) {
	for ; s != nil; s = s.outer {
		names = slices.AppendSeq(names, maps.Keys(s.values))
	}
	return names
}

// fits reports, and says why not, whether an expression is small enough to be
// walked at all. It must come first: what follows recurses.
func (c *checker) fits(e hclsyntax.Expression) bool {
	nodes, tooDeep := 0, false
	w := &boundedWalker{enter: func(depth int) bool {
		nodes++
		tooDeep = tooDeep || depth > maxNodeDepth
		return nodes <= maxExpression && !tooDeep
	}}
	w.walk(e, 0)
	switch {
	case tooDeep:
		c.errorf(e.StartRange(), "Expression nests too deeply", "Operators, brackets and calls stand inside one another at most %d deep; a && b && c counts as well. Name parts of it in a locals block.", maxNodeDepth)
	case nodes > maxExpression:
		c.errorf(e.StartRange(), "Expression too large", "An expression has at most %d parts. Name parts of it in a locals block.", maxExpression)
	default:
		return true
	}
	return false
}

// value returns what is known of an expression's value before there is a
// pull request: a constant, or an unknown value of its type.
func (c *checker) value(e hclsyntax.Expression, s *scope, use sense) cty.Value {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return e.Val
	case *hclsyntax.ParenthesesExpr:
		return c.value(e.Expression, s, use)
	case *hclsyntax.TemplateExpr:
		return c.template(e, s)
	case *hclsyntax.TemplateWrapExpr:
		return c.value(e.Wrapped, s, use)
	case *hclsyntax.ScopeTraversalExpr:
		return c.traversal(e, s, use)
	case *hclsyntax.RelativeTraversalExpr:
		return c.steps(c.value(e.Source, s, both), e.Traversal)
	case *hclsyntax.AnonSymbolExpr:
		for o := s; o != nil; o = o.outer {
			if v, ok := o.splat[e]; ok {
				return v
			}
		}
		return cty.DynamicVal
	case *hclsyntax.FunctionCallExpr:
		return c.call(e, s, use)
	case *hclsyntax.ConditionalExpr:
		return c.conditional(e, s, use)
	case *hclsyntax.BinaryOpExpr:
		return c.binary(e, s, use)
	case *hclsyntax.UnaryOpExpr:
		return c.unary(e, s, use)
	case *hclsyntax.IndexExpr:
		return c.index(e, s)
	case *hclsyntax.TupleConsExpr:
		return c.tuple(e, s, use)
	case *hclsyntax.ObjectConsExpr:
		return c.object(e, s)
	case *hclsyntax.ObjectConsKeyExpr:
		return c.value(e.Wrapped, s, both)
	case *hclsyntax.ForExpr:
		return c.loop(e, s, use)
	case *hclsyntax.SplatExpr:
		return c.splat(e, s)
	}
	c.errorf(e.Range(), "Unsupported expression", "Policies know names, calls, operators, conditionals, lists and for expressions.")
	return cty.DynamicVal
}

func (c *checker) template(e *hclsyntax.TemplateExpr, s *scope) cty.Value {
	if text, ok := literalText(e); ok {
		return cty.StringVal(text)
	}
	for _, part := range e.Parts {
		v := c.value(part, s, both)
		if t := v.Type(); !t.IsPrimitiveType() && t != cty.DynamicPseudoType {
			c.errorf(part.Range(), "Not a text", "A text can hold texts, numbers and booleans, and this is %s.", typeName(t))
		}
	}
	return cty.UnknownVal(cty.String)
}

// traversal resolves a name against loop variables, locals and the schema.
func (c *checker) traversal(e *hclsyntax.ScopeTraversalExpr, s *scope, use sense) cty.Value {
	root := e.Traversal.RootName()
	if v, ok := s.lookup(root); ok {
		return c.steps(v, e.Traversal[1:])
	}
	if n, ok := nameByPath[root]; ok && (len(groupMembers(root)) == 0 || strings.Contains(root, ".")) {
		return c.named(n, e, e.Traversal[1:], use)
	}
	if local, ok := strings.CutPrefix(root, "local."); ok {
		return c.steps(c.local(local, e, use), e.Traversal[1:])
	}
	var second string
	if len(e.Traversal) > 1 {
		if attr, ok := e.Traversal[1].(hcl.TraverseAttr); ok {
			second = attr.Name
		}
	}
	switch {
	case root == "local" && second != "":
		if _, ok := c.layer.locals[second]; !ok {
			c.errorf(e.Traversal.SourceRange(), "Unknown local", "No locals block defines %q.%s", second, didYouMean(second, slices.Collect(maps.Keys(c.layer.locals))))
			return cty.DynamicVal
		}
		flatten(e, "local."+second)
		return c.steps(c.local(second, e, use), e.Traversal[1:])
	case second != "" && nameByPath[root+"."+second] != nil:
		flatten(e, root+"."+second)
		return c.named(nameByPath[root+"."+second], e, e.Traversal[1:], use)
	case nameByPath[root] != nil:
		if second != "" {
			c.errorf(e.Traversal[1].SourceRange(), "Unknown name", "%s is a list%s. For an attribute of its elements write [for x in %s : x.%s].%s", root, below(root), root, second,
				hint(second, append(groupMembers(root), attributeNames(nameByPath[root].kind)...)))
			return cty.DynamicVal
		}
		return c.named(nameByPath[root], e, e.Traversal[1:], use)
	case root == "local":
		c.errorf(e.Range(), "Incomplete name", "Write local.NAME, for a value of a locals block.")
	case slices.Contains(rootNames, root):
		members := groupMembers(root)
		if second == "" {
			c.errorf(e.Range(), "Incomplete name", "%s is a group of names: %s.", root, list(prefixed(root+".", members)))
		} else {
			c.errorf(e.Traversal[1].SourceRange(), "Unknown name", "There is no %s.%s.%s", root, second, didYouMean(second, members))
		}
	default:
		known := append(slices.Clone(rootNames), s.loopNames()...)
		detail := fmt.Sprintf("There is no %q.", root)
		if n := nearest(root, known); n != "" {
			detail += fmt.Sprintf(" Did you mean %q?", n)
		} else {
			detail += " Names start with " + list(rootNames) + "; a text stands in quotes."
		}
		c.errorf(e.Traversal[0].SourceRange(), "Unknown name", "%s", detail)
	}
	return cty.DynamicVal
}

func below(root string) string {
	if m := groupMembers(root); len(m) > 0 {
		return ", and has " + list(prefixed(root+".", m))
	}
	return ""
}

func hint(given string, candidates []string) string {
	if n := nearest(given, candidates); n != "" && n != given {
		return fmt.Sprintf(" Did you mean %q?", n)
	}
	return ""
}

func prefixed(prefix string, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = prefix + w
	}
	return out
}

// flatten makes one variable of a name's first two steps.
func flatten(e *hclsyntax.ScopeTraversalExpr, path string) {
	at := hcl.RangeBetween(e.Traversal[0].SourceRange(), e.Traversal[1].SourceRange())
	e.Traversal = append(hcl.Traversal{hcl.TraverseRoot{Name: path, SrcRange: at}}, e.Traversal[2:]...)
}

func (c *checker) named(n *name, e *hclsyntax.ScopeTraversalExpr, rest hcl.Traversal, use sense) cty.Value {
	c.mentioned[n.path] = true
	if n.path == "pull.labels" && use != brings {
		c.errorf(e.Range(), "Label could switch a rule off", "Anybody who can set or remove a label could take a requirement away here. Use !label(\"…\", \"ROLE\"), which only holders of that role can decide.")
	}
	return c.steps(cty.UnknownVal(n.typ).RefineNotNull(), rest)
}

func (c *checker) local(name string, e *hclsyntax.ScopeTraversalExpr, use sense) cty.Value {
	if i := slices.Index(c.visiting, name); i >= 0 {
		c.errorf(e.Range(), "Locals in a circle", "local.%s is defined by itself: %s.", name, strings.Join(prefixed("local.", append(slices.Clone(c.visiting[i:]), name)), " → "))
		return cty.DynamicVal
	}
	c.mentioned["local."+name] = true
	expr := c.layer.locals[name].(hclsyntax.Expression)
	key := localUse{name, use}
	if v, ok := c.locals[key]; ok {
		maps.Copy(c.mentioned, v.mentioned)
		return v.value
	}
	if len(c.visiting) > maxDepth {
		c.errorf(e.Range(), "Locals nest too deeply", "Locals are defined by one another at most %d deep.", maxDepth)
		return cty.DynamicVal
	}
	outer := c.mentioned
	c.mentioned = map[string]bool{}
	c.visiting = append(c.visiting, name)
	v := c.value(expr, nil, use)
	c.visiting = c.visiting[:len(c.visiting)-1]
	c.locals[key] = localCheck{v, c.mentioned}
	maps.Copy(outer, c.mentioned)
	c.mentioned = outer
	return v
}

// steps follows what stands after a name: .attribute and [key].
func (c *checker) steps(v cty.Value, rest hcl.Traversal) cty.Value {
	for _, step := range rest {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			v = c.attr(v, step.Name, step.SrcRange)
		case hcl.TraverseIndex:
			v = c.key(v, step.Key, step.SrcRange)
		default:
			v = cty.DynamicVal
		}
	}
	return v
}

func (c *checker) attr(v cty.Value, attr string, at hcl.Range) cty.Value {
	t := v.Type()
	switch {
	case t == cty.DynamicPseudoType:
		return cty.DynamicVal
	case t.IsObjectType():
		kind := kindOf(t)
		if attr == carrier || !t.HasAttribute(attr) {
			what := "it"
			if kind != "" {
				what = "an element of " + kind
			}
			c.errorf(at, "Unknown attribute", "There is no attribute %q of %s.%s", attr, what, didYouMean(attr, objectAttributes(t)))
			return cty.DynamicVal
		}
		if kind != "" {
			c.mentioned[kind+"."+attr] = true
		}
		if v.IsKnown() && !v.IsNull() {
			return v.GetAttr(attr)
		}
		return cty.UnknownVal(t.AttributeType(attr))
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		c.errorf(at, "Attribute of a list", "This is a list, and its elements have attributes. Write [for x in … : x.%s], or for a condition [for x in … : x if x.%s == …].", attr, attr)
	default:
		c.errorf(at, "Attribute of a plain value", "This is %s, which has no attributes.", typeName(t))
	}
	return cty.DynamicVal
}

func objectAttributes(t cty.Type) []string {
	var attrs []string
	for a := range t.AttributeTypes() {
		if a != carrier {
			attrs = append(attrs, a)
		}
	}
	return attrs
}

func attributeNames(kind string) []string {
	var out []string
	for _, a := range kinds[kind] {
		out = append(out, a.name)
	}
	return out
}

func (c *checker) key(v, key cty.Value, at hcl.Range) cty.Value {
	t := v.Type()
	isText := key.Type() == cty.String && key.IsKnown() && !key.IsNull()
	switch {
	case t == cty.DynamicPseudoType:
		return cty.DynamicVal
	case t.IsObjectType():
		if isText {
			return c.attr(v, key.AsString(), at)
		}
		if key.Type() != cty.DynamicPseudoType && kindOf(t) != "" {
			c.errorf(at, "Unknown attribute", "An attribute is named by a text that stands in the policy itself.")
		}
		return cty.DynamicVal
	case t.IsListType() || t.IsTupleType():
		if isText {
			c.errorf(at, "Attribute of a list", "This is a list: its elements are counted from 0. Write [for x in … : x.%s].", key.AsString())
			return cty.DynamicVal
		}
		return elementOf(v)
	case t.IsMapType():
		return cty.UnknownVal(t.ElementType())
	}
	c.errorf(at, "Not a list", "This is %s, which has no elements.", typeName(t))
	return cty.DynamicVal
}

// elementOf is what is known of any one element.
func elementOf(v cty.Value) cty.Value {
	t := v.Type()
	switch {
	case t.IsListType(), t.IsSetType(), t.IsMapType():
		return cty.UnknownVal(t.ElementType())
	case t.IsTupleType():
		types := t.TupleElementTypes()
		for _, other := range types[min(1, len(types)):] {
			if !other.Equals(types[0]) {
				return cty.DynamicVal
			}
		}
		if len(types) > 0 {
			return cty.UnknownVal(types[0])
		}
	}
	return cty.DynamicVal
}

func (c *checker) index(e *hclsyntax.IndexExpr, s *scope) cty.Value {
	return c.key(c.value(e.Collection, s, both), c.value(e.Key, s, both), e.BracketRange)
}

// tuple is known as a list of one type, or of any: a type that told every
// element apart would double with each local that repeats another.
func (c *checker) tuple(e *hclsyntax.TupleConsExpr, s *scope, use sense) cty.Value {
	if len(e.Exprs) == 0 {
		return cty.EmptyTupleVal
	}
	var element cty.Type
	for i, x := range e.Exprs {
		t := flat(c.value(x, s, use)).Type()
		if i > 0 && !t.Equals(element) {
			t = cty.DynamicPseudoType
		}
		element = t
	}
	return cty.UnknownVal(cty.List(element))
}

// flat is v where its type is simple, and otherwise a value of any type.
func flat(v cty.Value) cty.Value {
	t := v.Type()
	for range 3 {
		if t.IsListType() || t.IsSetType() {
			t = t.ElementType()
		}
	}
	if t.IsPrimitiveType() || kindOf(t) != "" || t.Equals(riskTyp) {
		return v
	}
	return cty.DynamicVal
}

func (c *checker) object(e *hclsyntax.ObjectConsExpr, s *scope) cty.Value {
	attrs, known := map[string]cty.Value{}, true
	for _, item := range e.Items {
		value := flat(c.value(item.ValueExpr, s, both))
		if keyword := hcl.ExprAsKeyword(item.KeyExpr); keyword != "" {
			attrs[keyword] = value
			continue
		}
		key := c.value(item.KeyExpr, s, both)
		if key.Type() == cty.String && key.IsKnown() && !key.IsNull() {
			attrs[key.AsString()] = value
		} else {
			known = false
		}
	}
	if !known {
		return cty.DynamicVal
	}
	return cty.ObjectVal(attrs)
}

func (c *checker) conditional(e *hclsyntax.ConditionalExpr, s *scope, use sense) cty.Value {
	cond := c.truth(e.Condition, s, both, "The condition")
	a, b := c.value(e.TrueResult, s, use), c.value(e.FalseResult, s, use)
	if cond.IsKnown() && !cond.IsNull() {
		if cond.True() {
			return a
		}
		return b
	}
	if a.Type() == cty.DynamicPseudoType || b.Type() == cty.DynamicPseudoType {
		return cty.DynamicVal
	}
	t, _ := convert.UnifyUnsafe([]cty.Type{a.Type(), b.Type()})
	if t == cty.NilType {
		c.errorf(e.Range(), "Conditional of two types", "One result is %s and the other %s; both must be of one type.", typeName(a.Type()), typeName(b.Type()))
		return cty.DynamicVal
	}
	return cty.UnknownVal(t)
}

// truth returns the value of what must be true or false.
func (c *checker) truth(e hclsyntax.Expression, s *scope, use sense, what string) cty.Value {
	v := c.value(e, s, use)
	switch t := v.Type(); {
	case t == cty.Bool && !v.IsNull():
		return v
	case t == cty.DynamicPseudoType && !v.IsNull():
	default:
		c.errorf(e.Range(), "Not a condition", "%s must be true or false, and this is %s.%s", what, typeName(t), listRemedy(t))
	}
	return cty.UnknownVal(cty.Bool)
}

func listRemedy(t cty.Type) string {
	if t.IsListType() || t.IsTupleType() {
		return " Use length(…) > 0."
	}
	return ""
}

// typeName says a type in the words of the language.
func typeName(t cty.Type) string {
	switch {
	case t == cty.DynamicPseudoType:
		return "null"
	case t == cty.String:
		return "a text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsListType() && kindOf(t.ElementType()) != "":
		return "a list of " + kindOf(t.ElementType())
	case t.IsListType(), t.IsTupleType(), t.IsSetType():
		return "a list"
	case kindOf(t) != "":
		return "an element of " + kindOf(t)
	case t.IsObjectType(), t.IsMapType():
		return "an object"
	}
	return t.FriendlyName()
}

func (c *checker) unary(e *hclsyntax.UnaryOpExpr, s *scope, use sense) cty.Value {
	var v cty.Value
	if e.Op == hclsyntax.OpLogicalNot {
		v = c.truth(e.Val, s, use.not(), "What stands after !")
	} else {
		v = c.number(e.Val, s)
		if op := arithmetic[e.Op]; op != nil {
			e.Op = op
		}
	}
	return c.fold(e.Op, v)
}

func (c *checker) number(e hclsyntax.Expression, s *scope) cty.Value {
	v := c.value(e, s, both)
	if t := v.Type(); t != cty.Number && (t != cty.DynamicPseudoType || v.IsNull()) {
		c.errorf(e.Range(), "Not a number", "A number is needed here, and this is %s.", typeName(t))
		return cty.UnknownVal(cty.Number)
	}
	return v
}

// fold computes an operation on constants.
func (c *checker) fold(op *hclsyntax.Operation, args ...cty.Value) cty.Value {
	for _, a := range args {
		if !a.IsWhollyKnown() || a.IsNull() {
			return cty.UnknownVal(op.Type)
		}
	}
	if v, err := op.Impl.Call(args); err == nil {
		return v
	}
	return cty.UnknownVal(op.Type)
}

func (c *checker) binary(e *hclsyntax.BinaryOpExpr, s *scope, use sense) cty.Value {
	switch e.Op {
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		a, b := c.truth(e.LHS, s, use, "Each side of && and ||"), c.truth(e.RHS, s, use, "Each side of && and ||")
		for _, v := range []cty.Value{a, b} {
			if v.IsKnown() && v.True() == (e.Op == hclsyntax.OpLogicalOr) {
				return v
			}
		}
		return c.fold(e.Op, a, b)
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		a, b := c.value(e.LHS, s, both), c.value(e.RHS, s, both)
		c.comparable(e, a, b)
		c.occurs(e.LHS, e.RHS, s)
		c.occurs(e.RHS, e.LHS, s)
		if a.Type() != b.Type() {
			return cty.UnknownVal(cty.Bool)
		}
		return c.fold(e.Op, a, b)
	}
	a, b := c.number(e.LHS, s), c.number(e.RHS, s)
	if op := arithmetic[e.Op]; op != nil {
		e.Op = op
	}
	return c.fold(e.Op, a, b)
}

// comparable reports a comparison whose answer cannot be what was meant.
func (c *checker) comparable(e *hclsyntax.BinaryOpExpr, a, b cty.Value) {
	for _, v := range []cty.Value{a, b} {
		t := v.Type()
		switch {
		case t.IsPrimitiveType(), t == cty.DynamicPseudoType:
		case t.IsListType(), t.IsTupleType(), t.IsSetType():
			c.errorf(e.Range(), "Comparison with a list", "A list is not compared as a whole: a part of it that cannot be told would be lost. Use length(…) == 0, or contains(…).")
			return
		default:
			c.errorf(e.Range(), "Comparison of an object", "Compare one attribute, as in x.name == \"…\".")
			return
		}
	}
	ta, tb := a.Type(), b.Type()
	if ta != tb && ta != cty.DynamicPseudoType && tb != cty.DynamicPseudoType {
		c.errorf(e.Range(), "Comparison of two types", "One side is %s and the other %s, so they are never equal.", typeName(ta), typeName(tb))
	}
}

func (c *checker) loop(e *hclsyntax.ForExpr, s *scope, use sense) cty.Value {
	loops := 1
	if s != nil {
		loops = s.loops + 1
	}
	if loops > maxLoops {
		c.errorf(e.OpenRange, "Loops nest too deeply", "At most %d for expressions stand inside one another.", maxLoops)
		return cty.DynamicVal
	}
	coll := c.value(e.CollExpr, s, use)
	t := coll.Type()
	if t != cty.DynamicPseudoType && !coll.CanIterateElements() && !t.IsObjectType() {
		c.errorf(e.CollExpr.Range(), "Not a list", "A for expression goes through a list, and this is %s.", typeName(t))
		return cty.DynamicVal
	}
	if kindOf(t) != "" {
		c.errorf(e.CollExpr.Range(), "Not a list", "A for expression goes through a list, and this is %s.", typeName(t))
		return cty.DynamicVal
	}
	inner := &scope{outer: s, values: map[string]cty.Value{}, loops: loops}
	for _, v := range []string{e.KeyVar, e.ValVar} {
		if slices.Contains(rootNames, v) {
			c.errorf(e.OpenRange, "Name taken", "%q is a name of its own and cannot name a loop's element. Choose another, such as x.", v)
			return cty.DynamicVal
		}
	}
	if e.KeyVar != "" {
		if t.IsObjectType() || t.IsMapType() {
			inner.values[e.KeyVar] = cty.UnknownVal(cty.String)
		} else {
			inner.values[e.KeyVar] = cty.UnknownVal(cty.Number)
		}
	}
	inner.values[e.ValVar] = elementOf(coll)
	never := false
	if e.CondExpr != nil {
		v := c.truth(e.CondExpr, inner, use, "What stands after if")
		never = v.IsKnown() && v.False()
	}
	if e.KeyExpr != nil {
		c.value(e.KeyExpr, inner, both)
		c.value(e.ValExpr, inner, both)
		return cty.DynamicVal
	}
	out := cty.UnknownVal(cty.List(flat(c.value(e.ValExpr, inner, both)).Type()))
	if never || t.IsTupleType() && t.Length() == 0 {
		return cty.EmptyTupleVal
	}
	return out
}

func (c *checker) splat(e *hclsyntax.SplatExpr, s *scope) cty.Value {
	source := c.value(e.Source, s, both)
	t := source.Type()
	if t != cty.DynamicPseudoType && !t.IsListType() && !t.IsTupleType() && !t.IsSetType() {
		c.errorf(e.MarkerRange, "Not a list", "[*] goes through a list, and this is %s.", typeName(t))
		return cty.DynamicVal
	}
	inner := &scope{outer: s, splat: map[*hclsyntax.AnonSymbolExpr]cty.Value{e.Item: elementOf(source)}}
	if s != nil {
		inner.loops = s.loops
	}
	return cty.UnknownVal(cty.List(flat(c.value(e.Each, inner, both)).Type()))
}

var attributePath = regexp.MustCompile(`^[A-Za-z_][\w-]*(\[\d+\])*(\.[A-Za-z_][\w-]*(\[\d+\])*)*$`)

func (c *checker) call(e *hclsyntax.FunctionCallExpr, s *scope, use sense) cty.Value {
	name := strings.TrimSuffix(e.Name, "?")
	b := builtinByName[name]
	if b == nil {
		detail := fmt.Sprintf("There is no function %q.", name)
		if why := absent[name]; why != "" {
			detail += " " + why
		} else {
			detail += didYouMean(name, slices.Collect(maps.Keys(builtinByName)))
		}
		c.errorf(e.NameRange, "Unknown function", "%s", detail)
		return cty.DynamicVal
	}
	if e.ExpandFinal {
		c.errorf(e.Range(), "Arguments from a list", "Policies do without f(list...). Write the arguments out.")
		return cty.DynamicVal
	}
	args := make([]cty.Value, len(e.Args))
	for i, a := range e.Args {
		argUse := both
		if name == "concat" || name == "contains" && i == 0 || name == "flatten" || name == "distinct" {
			argUse = use
		}
		args[i] = c.value(a, s, argUse)
	}
	if n, least := len(args), len(b.fn.Params()); n < least || n > least && b.fn.VarParam() == nil || n == 0 || name == "label" && n > 2 {
		c.errorf(e.Range(), "Wrong number of arguments", "It is called as %s.", b.use)
		return cty.DynamicVal
	}
	if b.literal && !c.literals(e, b) {
		return cty.DynamicVal
	}
	switch name {
	case "glob", "matches", "resources":
		if !c.patterns(e, b, args) {
			return cty.DynamicVal
		}
		c.mentioned[map[string]string{"glob": "files", "matches": "files.path", "resources": "terraform.resources"}[name]] = true
	case "label":
		c.label(e, use)
	case "author_in":
		role, _ := literalText(e.Args[0])
		if role == roleDRI {
			c.errorf(e.Args[0].Range(), "Role without fixed members", "Who is DRI depends on the projects touched. Name another role.")
		} else {
			c.roleExists(role, e.Args[0].Range())
		}
		c.mentioned["pull.author"] = true
	case "before", "after":
		if t := args[0].Type(); t != cty.DynamicPseudoType && kindOf(t) != "terraform.resources" {
			c.errorf(e.Args[0].Range(), "Not a resource", "%s reads an attribute of an element of terraform.resources, and this is %s.", name, typeName(t))
			return cty.DynamicVal
		}
		if path, ok := literalText(e.Args[1]); ok && !attributePath.MatchString(path) {
			c.errorf(e.Args[1].Range(), "Not an attribute's path", "A path looks like \"deletion_protection\" or \"settings[0].tier\".")
		}
		c.mentioned["terraform.resources."+name] = true
		return cty.DynamicVal
	case "contains":
		c.containable(e, args)
		if among, ok := Unwrap(e.Args[0]).(*hclsyntax.TupleConsExpr); ok {
			for _, x := range among.Exprs {
				c.occurs(e.Args[1], x, s)
			}
		}
	case "regexall":
		if !c.expression(e) {
			return cty.DynamicVal
		}
	}
	return c.result(e, b, args)
}

// literals reports arguments that do not stand in the policy itself.
func (c *checker) literals(e *hclsyntax.FunctionCallExpr, b *builtin) bool {
	for _, a := range e.Args[b.skip:] {
		if _, ok := literalText(a); !ok {
			c.errorf(a.Range(), "Not a plain text", "It is called as %s, with a text in quotes that holds no ${…}, so that it can be checked here.", b.use)
			return false
		}
	}
	return true
}

// patterns compiles the patterns of a call.
func (c *checker) patterns(e *hclsyntax.FunctionCallExpr, b *builtin, args []cty.Value) bool {
	if len(e.Args) == b.skip {
		c.errorf(e.Range(), "Wrong number of arguments", "It is called as %s.", b.use)
		return false
	}
	var patterns []string
	for _, a := range e.Args[b.skip:] {
		p, _ := literalText(a)
		if _, err := compileGlobs([]string{p}); err != nil {
			c.errorf(a.Range(), "Invalid pattern", "%s.", sentence(err))
			return false
		}
		if b.name == "glob" && !strings.Contains(p, "/") && strings.ContainsAny(p, "*?") && p != "**" && p != "*" {
			c.warnf(a.Range(), "Pattern for the root directory only", "%q matches files in the repository's root. For files in any directory write %q.", p, "**/"+p)
		}
		patterns = append(patterns, p)
	}
	if b.name == "matches" {
		if t := args[0].Type(); t != cty.String && t != cty.DynamicPseudoType && kindOf(t) != "files" {
			c.errorf(e.Args[0].Range(), "Not a file", "matches looks at an element of files or at a text, and this is %s.", typeName(t))
			return false
		}
	}
	set, err := compileGlobs(patterns)
	if err != nil {
		c.errorf(e.Range(), "Invalid pattern", "%s.", sentence(err))
		return false
	}
	if c.layer.globs == nil {
		c.layer.globs = map[string]*globs{}
	}
	c.layer.globs[patternKey(patterns)] = set
	return true
}

// label checks who can end what the label brings in.
func (c *checker) label(e *hclsyntax.FunctionCallExpr, use sense) {
	label, _ := literalText(e.Args[0])
	if label == "" {
		c.errorf(e.Args[0].Range(), "Empty label", "Name the label, as in label(\"security\").")
		return
	}
	c.mentioned["pull.labels"] = true
	var by string
	if len(e.Args) == 2 {
		by, _ = literalText(e.Args[1])
		if by == roleDRI {
			c.errorf(e.Args[1].Range(), "Role without fixed members", "Who is DRI depends on the projects touched. Name another role.")
			return
		}
		c.roleExists(by, e.Args[1].Range())
	} else {
		by = c.layer.labelDefault(label)
	}
	if use == brings {
		return
	}
	if by == "" {
		c.errorf(e.Range(), "Label could switch a rule off", "Anybody who can set a label could take a requirement away here, the author included. Say who decides: label(%q, \"ROLE\").", label)
		return
	}
	e.Name = uncertainLabel
}

func (c *checker) roleExists(role string, at hcl.Range) {
	if c.layer.role(role) == nil {
		c.errorf(at, "Unknown role", "No role block defines %q.%s", role, didYouMean(role, c.layer.roleNames()))
	}
}

func (c *checker) containable(e *hclsyntax.FunctionCallExpr, args []cty.Value) {
	if t := args[1].Type(); !t.IsPrimitiveType() && t != cty.DynamicPseudoType {
		c.errorf(e.Args[1].Range(), "Not a plain value", "contains looks for a text, a number or a boolean, and this is %s. For a file use matches(f, \"…\").", typeName(t))
		return
	}
	element := elementOf(args[0]).Type()
	if want := args[1].Type(); element != want && element != cty.DynamicPseudoType && want != cty.DynamicPseudoType {
		c.errorf(e.Range(), "Comparison of two types", "The list holds %s and never %s. For an attribute of its elements write contains([for x in … : x.name], …).", typeName(element), typeName(want))
	}
}

func (c *checker) expression(e *hclsyntax.FunctionCallExpr) bool {
	pattern, ok := literalText(e.Args[0])
	if !ok || len(pattern) > maxGlobLength {
		c.errorf(e.Args[0].Range(), "Not a plain text", "The expression must stand in quotes in the policy itself, with at most %d bytes.", maxGlobLength)
		return false
	}
	if _, err := regexp.Compile(pattern); err != nil {
		c.errorf(e.Args[0].Range(), "Invalid regular expression", "%s. The syntax is RE2's.", sentence(err))
		return false
	}
	return true
}

// sentence is an error as the start of a sentence.
func sentence(err error) string {
	s := strings.TrimSuffix(err.Error(), ".")
	return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):]
}

// result asks the function itself for its type, which also checks its
// arguments.
func (c *checker) result(e *hclsyntax.FunctionCallExpr, b *builtin, args []cty.Value) cty.Value {
	for i, a := range args {
		if a.IsNull() {
			c.errorf(e.Args[i].Range(), "Null as an argument", "It is called as %s.", b.use)
			return cty.DynamicVal
		}
	}
	if b.name == "concat" {
		return concatResult(c, e, args)
	}
	params := b.fn.Params()
	for i, a := range args {
		want := cty.DynamicPseudoType
		switch {
		case i < len(params):
			want = params[i].Type
		case b.fn.VarParam() != nil:
			want = b.fn.VarParam().Type
		}
		have := a.Type()
		if want.IsPrimitiveType() && have != want && have != cty.DynamicPseudoType {
			c.errorf(e.Args[i].Range(), "Wrong kind of argument", "It is called as %s: %s is needed here, and this is %s.", b.use, typeName(want), typeName(have))
			return cty.DynamicVal
		}
		if converted, err := convert.Convert(a, want); err != nil {
			c.errorf(e.Args[i].Range(), "Wrong kind of argument", "It is called as %s: %s.", b.use, sentence(err))
			return cty.DynamicVal
		} else {
			args[i] = converted
		}
	}
	t, err := b.fn.ReturnTypeForValues(args)
	if err != nil {
		at := e.Range()
		var arg function.ArgError
		if errors.As(err, &arg) && arg.Index < len(e.Args) {
			at = e.Args[arg.Index].Range()
		}
		c.errorf(at, "Wrong kind of argument", "It is called as %s: %s.", b.use, sentence(err))
		return cty.DynamicVal
	}
	return cty.UnknownVal(t)
}

func concatResult(c *checker, e *hclsyntax.FunctionCallExpr, args []cty.Value) cty.Value {
	var element cty.Type
	if !slices.ContainsFunc(args, func(a cty.Value) bool { return !a.Type().IsTupleType() || a.Type().Length() > 0 }) {
		return cty.EmptyTupleVal
	}
	for i, a := range args {
		t := a.Type()
		switch {
		case t == cty.DynamicPseudoType:
			element = cty.DynamicPseudoType
		case !t.IsListType() && !t.IsTupleType() && !t.IsSetType():
			c.errorf(e.Args[i].Range(), "Wrong kind of argument", "concat joins lists, and this is %s.", typeName(t))
			return cty.DynamicVal
		case t.IsTupleType() && len(t.TupleElementTypes()) == 0:
		default:
			et := elementOf(a).Type()
			if element == cty.NilType {
				element = et
			} else if !element.Equals(et) {
				element = cty.DynamicPseudoType
			}
		}
	}
	if element == cty.NilType || element == cty.DynamicPseudoType {
		return cty.UnknownVal(cty.List(cty.DynamicPseudoType))
	}
	return cty.UnknownVal(cty.List(element))
}

// boundedWalker visits the nodes of an expression without trusting its depth.
type boundedWalker struct{ enter func(depth int) bool }

func (w *boundedWalker) walk(n hclsyntax.Node, depth int) bool {
	if !w.enter(depth) {
		return false
	}
	for _, child := range children(n) {
		if !w.walk(child, depth+1) {
			return false
		}
	}
	return true
}

// children are the nodes directly below n.
func children(n hclsyntax.Node) []hclsyntax.Node {
	var out []hclsyntax.Node
	add := func(es ...hclsyntax.Expression) {
		for _, e := range es {
			if e != nil {
				out = append(out, e)
			}
		}
	}
	switch n := n.(type) {
	case *hclsyntax.ParenthesesExpr:
		add(n.Expression)
	case *hclsyntax.TemplateExpr:
		add(n.Parts...)
	case *hclsyntax.TemplateWrapExpr:
		add(n.Wrapped)
	case *hclsyntax.TemplateJoinExpr:
		add(n.Tuple)
	case *hclsyntax.RelativeTraversalExpr:
		add(n.Source)
	case *hclsyntax.FunctionCallExpr:
		add(n.Args...)
	case *hclsyntax.ConditionalExpr:
		add(n.Condition, n.TrueResult, n.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		add(n.LHS, n.RHS)
	case *hclsyntax.UnaryOpExpr:
		add(n.Val)
	case *hclsyntax.IndexExpr:
		add(n.Collection, n.Key)
	case *hclsyntax.TupleConsExpr:
		add(n.Exprs...)
	case *hclsyntax.ObjectConsExpr:
		for _, item := range n.Items {
			add(item.KeyExpr, item.ValueExpr)
		}
	case *hclsyntax.ObjectConsKeyExpr:
		add(n.Wrapped)
	case *hclsyntax.ForExpr:
		add(n.CollExpr)
		if n.KeyExpr != nil {
			add(n.KeyExpr)
		}
		add(n.ValExpr)
		if n.CondExpr != nil {
			add(n.CondExpr)
		}
	case *hclsyntax.SplatExpr:
		add(n.Source, n.Each)
	}
	return out
}
