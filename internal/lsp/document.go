package lsp

import (
	"sort"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// document is a file as the editor shows it.
type document struct {
	uri     string
	version int
	text    string
	lines   []int // byte offsets at which lines start
	tokens  hclsyntax.Tokens
	index   *index
}

func newDocument(uri string, version int, text string) *document {
	d := &document{uri: uri, version: version, text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
	d.tokens, _ = hclsyntax.LexConfig([]byte(text), "", hcl.InitialPos)
	whole, _ := hclsyntax.LexConfig([]byte(mended(text)), "", hcl.InitialPos)
	d.index = newIndex(text, whole)
	return d
}

// mended closes nothing and moves nothing, but blanks out an unfinished text
// at the end of a line, which would swallow the lines that follow.
func mended(text string) string {
	lines := strings.SplitAfter(text, "\n")
	for n, line := range lines {
		quote := -1
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c == '\\' && quote >= 0:
				i++
			case c == '"' && quote >= 0:
				quote = -1
			case c == '"':
				quote = i
			case quote < 0 && (c == '#' || strings.HasPrefix(line[i:], "//")):
				i = len(line)
			}
		}
		if quote >= 0 {
			end := len(strings.TrimRight(line, "\r\n"))
			lines[n] = line[:quote] + strings.Repeat(" ", end-quote) + line[end:]
		}
	}
	return strings.Join(lines, "")
}

// offset returns the byte at a position, at most the end of its line.
func (d *document) offset(p position) int {
	if p.Line < 0 {
		return 0
	}
	if p.Line >= len(d.lines) {
		return len(d.text)
	}
	at, units := d.lines[p.Line], 0
	for at < len(d.text) && d.text[at] != '\n' && units < p.Character {
		r, n := utf8.DecodeRuneInString(d.text[at:])
		units += max(1, utf16.RuneLen(r))
		at += n
	}
	return at
}

// position returns where a byte is.
func (d *document) position(offset int) position {
	offset = min(max(offset, 0), len(d.text))
	line := sort.Search(len(d.lines), func(i int) bool { return d.lines[i] > offset }) - 1
	units := 0
	for _, r := range d.text[d.lines[line]:offset] {
		units += max(1, utf16.RuneLen(r))
	}
	return position{line, units}
}

func (d *document) span(from, to int) textRange {
	return textRange{d.position(from), d.position(to)}
}

// column returns the byte of a line and column as HCL counts them: from 1, in
// what people take for characters. They are the edges of tokens.
func (d *document) column(line, column int) int {
	if line < 1 || line > len(d.lines) {
		return 0
	}
	from := d.lines[line-1]
	best, bestColumn := from, 1
	for _, t := range d.tokens {
		for _, p := range []hcl.Pos{t.Range.Start, t.Range.End} {
			if p.Line == line && p.Column <= column && p.Column > bestColumn {
				best, bestColumn = p.Byte, p.Column
			}
		}
	}
	for bestColumn < column && best < len(d.text) && d.text[best] != '\n' {
		_, n := utf8.DecodeRuneInString(d.text[best:])
		best, bestColumn = best+n, bestColumn+1
	}
	return best
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// wordStart returns where the word that ends at offset starts; extra are signs
// that belong to words beside letters, digits and _.
func (d *document) wordStart(offset int, extra string) int {
	for offset > 0 && (wordByte(d.text[offset-1]) || strings.IndexByte(extra, d.text[offset-1]) >= 0) {
		offset--
	}
	return offset
}
