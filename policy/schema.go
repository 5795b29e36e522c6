package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Schema is the language as data: its blocks, the names and functions of its
// expressions. The reference and the language server are made from it, so
// that neither can say anything else than the check does.
type Schema struct {
	// Blocks are the ones that stand in a file, in the order of the reference.
	Blocks    []BlockSchema
	Names     []NameSchema
	Functions []FunctionSchema
	// Absent says of functions that people look for why they do not exist,
	// by name.
	Absent map[string]string
	// Bounds are what one file may hold at most.
	Bounds []BoundSchema
}

// BoundSchema is how much there may be of something.
type BoundSchema struct {
	What string // "rules in a file"
	Most int
}

// BlockSchema is one kind of block.
type BlockSchema struct {
	Name  string
	Label string // what its label is, in capitals; "" for a block without one
	Doc   string
	Args  []ArgumentSchema
	Open  bool // takes any argument
	// Blocks name the kinds of block that it may hold; [Schema.Block] has them.
	Blocks []string
}

// ArgumentSchema is one argument of a block.
type ArgumentSchema struct {
	Name    string
	Shape   string // for people: "list of roles"
	Default string // as it would be written; "" for none
	Needed  bool
	Values  []string // all that it may be, where they are few
	Doc     string
	// Expression is true where the argument is evaluated against a pull
	// request; every other one is a plain value.
	Expression bool
}

// NameSchema is one name that expressions can use.
type NameSchema struct {
	Path string // "terraform.resources"
	Type string // for people: "text", "list of files"
	// Element are the attributes of a list's elements; nil for what is no
	// list of findings.
	Element  []AttributeSchema
	Kind     string // what the elements are called; "" where Element is nil
	Contents bool   // file contents are read to tell it
	Doc      string
}

// AttributeSchema is one attribute of a list's elements.
type AttributeSchema struct {
	Name string
	Type string
	Doc  string
}

// FunctionSchema is one function.
type FunctionSchema struct {
	Name string
	Use  string // how it is called
	Type string // what it returns
	Doc  string
	// Kind is what the elements of the list that it returns are called; ""
	// where it returns no list of findings.
	Kind string
	// About is true where the function's answer is about the pull request.
	About bool
}

// NewSchema returns the schema of the language.
func NewSchema() Schema {
	s := Schema{Absent: maps.Clone(absent), Bounds: []BoundSchema{
		{"bytes of a file", maxSource},
		{"rules in a file", maxRules},
		{"roles in a file", maxRoles},
		{"projects in a file", maxProjects},
		{"require, any and all blocks in a rule", maxRequire},
		{"any and all blocks inside one another", maxGroups},
		{"members of a list that is written out", maxList},
		{"bytes of a pattern", maxGlobLength},
		{"patterns that one with {a,b} stands for", maxGlobVariants},
		{"names, calls, values and operators of an expression", maxExpression},
		{"for expressions inside one another", maxLoops},
	}}
	for _, b := range grammar.blocks {
		s.Blocks = append(s.Blocks, b.schema())
	}
	for _, n := range names {
		s.Names = append(s.Names, n.schema())
	}
	for _, b := range builtins {
		s.Functions = append(s.Functions, b.schema())
	}
	return s
}

// Block returns a kind of block by name, wherever it may stand.
func (s Schema) Block(name string) (BlockSchema, bool) {
	var find func(blocks []*block, depth int) *block
	find = func(blocks []*block, depth int) *block {
		for _, b := range blocks {
			if b.name == name {
				return b
			}
		}
		for _, b := range blocks {
			if depth > 0 {
				if found := find(b.blocks, depth-1); found != nil {
					return found
				}
			}
		}
		return nil
	}
	if b := find(grammar.blocks, 2); b != nil {
		return b.schema(), true
	}
	return BlockSchema{}, false
}

// Argument returns an argument of the block by name.
func (b BlockSchema) Argument(name string) (ArgumentSchema, bool) {
	i := slices.IndexFunc(b.Args, func(a ArgumentSchema) bool { return a.Name == name })
	if i < 0 {
		return ArgumentSchema{}, false
	}
	return b.Args[i], true
}

// Elements returns the attributes of the elements that a kind has; nil for
// what is no kind.
func (s Schema) Elements(kind string) []AttributeSchema {
	var out []AttributeSchema
	for _, a := range kinds[kind] {
		out = append(out, AttributeSchema{a.name, schemaType(a.typ), a.doc})
	}
	return out
}

func (b *block) schema() BlockSchema {
	out := BlockSchema{Name: b.name, Label: b.label, Doc: b.doc, Open: b.open}
	for _, a := range b.args {
		out.Args = append(out.Args, ArgumentSchema{
			Name: a.name, Shape: a.shape, Default: a.def, Needed: a.needed, Values: slices.Clone(a.values), Doc: a.doc,
			Expression: b.name == "rule" && (a.name == "changes" || a.name == "when"),
		})
	}
	for _, inner := range b.blocks {
		out.Blocks = append(out.Blocks, inner.name)
	}
	return out
}

func (n name) schema() NameSchema {
	return NameSchema{
		Path: n.path, Type: schemaType(n.typ), Kind: n.kind, Contents: n.contents, Doc: n.doc,
		Element: Schema{}.Elements(n.kind),
	}
}

func (b builtin) schema() FunctionSchema {
	out := FunctionSchema{Name: b.name, Use: b.use, Doc: b.doc, About: b.host, Type: "list"}
	args := make([]cty.Type, 0, len(b.fn.Params()))
	for _, p := range b.fn.Params() {
		args = append(args, p.Type)
	}
	if v := b.fn.VarParam(); v != nil && len(args) == 0 {
		args = append(args, v.Type)
	}
	switch t, err := b.fn.ReturnType(args); {
	case b.name == "before", b.name == "after":
		out.Type = "any value"
	case b.name == "matches", b.name == "contains": // whatever they look at
		out.Type = schemaType(cty.Bool)
	case err == nil && t.IsListType() && kindOf(t.ElementType()) != "":
		out.Type, out.Kind = schemaType(t), kindOf(t.ElementType())
	case err == nil && t != cty.DynamicPseudoType:
		out.Type = schemaType(t)
	}
	return out
}

// schemaType says a type in the words of the reference.
func schemaType(t cty.Type) string {
	switch {
	case t.IsListType() && kindOf(t.ElementType()) != "":
		return "list of " + kindOf(t.ElementType())
	case t.IsListType() && t.ElementType() == cty.String:
		return "list of texts"
	case t.IsListType() && t.ElementType().Equals(riskTyp):
		return "list of { name, detail }"
	}
	return strings.TrimPrefix(typeName(t), "a ")
}
