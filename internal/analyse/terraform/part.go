package terraform

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// A file is parsed in parts, each of which ends with the line that closes a
// block: most of them stand in both versions, and need be read once.
//
// That is exact. A part that parses without an error, and whose last block
// closes with the part's last line, leaves HCL's scanner and parser where they
// began, so that the parse of the file is that of its parts, one after the
// other. A file with a part of which this cannot be said is parsed as a whole.
const maxParts = 20_000

// part is what was read of one. Nothing changes it once it is made.
type part struct {
	body   body
	closed bool // its last line closes its last block
	fault  bool // it does not parse
}

// Memory keeps what was read of parts of files, so that what stays the same,
// in another version, file or change, is read once. It changes no result. The
// zero Memory is ready, and safe for concurrent use.
type Memory struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]*part
	size       int // bytes of the sources behind young
}

// maxKept is how many bytes of source each half of a memory stands for; its
// own size is a small multiple of that.
const maxKept = 2 << 20

func (m *Memory) part(src []byte) *part {
	key := sha256.Sum256(src)
	m.mu.Lock()
	p, old := m.young[key], m.old[key]
	m.mu.Unlock()
	switch {
	case p != nil:
		return p
	case old != nil:
		p = old
	default:
		p = parsePart(src)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young == nil || m.size > maxKept {
		m.young, m.old, m.size = map[[sha256.Size]byte]*part{}, m.young, 0
	}
	m.young[key] = p
	m.size += len(src)
	return p
}

func parsePart(src []byte) *part {
	if bound(src) != "" {
		return &part{fault: true}
	}
	f, diags := hclsyntax.ParseConfig(src, "", hcl.InitialPos)
	if diags.HasErrors() {
		return &part{fault: true}
	}
	s := f.Body.(*hclsyntax.Body)
	var r reader
	p := &part{body: r.body(s)}
	if n := len(s.Blocks); n > 0 {
		p.closed = s.Blocks[n-1].CloseBraceRange.End.Byte == len(bytes.TrimRight(src, "\r\n"))
	}
	p.fault = r.why != ""
	return p
}

// inParts reads a file part by part; false where it must be read as a whole.
func (m *Memory) inParts(src []byte) (*body, bool) {
	parts := split(src)
	if len(parts) < 2 {
		return nil, false
	}
	var whole body
	for i, text := range parts {
		p := m.part(text)
		if p.fault || !p.closed && i < len(parts)-1 {
			return nil, false
		}
		whole.args = append(whole.args, p.body.args...)
		whole.blocks = append(whole.blocks, p.body.blocks...)
	}
	byName := func(x, y argument) int { return strings.Compare(x.name, y.name) }
	slices.SortFunc(whole.args, byName)
	for i := range whole.args {
		if i > 0 && whole.args[i].name == whole.args[i-1].name {
			return nil, false // which HCL calls an error
		}
	}
	return &whole, true
}

// split cuts a source after each line that is nothing but a closing brace;
// nil where it is not to be cut.
func split(src []byte) [][]byte {
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
		if len(line) > 0 && line[0] == '}' && (len(line) == 1 || len(line) == 2 && line[1] == '\r') {
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
