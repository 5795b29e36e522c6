package lsp

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rolecall/rolecall/internal/command"
)

// hover says what stands at a place; "" where there is nothing to say.
func (s *server) hover(d *document, offset int) (doc string, from, to int) {
	t, ok := d.token(offset)
	if !ok {
		return "", 0, 0
	}
	from, to = t.Range.Start.Byte, t.Range.End.Byte
	c := d.at(to)
	if t.Type == hclsyntax.TokenQuotedLit {
		if b := s.named(d, c, string(t.Bytes)); b != nil {
			return s.roleDoc(d, b), from, to
		}
		return "", 0, 0
	}
	if t.Type != hclsyntax.TokenIdent {
		return "", 0, 0
	}
	word := string(t.Bytes)
	if c.arg == nil || c.arg.start == from {
		return s.statementDoc(c, word), from, to
	}
	if !c.expression(s.schema) {
		return "", 0, 0
	}
	path := d.text[d.wordStart(from, "."):to]
	from = to - len(path)
	return s.pathDoc(d, c, path, to), from, to
}

// token returns the word or text at an offset.
func (d *document) token(offset int) (hclsyntax.Token, bool) {
	var best hclsyntax.Token
	found := false
	for _, t := range d.tokens {
		if t.Range.Start.Byte <= offset && offset <= t.Range.End.Byte && (t.Type == hclsyntax.TokenIdent || t.Type == hclsyntax.TokenQuotedLit) {
			best, found = t, true
		}
	}
	return best, found
}

// statementDoc says what a block or an argument is.
func (s *server) statementDoc(c cursor, word string) string {
	outer := ""
	if c.block != nil {
		outer = c.block.name
		b, _ := s.schema.Block(outer)
		if a, ok := b.Argument(word); ok {
			doc := argumentDoc(a)
			for _, spec := range command.Specs() {
				if outer == "commands" && spec.Name == word {
					doc += "\n\n" + commandDoc(spec)
				}
			}
			return doc
		}
		if outer == "locals" {
			return "`local." + word + "`"
		}
	}
	if b, ok := s.schema.Block(word); ok {
		return blockDoc(b)
	}
	return ""
}

// pathDoc says what a name in an expression is.
func (s *server) pathDoc(d *document, c cursor, path string, end int) string {
	root, rest, below := strings.Cut(path, ".")
	if strings.HasPrefix(d.text[end:], "(") && !below {
		for _, f := range s.schema.Functions {
			if f.Name == path {
				return functionDoc(f)
			}
		}
		if why := s.schema.Absent[path]; why != "" {
			return "There is no `" + path + "`. " + why
		}
	}
	if kind, ok := c.variable(s.schema, root); ok {
		if !below {
			return "`" + root + "` is " + elementOf(kind) + ": " + attributeList(s.schema.Elements(kind)) + "."
		}
		for _, a := range s.schema.Elements(kind) {
			if a.Name == rest {
				return "`" + a.Name + "` of " + kind + " (" + a.Type + "): " + a.Doc + "."
			}
		}
		return ""
	}
	if root == "local" && below {
		if a := d.index.local(rest); a != nil {
			return code("local." + rest + " = " + d.index.valueText(a))
		}
		return ""
	}
	var members []string
	for _, n := range s.schema.Names {
		if n.Path == path {
			return nameDoc(n)
		}
		if strings.HasPrefix(n.Path, path+".") {
			members = append(members, "`"+n.Path+"`: "+n.Doc)
		}
	}
	return strings.Join(members, "\n\n")
}

// named returns the block that a text at a cursor names: a role where a role
// is meant, or a project in an expression.
func (s *server) named(d *document, c cursor, text string) *blockAt {
	if c.block != nil && c.arg == nil && len(c.header) == 0 {
		return nil
	}
	if c.takesRole(s.schema) {
		return d.index.find("role", text)
	}
	if c.expression(s.schema) && c.call == "" {
		return d.index.find("project", text)
	}
	return nil
}

// define returns where the thing at a place is defined.
func (s *server) define(d *document, offset int) (from, to int, ok bool) {
	t, found := d.token(offset)
	if !found {
		return 0, 0, false
	}
	c := d.at(t.Range.End.Byte)
	if t.Type == hclsyntax.TokenQuotedLit {
		if b := s.named(d, c, string(t.Bytes)); b != nil {
			return b.labelStart, b.labelEnd, true
		}
		return 0, 0, false
	}
	path := d.text[d.wordStart(t.Range.Start.Byte, "."):t.Range.End.Byte]
	if name, is := strings.CutPrefix(path, "local."); is && c.arg != nil {
		if a := d.index.local(name); a != nil {
			return a.start, a.end, true
		}
	}
	return 0, 0, false
}

// The protocol's kinds of symbols that fit.
const (
	symbolModule   = 2
	symbolVariable = 13
	symbolFunction = 12
	symbolClass    = 5
	symbolObject   = 19
)

// symbols lists the blocks of a file, and the values that it defines.
func (d *document) symbols() []documentSymbol {
	out := []documentSymbol{}
	for _, b := range d.index.blocks {
		if b.depth > 0 {
			continue
		}
		sym := documentSymbol{Name: b.name, Kind: symbolObject, Range: d.span(b.start, b.end), SelectionRange: d.span(b.start, b.nameEnd)}
		if b.label != "" {
			sym.Name, sym.Detail = b.label, b.name
			sym.SelectionRange = d.span(b.labelStart, b.labelEnd)
		}
		switch b.name {
		case "role":
			sym.Kind = symbolClass
		case "rule", "test":
			sym.Kind = symbolFunction
		case "project":
			sym.Kind = symbolModule
		case "locals":
			for _, a := range b.args {
				end := a.end
				if n := len(a.value); n > 0 {
					end = a.value[n-1].Range.End.Byte
				}
				sym.Children = append(sym.Children, documentSymbol{
					Name: a.name, Detail: "local", Kind: symbolVariable, Range: d.span(a.start, max(end, a.end)), SelectionRange: d.span(a.start, a.end),
				})
			}
		}
		out = append(out, sym)
	}
	return out
}
