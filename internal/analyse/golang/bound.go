package golang

import (
	"bytes"
	"go/token"
)

// The bounds of what is parsed. Real code stays far below them; they keep the
// parser's recursion, and ours over its tree, within a few megabytes of stack.
const (
	maxBytes = 1 << 20
	// maxBrackets is how deep brackets may nest.
	maxBrackets = 1000
	// maxChain bounds the depth of a syntax tree: at every open bracket the
	// tokens since the last separator, summed up.
	maxChain = 20_000
	// maxElse bounds the "else" between two brackets, each of which nests in
	// the one before it.
	maxElse = 5_000
	// maxObjects bounds the names that one file declares to other packages'
	// knowledge, each of which takes far more room than its source.
	maxObjects = 50_000
)

// bound returns why src is not parsed, "" where it is safe to.
//
// It reads no more of Go than brackets, strings and comments, exactly as the
// scanner does: each token that is not followed by a separator could nest the
// next one (a unary operator, a label, a left-leaning sum), so their count
// bounds the tree's depth. What it errs on, the parser's own limit of 100,000
// still holds.
func bound(src []byte) string {
	if len(src) > maxBytes {
		return "the file is larger than 1 MB"
	}
	type level struct{ run, elses int }
	var (
		stack []level
		at    level // run: tokens since the last separator at this level
		total int   // of run at all levels
		ends  bool  // a newline here would end a statement
	)
	for i := 0; i < len(src); {
		c := src[i]
		switch {
		case c == '\n':
			if ends {
				total -= at.run
				at.run, ends = 0, false
			}
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '/' && i+1 < len(src) && src[i+1] == '/':
			for i < len(src) && src[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(src) && src[i+1] == '*':
			end := bytes.Index(src[i+2:], []byte("*/"))
			if end < 0 {
				return "" // the parser will say so
			}
			// A comment with a line break in it acts like one.
			if ends && bytes.IndexByte(src[i:i+2+end], '\n') >= 0 {
				total -= at.run
				at.run, ends = 0, false
			}
			i += 2 + end + 2
		case c == '"' || c == '\'' || c == '`':
			i = skipString(src, i)
			at.run++
			total++
			ends = true
		case c == '(' || c == '[' || c == '{':
			at.run++
			total++
			stack = append(stack, at)
			at, ends = level{}, false
			if len(stack) > maxBrackets {
				return "the file nests more than 1,000 brackets"
			}
			i++
		case c == ')' || c == ']' || c == '}':
			total -= at.run
			at = level{}
			if n := len(stack); n > 0 {
				at = stack[n-1]
				stack = stack[:n-1]
			}
			ends = true
			i++
		case c == ';' || c == ',':
			total -= at.run
			at.run, ends = 0, false
			i++
		case word(c):
			start := i
			for i < len(src) && word(src[i]) {
				i++
			}
			at.run++
			total++
			ends = endsStatement(src[start:i])
			if string(src[start:i]) == "else" {
				if at.elses++; at.elses > maxElse {
					return "the file has more than 5,000 branches of one statement"
				}
			}
		case (c == '+' || c == '-') && i+1 < len(src) && src[i+1] == c:
			i += 2
			at.run++
			total++
			ends = true
		default:
			at.run++
			total++
			ends = false
			i++
		}
		if total > maxChain {
			return "the file has a statement of more than 20,000 tokens"
		}
	}
	return ""
}

// endsStatement reports whether a line break after the word ends a statement.
func endsStatement(w []byte) bool {
	switch string(w) {
	case "break", "continue", "fallthrough", "return":
		return true
	}
	return !token.IsKeyword(string(w))
}

func word(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// skipString returns the index after the string or rune literal at src[i].
func skipString(src []byte, i int) int {
	quote := src[i]
	for i++; i < len(src); i++ {
		switch {
		case src[i] == quote:
			return i + 1
		case quote == '`':
		case src[i] == '\\' && i+1 < len(src) && src[i+1] != '\n':
			i++
		case src[i] == '\n':
			return i // the scanner gives up on it here, too
		}
	}
	return i
}
