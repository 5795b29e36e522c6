package terraform

import (
	"bytes"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/rolecall/rolecall/policy/fact"
)

// Words by which comments speak to tools that check Terraform: those without a
// colon and, as few comments hold one at all, those with it.
var (
	markers      = []string{"tflint-ignore", "nosec", "nosemgrep", "kics-scan", "infracost-", "opa-ignore"}
	colonMarkers = []string{"tfsec:", "checkov:", "trivy:", "bridgecrew:", "#ts:skip", "snyk:", "regula:"}
)

// turned reports whether a text can show in another order than it is read.
func turned(src []byte) bool {
	for i, c := range src {
		if c == 0xE2 || c == 0xD8 { // which all such characters begin with
			if r, _ := utf8.DecodeRune(src[i:]); unicode.Is(unicode.Bidi_Control, r) {
				return true
			}
		}
	}
	return false
}

// mark notes what the comments of a file's two versions say to checking tools.
// Text that can show in another order than it is read is one with them.
func (a *analysis) mark(f fact.File, was, is version) {
	if !bytes.Equal(was.bytes, is.bytes) {
		a.marks = append(a.marks, mark{f.Path, was.signs(), is.signs()})
	}
	if was.absent || is.absent {
		return
	}
	if !bytes.Equal(was.bytes, is.bytes) && turned(is.bytes) {
		a.sign(f.Path)
	}
}

// mark is what the comments of one file say to checking tools.
type mark struct {
	path    string
	was, is []string
}

func (a *analysis) sign(path string) {
	if !slices.Contains(a.signs, path) {
		a.signs = append(a.signs, path)
		a.touched[path] = true
	}
}

// compareSigns finds the files in which a comment to a checking tool comes,
// goes or gets another place. One that moves with what it is about does not.
func (a *analysis) compareSigns() {
	count := map[string]int{}
	for _, m := range a.marks {
		for _, s := range m.was {
			count[s]--
		}
		for _, s := range m.is {
			count[s]++
		}
	}
	for _, m := range a.marks {
		if slices.ContainsFunc(m.was, func(s string) bool { return count[s] < 0 }) ||
			slices.ContainsFunc(m.is, func(s string) bool { return count[s] > 0 }) {
			a.sign(m.path)
		}
	}
}

func (v version) signs() []string {
	if v.silent {
		return nil
	}
	return signs(v.bytes)
}

// signs lists the lines with a marker, each with the line that opens what it
// stands in and the next line of code, which are what tools read it to be
// about. Blanks are left out, and so are the places of blocks.
func signs(src []byte) []string {
	if !marked(src) {
		return nil
	}
	var all []string
	var opening, open []byte // the last line at the margin; the marked lines that wait for code
	for line := range bytes.Lines(src) {
		text := squash(line)
		if len(text) == 0 {
			continue
		}
		comment := text[0] == '#' || bytes.HasPrefix(text, []byte("//")) || bytes.HasPrefix(text, []byte("/*")) || text[0] == '*'
		if !comment && len(open) > 0 {
			all = append(all, string(open)+string(text))
			open = nil
		}
		if marked(line) {
			open = append(append(append(open, opening...), '\n'), append(text, '\n')...)
		}
		if !comment && line[0] != ' ' && line[0] != '\t' {
			opening = text
		}
	}
	if len(open) > 0 {
		all = append(all, string(open))
	}
	return all
}

// marked reports whether a comment of the text holds a marker; text that only
// looks like a comment counts as one.
func marked(src []byte) bool {
	if bytes.Contains(src, []byte("/*")) {
		return hasMarker(src) // it may go on over lines
	}
	for _, sign := range []string{"#", "//"} {
		for rest := src; ; {
			i := bytes.Index(rest, []byte(sign))
			if i < 0 {
				break
			}
			comment := rest[i:]
			if end := bytes.IndexByte(comment, '\n'); end >= 0 {
				comment = comment[:end]
			}
			if hasMarker(comment) {
				return true
			}
			rest = rest[i+len(comment):]
		}
	}
	return false
}

func hasMarker(text []byte) bool {
	lower := bytes.ToLower(text)
	holds := func(m string) bool { return bytes.Contains(lower, []byte(m)) }
	return slices.ContainsFunc(markers, holds) || bytes.IndexByte(lower, ':') >= 0 && slices.ContainsFunc(colonMarkers, holds)
}

// squash leaves blanks out of a line.
func squash(line []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, line)
}
