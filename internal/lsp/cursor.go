package lsp

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/rolecall/rolecall/policy"
)

// cursor is what is known of a place in a document.
type cursor struct {
	doc    *document
	offset int
	block  *blockAt // nil outside every block
	header hclsyntax.Tokens
	arg    *argumentAt // whose value this is; nil between arguments
	text   bool        // inside quotes
	call   string      // the innermost call whose arguments these are
	callAt int         // which of them, from 0
	key    string      // in an object: the key whose value this is
	list   bool        // inside square brackets
	loops  []loop      // innermost last
}

// loop is a for expression around a place.
type loop struct {
	variable string
	over     hclsyntax.Tokens
}

// at finds out what stands at an offset, from what stands before it.
func (d *document) at(offset int) cursor {
	line := d.lines[d.position(offset).Line]
	before := mended(d.text[:line]) + d.text[line:offset]
	tokens, _ := hclsyntax.LexConfig([]byte(before), "", hcl.InitialPos)
	s := scanner{text: d.text}
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenEOF {
			break
		}
		if t.Range.End.Byte == offset && (t.Type == hclsyntax.TokenIdent || t.Type == hclsyntax.TokenQuotedLit) {
			// The word that is being written.
			if s.value == nil && t.Type != hclsyntax.TokenNewline {
				s.header = append(s.header, t)
			}
			break
		}
		s.read(t)
	}
	c := cursor{doc: d, offset: offset, block: s.inBlock(), header: s.header, arg: s.value}
	for i := len(s.frames) - 1; i >= 0; i-- {
		switch f := s.frames[i]; {
		case f.block != nil:
			i = 0
		case f.open == hclsyntax.TokenOQuote && i == len(s.frames)-1:
			c.text = true
		case f.open == hclsyntax.TokenOBrack:
			c.list = true
		case f.open == hclsyntax.TokenOParen && f.call != "" && c.call == "":
			c.call, c.callAt = f.call, f.arg
		}
	}
	if c.arg != nil {
		c.loops = loopsIn(c.arg.value)
		c.key = keyIn(c.arg.value)
	}
	return c
}

// loopsIn finds the loops that are still open after some tokens.
func loopsIn(tokens hclsyntax.Tokens) []loop {
	var open [][]loop
	var pending *loop
	depth := 0
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrack, hclsyntax.TokenOBrace, hclsyntax.TokenOParen:
			open = append(open, nil)
		case hclsyntax.TokenCBrack, hclsyntax.TokenCBrace, hclsyntax.TokenCParen:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		case hclsyntax.TokenIdent:
			if string(t.Bytes) == "for" && i > 0 && (tokens[i-1].Type == hclsyntax.TokenOBrack || tokens[i-1].Type == hclsyntax.TokenOBrace) && i+1 < len(tokens) {
				pending = &loop{variable: string(tokens[i+1].Bytes)}
				depth = len(open)
				continue
			}
		case hclsyntax.TokenColon:
			if pending != nil && len(open) == depth && depth > 0 {
				pending.over = afterIn(pending.over)
				open[depth-1] = append(open[depth-1], *pending)
				pending = nil
			}
		}
		if pending != nil {
			pending.over = append(pending.over, t)
		}
	}
	return slices.Concat(open...)
}

// afterIn drops "x in" from the start of a loop.
func afterIn(tokens hclsyntax.Tokens) hclsyntax.Tokens {
	for i, t := range tokens {
		if t.Type == hclsyntax.TokenIdent && string(t.Bytes) == "in" {
			return tokens[i+1:]
		}
	}
	return nil
}

// keyIn returns the key of an object whose value is being written.
func keyIn(tokens hclsyntax.Tokens) string {
	for i := len(tokens) - 1; i > 0; i-- {
		switch tokens[i].Type {
		case hclsyntax.TokenEqual, hclsyntax.TokenColon:
			return string(tokens[i-1].Bytes)
		case hclsyntax.TokenOBrace, hclsyntax.TokenCBrace:
			return ""
		}
	}
	return ""
}

// expression reports whether the value is one that names may stand in.
func (c cursor) expression(s policy.Schema) bool {
	if c.arg == nil || c.block == nil {
		return false
	}
	if c.block.name == "locals" {
		return true
	}
	b, _ := s.Block(c.block.name)
	a, ok := b.Argument(c.arg.name)
	return ok && a.Expression
}

// kind returns what the elements of a list are called; "" where that is not
// known.
func (c cursor) kind(s policy.Schema, tokens hclsyntax.Tokens, depth int) string {
	for len(tokens) > 0 && (tokens[0].Type == hclsyntax.TokenOParen || tokens[0].Type == hclsyntax.TokenNewline || tokens[0].Type == hclsyntax.TokenComment) {
		tokens = tokens[1:]
	}
	if len(tokens) == 0 || depth > 8 {
		return ""
	}
	if tokens[0].Type == hclsyntax.TokenOBrack && len(tokens) > 3 && string(tokens[1].Bytes) == "for" {
		l := loop{}
		for i, t := range tokens {
			if t.Type == hclsyntax.TokenColon {
				l.variable, l.over = string(tokens[2].Bytes), afterIn(tokens[2:i])
				if i+1 < len(tokens) && string(tokens[i+1].Bytes) == l.variable && (i+2 >= len(tokens) || tokens[i+2].Type != hclsyntax.TokenDot) {
					return c.kind(s, l.over, depth+1)
				}
				return ""
			}
		}
		return ""
	}
	path := string(tokens[0].Bytes)
	if tokens[0].Type != hclsyntax.TokenIdent {
		return ""
	}
	if len(tokens) > 1 && tokens[1].Type == hclsyntax.TokenOParen {
		for _, f := range s.Functions {
			if f.Name == path && f.Kind != "" {
				return f.Kind
			}
		}
		if path == "concat" || path == "distinct" || path == "flatten" {
			return c.kind(s, tokens[2:], depth+1)
		}
		return ""
	}
	if len(tokens) > 2 && tokens[1].Type == hclsyntax.TokenDot {
		path += "." + string(tokens[2].Bytes)
	}
	if local, ok := strings.CutPrefix(path, "local."); ok {
		if a := c.doc.index.local(local); a != nil {
			return c.kind(s, a.value, depth+1)
		}
		return ""
	}
	for _, n := range s.Names {
		if n.Path == path {
			return n.Kind
		}
	}
	return ""
}

// variable returns the kind of a loop's variable; ok is false where no loop
// has it.
func (c cursor) variable(s policy.Schema, name string) (kind string, ok bool) {
	for i := len(c.loops) - 1; i >= 0; i-- {
		if c.loops[i].variable == name {
			inner := c
			inner.loops = c.loops[:i]
			return inner.kind(s, c.loops[i].over, 0), true
		}
	}
	return "", false
}

// takesRole reports whether the text at the cursor names a role.
func (c cursor) takesRole(s policy.Schema) bool {
	if c.arg == nil {
		return len(c.header) > 0 && string(c.header[0].Bytes) == "require"
	}
	switch {
	case c.call == "author_in", c.call == "label" && c.callAt == 1:
		return true
	case c.call != "" || c.block == nil:
		return false
	}
	b, _ := s.Block(c.block.name)
	a, ok := b.Argument(c.arg.name)
	return ok && (a.Shape == "role" || a.Shape == "list of roles")
}
