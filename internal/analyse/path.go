package analyse

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rolecall/rolecall/policy/fact"
)

// name is a path as the analyses see it: as written, and as the most
// forgiving file system or tool could read it.
type name struct {
	raw    string
	folded string
	// trick says why the path could be read as anything at all, in words that
	// fit after "because"; "" for a path that is only what it looks like.
	trick string
}

func readName(raw string) name {
	return name{raw: raw, folded: fact.FoldPath(raw), trick: trick(raw)}
}

// trick says what makes a path one that no two tools need read alike.
func trick(raw string) string {
	if !utf8.ValidString(raw) {
		return "its path is not UTF-8"
	}
	if strings.HasPrefix(raw, "/") {
		return "its path is absolute"
	}
	for _, element := range strings.Split(raw, "/") {
		if element == "" || element == "." || element == ".." {
			return "its path has an element that names no file"
		}
	}
	if strings.Contains(fact.FoldPath(raw), fact.Anything) {
		return "its path has a short name of Windows, which stands for another"
	}
	for _, r := range raw {
		switch {
		case r >= ' ' && r < utf8.RuneSelf && r != '\\' && r != 0x7F:
		case r == '\\':
			return "its path has a backslash"
		case unicode.IsControl(r):
			return "its path has a control character"
		case unicode.Is(unicode.Bidi_Control, r):
			return "its path has a control of writing direction"
		case fact.Invisible(r):
			return "its path has an invisible character"
		}
	}
	return ""
}
