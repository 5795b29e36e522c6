package analyse

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
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
	return name{raw: raw, folded: fold(raw), trick: trick(raw)}
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
	for _, r := range raw {
		switch {
		case r >= ' ' && r < utf8.RuneSelf && r != '\\' && r != 0x7F:
		case r == '\\':
			return "its path has a backslash"
		case unicode.IsControl(r):
			return "its path has a control character"
		case unicode.Is(unicode.Bidi_Control, r):
			return "its path has a control of writing direction"
		case unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point):
			return "its path has an invisible character"
		}
	}
	return ""
}

// fold returns the path as a file system that ignores case, width, accents'
// encoding, trailing dots and spaces, and streams could read it.
func fold(raw string) string {
	if plain(raw) {
		return raw
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, norm.NFKC.String(raw))
	s = norm.NFKC.String(strings.ToLower(s))
	elements := strings.Split(s, "/")
	for i, e := range elements {
		e, _, _ = strings.Cut(e, ":") // NTFS reads "main.tf::$DATA" as main.tf
		if e != "." && e != ".." {
			e = strings.TrimSpace(strings.TrimRight(e, ". "))
		}
		elements[i] = e
	}
	return strings.TrimPrefix(path.Clean("/"+strings.Join(elements, "/")), "/")
}

// plain reports whether fold would leave the path as it is, for the paths
// that nearly every change is made of.
func plain(raw string) bool {
	last := byte('/')
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '-':
		case c == '.':
			if i+1 == len(raw) || raw[i+1] == '/' {
				return false
			}
		case c == '/':
			if last == '/' {
				return false
			}
		default:
			return false
		}
		last = c
	}
	return last != '/'
}
