package terraform

import (
	"bytes"
	"crypto/sha256"
	"github.com/rolecall/rolecall/internal/analyse/recent"
	"regexp"
	"slices"
	"strings"
)

// A file is parsed in parts, each of which ends with the line that closes a
// block: most of them stand in both versions, and need be read once. So is what
// stands inside a large block.
//
// That is exact. A part that parses without an error has closed every bracket,
// text and comment that it opened, and a line's end closes its last argument or
// block: it leaves HCL's scanner and parser where they began, so that the parse
// of the file is that of its parts, one after the other. A file with a part of
// which this cannot be said is parsed as a whole.
const maxParts = 20_000

// large is how many bytes a block has whose inside is parsed in parts.
const large = 4 << 10

// part is what was read of one. Nothing changes it once it is made.
type part struct {
	body   body
	closed bool   // it ends with a line
	why    string // it cannot be read
}

// Memory keeps what was read of parts of files, so that what stays the same,
// in another version, file or change, is read once. It changes no result. The
// zero Memory is ready, and safe for concurrent use.
type Memory struct {
	parts recent.Cache[[sha256.Size]byte, *part]
}

// maxKept is how many bytes of source each half of a memory stands for; its
// own size is a small multiple of that.
const maxKept = 2 << 20

func (m *Memory) part(src []byte) *part {
	key := sha256.Sum256(src)
	p, ok := m.parts.Get(key)
	if !ok {
		if p, ok = m.block(src); !ok {
			p = parse(src)
		}
		m.parts.Put(key, p, len(src), maxKept)
	}
	return p
}

// inParts reads a text part by part, each of which ends with a line of the
// given closing brace; false where it must be read as a whole.
func (m *Memory) inParts(src []byte, brace string) (*part, bool) {
	parts := split(src, brace)
	if len(parts) < 2 {
		return nil, false
	}
	whole := &part{}
	for i, text := range parts {
		p := m.part(text)
		if p.why != "" || !p.closed && i < len(parts)-1 {
			return nil, false
		}
		whole.closed = p.closed
		whole.body.speaks = whole.body.speaks || p.body.speaks
		whole.body.args = append(whole.body.args, p.body.args...)
		whole.body.blocks = append(whole.body.blocks, p.body.blocks...)
	}
	byName := func(x, y argument) int { return strings.Compare(x.name, y.name) }
	args := whole.body.args
	slices.SortFunc(args, byName)
	for i := range args {
		if i > 0 && args[i].name == args[i-1].name {
			return nil, false // which HCL calls an error
		}
	}
	return whole, true
}

// opening is the line that opens a block at the margin, as terraform fmt
// writes it.
var opening = regexp.MustCompile(`(?m)^([a-z_]+)((?: "[A-Za-z0-9_-]+")*) \{\r?\n`)

// block reads a large block, which ends its source, by what stands before it
// and inside it; false where it must be read as a whole.
func (m *Memory) block(src []byte) (*part, bool) {
	if len(src) < large || !bytes.HasSuffix(src, []byte("\n}\n")) && !bytes.HasSuffix(src, []byte("\n}\r\n")) {
		return nil, false
	}
	at := opening.FindSubmatchIndex(src)
	if at == nil {
		return nil, false
	}
	end := bytes.LastIndex(src, []byte("\n}")) + 1
	if end < at[1] {
		return nil, false
	}
	inside, ok := m.inParts(src[at[1]:end], "  }")
	if !ok || !inside.closed {
		return nil, false
	}
	whole := &part{closed: true}
	if at[0] > 0 {
		before := m.part(src[:at[0]])
		if before.why != "" || !before.closed {
			return nil, false
		}
		whole.body = body{args: slices.Clone(before.body.args), blocks: slices.Clone(before.body.blocks), speaks: before.body.speaks}
	}
	b := &block{kind: string(src[at[2]:at[3]]), body: inside.body}
	for label := range strings.FieldsSeq(string(src[at[4]:at[5]])) {
		b.labels = append(b.labels, label[1:len(label)-1])
	}
	b.seal()
	whole.body.blocks = append(whole.body.blocks, b)
	// A word in the opening line is no comment.
	whole.body.speaks = whole.body.speaks || inside.body.speaks
	return whole, true
}

// split cuts a source after each line that is nothing but the given closing
// brace; nil where it is not to be cut.
func split(src []byte, brace string) [][]byte {
	var parts [][]byte
	heredocs := 0 // an upper bound of the parser's work on them
	cut := func(end int) {
		part := src[:end]
		if bytes.Contains(part, []byte("<<")) {
			heredocs += len(part) * bytes.Count(part, []byte("\n"))
		}
		parts, src = append(parts, part), src[end:]
	}
	for at := 0; at < len(src); {
		if bytes.HasPrefix(src, []byte("\xEF\xBB\xBF")) {
			return nil // HCL passes over a byte order mark at the start alone
		}
		end := bytes.IndexByte(src[at:], '\n')
		if end < 0 {
			break
		}
		line := src[at : at+end]
		at += end + 1
		if rest, ok := bytes.CutPrefix(line, []byte(brace)); ok && (len(rest) == 0 || len(rest) == 1 && rest[0] == '\r') {
			cut(at)
			at = 0
		}
	}
	if len(src) > 0 {
		cut(len(src))
	}
	if len(parts) > maxParts || heredocs > maxHeredoc {
		return nil
	}
	return parts
}
