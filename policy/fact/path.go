package fact

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// FoldPath returns the one form in which paths are compared with patterns and
// names: as the most forgiving file system could read it, which ignores case,
// width, the encoding of accents, invisible characters, trailing dots and
// spaces, and streams. A path is kept as it is written beside it.
func FoldPath(raw string) string {
	if plain(raw) {
		return raw
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case unicode.IsControl(r), Invisible(r):
			return -1
		}
		return r
	}, norm.NFKC.String(raw))
	s = FoldText(s)
	elements := strings.Split(s, "/")
	for i, e := range elements {
		e, _, _ = strings.Cut(e, ":") // NTFS reads "main.tf::$DATA" as main.tf
		if e != "." && e != ".." {
			e = strings.TrimSpace(strings.TrimRight(e, ". "))
		}
		if shortName.MatchString(e) {
			e = Anything
		}
		elements[i] = e
	}
	return strings.TrimPrefix(path.Clean("/"+strings.Join(elements, "/")), "/")
}

// Invisible reports whether a character shows nothing, or breaks a line.
func Invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// plain reports whether FoldPath would leave the path as it is, for the paths
// that nearly every change is made of.
func plain(raw string) bool {
	last := byte('/')
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c <= ' ', c >= utf8.RuneSelf-1, c >= 'A' && c <= 'Z', c == '\\', c == ':', c == '~':
			return false
		case c == '.':
			if i+1 == len(raw) || raw[i+1] == '/' {
				return false
			}
		case c == '/':
			if last == '/' {
				return false
			}
		}
		last = c
	}
	return last != '/'
}
