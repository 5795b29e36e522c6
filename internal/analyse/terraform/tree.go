package terraform

import (
	"bytes"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// body is what stands between a block's braces, whatever syntax it is in.
type body struct {
	args   []argument // sorted by name
	blocks []*block   // in the order of the source
	// speaks, of a whole file, is whether its text holds a word by which
	// comments speak to checking tools.
	speaks bool
}

// argument is one name and its expression.
type argument struct {
	name  string
	canon string // equal for two expressions only if they mean the same
	value value
}

// block is one block of a file.
type block struct {
	kind   string // "resource"
	labels []string
	body   body
	canon  string // of labels and body; computed once
}

func (b *body) arg(name string) *argument {
	i, ok := slices.BinarySearchFunc(b.args, name, func(a argument, n string) int { return strings.Compare(a.name, n) })
	if !ok {
		return nil
	}
	return &b.args[i]
}

// nested returns the blocks of a kind.
func (b *body) nested(kind string) []*block {
	var all []*block
	for _, n := range b.blocks {
		if n.kind == kind {
			all = append(all, n)
		}
	}
	return all
}

// parseHCL reads one version of a file in HCL's native syntax.
func (m *Memory) parseHCL(src []byte) (*body, string) {
	if why := text(src); why != "" {
		return nil, why
	}
	whole, ok := m.inParts(src, "}")
	if !ok {
		whole = m.part(src)
	}
	return &whole.body, whole.why
}

// parse reads a source as a whole.
func parse(src []byte) *part {
	if why := bound(src); why != "" {
		return &part{why: why}
	}
	f, diags := hclsyntax.ParseConfig(src, "", hcl.InitialPos)
	if diags.HasErrors() {
		if bytes.Contains(src, []byte("{%")) || bytes.Contains(src, []byte("{{")) {
			return &part{why: "the file does not parse: it looks like a template of a generator, which Terraform does not read"}
		}
		for _, d := range diags {
			if d.Severity == hcl.DiagError {
				return &part{why: "the file does not parse: " + strings.ToLower(d.Summary)}
			}
		}
	}
	var r reader
	p := &part{body: r.body(f.Body.(*hclsyntax.Body)), why: r.why, closed: bytes.HasSuffix(src, []byte("\n"))}
	p.body.speaks = hasMarker(src)
	return p
}

// reader turns a syntax tree into ours.
type reader struct {
	buf []byte
	why string // what it could not read
}

func (r *reader) body(s *hclsyntax.Body) body {
	b := body{args: make([]argument, 0, len(s.Attributes))}
	for name, a := range s.Attributes {
		r.buf = r.buf[:0]
		r.expression(a.Expr)
		b.args = append(b.args, argument{name: name, canon: string(r.buf), value: valueOf(a.Expr)})
	}
	slices.SortFunc(b.args, func(x, y argument) int { return strings.Compare(x.name, y.name) })
	if len(s.Blocks) > 0 {
		b.blocks = make([]*block, len(s.Blocks))
		for i, n := range s.Blocks {
			b.blocks[i] = &block{kind: n.Type, labels: n.Labels, body: r.body(n.Body)}
			b.blocks[i].seal()
		}
	}
	return b
}

// seal computes the canonical form of a block whose body is complete.
func (b *block) seal() {
	var buf []byte
	for _, l := range b.labels {
		buf = quote(buf, l)
	}
	b.canon = string(b.body.appendCanon(append(buf, '{')))
}

// appendCanon writes arguments by their names, and blocks by their types: the
// order of blocks of one type may matter, that of types does not. A dynamic
// block makes blocks of its label's type.
func (b *body) appendCanon(buf []byte) []byte {
	for _, a := range b.args {
		buf = append(quote(buf, a.name), '=') // in JSON a name is any text
		buf = append(buf, a.canon...)
		buf = append(buf, '\n')
	}
	blocks := b.blocks
	byKind := func(x, y *block) int { return strings.Compare(x.group(), y.group()) }
	if !slices.IsSortedFunc(blocks, byKind) {
		blocks = slices.Clone(blocks)
		slices.SortStableFunc(blocks, byKind)
	}
	for _, n := range blocks {
		buf = append(buf, n.kind...)
		buf = append(buf, ' ')
		buf = append(buf, n.canon...)
	}
	return append(buf, '}')
}

func (b *block) group() string {
	if b.kind == "dynamic" && len(b.labels) == 1 {
		return b.labels[0]
	}
	return b.kind
}
