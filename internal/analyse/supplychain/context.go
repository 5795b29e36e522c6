package supplychain

import (
	"iter"
	"strings"
)

// mentions finds where an expression names a context, such as "github", and
// what follows the name.
func mentions(expr, context string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for at := 0; ; {
			i := strings.Index(expr[at:], context)
			if i < 0 {
				return
			}
			start := at + i
			at = start + len(context)
			switch {
			case start > 0 && (nameByte(expr[start-1]) || expr[start-1] == '.'):
				// a key, or the end of a longer name
			case at < len(expr) && nameByte(expr[at]):
				// the start of a longer name
			case !yield(start, expr[at:]):
				return
			}
		}
	}
}

// maxKey is how far a computed key is read, and maxKeys how many keys are.
const maxKey, maxKeys = 200, 10

// keysAt reads the keys that follow a context's name, by dots and brackets; one
// that is computed, or stands for all, is "*".
func keysAt(s string) []string {
	var keys []string
	for len(keys) < maxKeys {
		s = strings.TrimLeft(s, blanks)
		switch {
		case strings.HasPrefix(s, "."):
			s = strings.TrimLeft(s[1:], blanks)
			n := 0
			for n < len(s) && nameByte(s[n]) {
				n++
			}
			if n == 0 {
				s = strings.TrimPrefix(s, "*")
				keys = append(keys, "*")
				continue
			}
			keys, s = append(keys, s[:n]), s[n:]
		case strings.HasPrefix(s, "["):
			if key, rest, ok := quotedKey(s[1:]); ok {
				keys, s = append(keys, key), rest
				continue
			}
			keys = append(keys, "*")
			inner, _, closed := strings.Cut(s[1:min(len(s), maxKey)], "]")
			if !closed {
				return keys
			}
			s = s[len("[")+len(inner)+len("]"):]
		default:
			return keys
		}
	}
	return append(keys, "*")
}

// quotedKey reads a key in quotes, and the bracket behind it.
func quotedKey(s string) (key, rest string, ok bool) {
	s, ok = strings.CutPrefix(strings.TrimLeft(s, blanks), "'")
	if !ok {
		return "", "", false
	}
	if key, rest, ok = strings.Cut(s, "'"); !ok {
		return "", "", false
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, blanks), "]")
	return key, rest, ok
}

const blanks = " \t\r\n"

func nameByte(c byte) bool { return c == '-' || wordByte(c) }

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
