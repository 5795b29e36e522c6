package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxQuoted is how many characters of one text from outside are shown.
const maxQuoted = 300

// code shows text from outside as a Markdown code span, in which nothing is a
// link, a mention or HTML, and which a table's cell can hold.
func code(s string) string {
	s = clean(s)
	if s == "" {
		return "*(empty)*"
	}
	fence := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	// A table takes a pipe for a cell's end even in code, unless escaped;
	// outside tables the backslash would show, so another character stands in.
	return fence + strings.ReplaceAll(s, "|", "¦") + fence
}

func longestRun(s string, of rune) int {
	longest, run := 0, 0
	for _, r := range s {
		if r == of {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// clean makes text from outside one short line of visible characters.
func clean(s string) string { return strings.TrimSpace(visible(s, maxQuoted)) }

// visible makes text from outside one line of at most n characters, in which
// what controls the terminal or the direction of writing, and what cannot be
// seen, is replaced by a mark.
func visible(s string, n int) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if n--; n < 0 {
			b.WriteString("…")
			break
		}
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteRune(' ')
		case r != ' ' && (unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r >= 0xE0000):
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// person shows a login, as code: GitHub makes a mention of any other.
func person(login string) string {
	if login == "" {
		return "somebody without an account"
	}
	return code("@" + login)
}

// cut shortens s to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
