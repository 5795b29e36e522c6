package lsp

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// index is what stands in a document, found token by token, so that a file
// that does not parse yet has one too.
type index struct {
	text   string
	blocks []*blockAt // in their order, inner ones after their outer ones
}

// blockAt is a block and where it stands. Places are bytes.
type blockAt struct {
	name, label          string
	start, end           int // from its name to after its closing brace
	nameEnd              int
	labelStart, labelEnd int // inside the quotes
	depth                int
	outer                *blockAt
	args                 []*argumentAt
}

type argumentAt struct {
	name       string
	start, end int // of the name
	value      hclsyntax.Tokens
}

// valueText is an argument's value as it is written.
func (x *index) valueText(a *argumentAt) string {
	if len(a.value) == 0 {
		return ""
	}
	return strings.TrimSpace(x.text[a.value[0].Range.Start.Byte:a.value[len(a.value)-1].Range.End.Byte])
}

func newIndex(text string, tokens hclsyntax.Tokens) *index {
	x := &index{text: text}
	s := scanner{text: text}
	for _, t := range tokens {
		s.read(t)
	}
	for _, b := range s.open() {
		b.end = len(text)
	}
	x.blocks = s.blocks
	return x
}

// top are the blocks of that name that stand in no other.
func (x *index) top(name string) (out []*blockAt) {
	for _, b := range x.blocks {
		if b.name == name && b.depth == 0 {
			out = append(out, b)
		}
	}
	return out
}

// find returns the block of that name and label; nil where there is none.
func (x *index) find(name, label string) *blockAt {
	for _, b := range x.top(name) {
		if b.label == label {
			return b
		}
	}
	return nil
}

// local returns the definition of local.NAME.
func (x *index) local(name string) *argumentAt {
	for _, b := range x.top("locals") {
		if a := b.argument(name); a != nil {
			return a
		}
	}
	return nil
}

func (b *blockAt) argument(name string) *argumentAt {
	for _, a := range b.args {
		if a.name == name {
			return a
		}
	}
	return nil
}

// scanner goes through tokens and knows where it is.
type scanner struct {
	text   string
	blocks []*blockAt
	frames []frame
	header hclsyntax.Tokens // of the statement that is being read, up to = or {
	value  *argumentAt      // the argument whose value is being read
}

// frame is something that is open.
type frame struct {
	open  hclsyntax.TokenType
	block *blockAt // of a block's brace
	call  string   // of a call's bracket
	arg   int      // how many commas stand in the bracket
}

func (s *scanner) top() *frame {
	if len(s.frames) == 0 {
		return nil
	}
	return &s.frames[len(s.frames)-1]
}

// inBlock returns the innermost block that is open; nil for the file itself.
func (s *scanner) inBlock() *blockAt {
	for i := len(s.frames) - 1; i >= 0; i-- {
		if s.frames[i].block != nil {
			return s.frames[i].block
		}
	}
	return nil
}

func (s *scanner) open() (out []*blockAt) {
	for _, f := range s.frames {
		if f.block != nil {
			out = append(out, f.block)
		}
	}
	return out
}

// between reports whether a statement starts or goes on here, rather than a
// value.
func (s *scanner) between() bool {
	f := s.top()
	return s.value == nil && (f == nil || f.block != nil)
}

func (s *scanner) read(t hclsyntax.Token) {
	if s.value != nil && t.Type != hclsyntax.TokenEOF {
		if f := s.top(); t.Type == hclsyntax.TokenNewline && (f == nil || f.block != nil) || t.Type == hclsyntax.TokenCBrace && f != nil && f.block != nil {
			s.value, s.header = nil, nil
		} else if t.Type != hclsyntax.TokenComment {
			s.value.value = append(s.value.value, t)
		}
	}
	switch t.Type {
	case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		if s.between() {
			s.header = nil
		}
		return
	case hclsyntax.TokenEqual:
		if s.between() && len(s.header) > 0 {
			h := s.header[0]
			s.value = &argumentAt{name: string(h.Bytes), start: h.Range.Start.Byte, end: h.Range.End.Byte}
			if b := s.inBlock(); b != nil {
				b.args = append(b.args, s.value)
			}
			return
		}
	case hclsyntax.TokenOBrace:
		if s.between() {
			s.openBlock(t)
			return
		}
		s.frames = append(s.frames, frame{open: t.Type})
		return
	case hclsyntax.TokenOParen:
		s.frames = append(s.frames, frame{open: t.Type, call: s.lastIdentifier(t)})
		return
	case hclsyntax.TokenOBrack, hclsyntax.TokenTemplateInterp, hclsyntax.TokenOQuote:
		s.frames = append(s.frames, frame{open: t.Type})
		if t.Type == hclsyntax.TokenOQuote && s.value == nil {
			s.header = append(s.header, t)
		}
		return
	case hclsyntax.TokenCBrace, hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote:
		if f := s.top(); f != nil {
			if f.block != nil {
				f.block.end = t.Range.End.Byte
				s.header = nil
			}
			s.frames = s.frames[:len(s.frames)-1]
		}
		return
	case hclsyntax.TokenComma:
		if f := s.top(); f != nil {
			f.arg++
		}
	}
	if s.value == nil {
		s.header = append(s.header, t)
	}
}

// lastIdentifier returns the name that stands before an opening bracket.
func (s *scanner) lastIdentifier(t hclsyntax.Token) string {
	if s.value == nil || len(s.value.value) < 2 {
		return ""
	}
	before := s.value.value[len(s.value.value)-2] // the last is t itself
	if before.Type == hclsyntax.TokenIdent && before.Range.End.Byte == t.Range.Start.Byte {
		return string(before.Bytes)
	}
	return ""
}

func (s *scanner) openBlock(t hclsyntax.Token) {
	b := &blockAt{outer: s.inBlock(), end: t.Range.End.Byte, start: t.Range.Start.Byte}
	for _, f := range s.frames {
		if f.block != nil {
			b.depth++
		}
	}
	for _, h := range s.header {
		switch {
		case b.name == "" && h.Type == hclsyntax.TokenIdent:
			b.name, b.start, b.nameEnd = string(h.Bytes), h.Range.Start.Byte, h.Range.End.Byte
		case h.Type == hclsyntax.TokenQuotedLit:
			b.label, b.labelStart, b.labelEnd = string(h.Bytes), h.Range.Start.Byte, h.Range.End.Byte
		}
	}
	s.blocks = append(s.blocks, b)
	s.frames = append(s.frames, frame{open: t.Type, block: b})
	s.header = nil
}
