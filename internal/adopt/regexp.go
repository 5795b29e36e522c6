package adopt

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// shape is what a regular expression comes to where it is a simple one: one of
// a few texts, at one of these places.
type shape struct {
	kind  shapeKind
	texts []string
	end   string // shapeAround: how it ends
}

type shapeKind int

const (
	shapeOther  shapeKind = iota
	shapeAll              // any text
	shapeEqual            // is one of texts
	shapeStart            // starts with one of texts
	shapeEnd              // ends with one of texts
	shapeAround           // starts with one of texts, ends with end
	shapeHolds            // holds one of texts
)

// shapeOf reads a regular expression of Go's.
func shapeOf(re string) shape {
	tree, err := syntax.Parse(re, syntax.Perl)
	if err != nil {
		return shape{}
	}
	for tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	parts := []*syntax.Regexp{tree}
	if tree.Op == syntax.OpConcat {
		parts = tree.Sub
	}
	start, end := false, false
	if len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		start, parts = true, parts[1:]
	}
	if n := len(parts); n > 0 && parts[n-1].Op == syntax.OpEndText {
		end, parts = true, parts[:n-1]
	}
	if len(parts) > 0 && anyText(parts[0]) { // .* at the start is no start at all
		start, parts = false, parts[1:]
	}
	if n := len(parts); n > 0 && anyText(parts[n-1]) {
		end, parts = false, parts[:n-1]
	}
	if len(parts) == 0 {
		if start && end {
			return shape{kind: shapeEqual, texts: []string{""}}
		}
		return shape{kind: shapeAll}
	}
	if texts := sequence(parts); texts != nil {
		if slices.Contains(texts, "") && (!start || !end) {
			return shape{kind: shapeAll}
		}
		return shape{kind: map[[2]bool]shapeKind{{true, true}: shapeEqual, {true, false}: shapeStart, {false, true}: shapeEnd, {false, false}: shapeHolds}[[2]bool{start, end}], texts: texts}
	}
	gap := slices.IndexFunc(parts, anyText)
	if !start || !end || gap < 1 || gap == len(parts)-1 {
		return shape{}
	}
	from, to := sequence(parts[:gap]), sequence(parts[gap+1:])
	if from == nil || len(to) != 1 {
		return shape{}
	}
	return shape{kind: shapeAround, texts: from, end: to[0]}
}

// sequence are the texts that a few parts one after the other match.
func sequence(parts []*syntax.Regexp) []string {
	return alternatives(&syntax.Regexp{Op: syntax.OpConcat, Sub: parts})
}

func anyText(re *syntax.Regexp) bool {
	if re.Op == syntax.OpCapture {
		return anyText(re.Sub[0])
	}
	return re.Op == syntax.OpStar && (re.Sub[0].Op == syntax.OpAnyCharNotNL || re.Sub[0].Op == syntax.OpAnyChar)
}

func literal(re *syntax.Regexp) (string, bool) {
	return string(re.Rune), re.Op == syntax.OpLiteral && re.Flags&syntax.FoldCase == 0
}

// alternatives are the texts of (a|b|c); the parser takes common starts out,
// so that they are put together again here.
func alternatives(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpCapture:
		return alternatives(re.Sub[0])
	case syntax.OpEmptyMatch:
		return []string{""}
	case syntax.OpLiteral:
		if text, ok := literal(re); ok {
			return []string{text}
		}
	case syntax.OpCharClass:
		var out []string
		for i := 0; i+1 < len(re.Rune); i += 2 {
			for r := re.Rune[i]; r <= re.Rune[i+1]; r++ {
				if out = append(out, string(r)); len(out) > 20 {
					return nil
				}
			}
		}
		return out
	case syntax.OpAlternate:
		var out []string
		for _, s := range re.Sub {
			more := alternatives(s)
			if more == nil {
				return nil
			}
			out = append(out, more...)
		}
		return out
	case syntax.OpQuest:
		if inner := alternatives(re.Sub[0]); inner != nil {
			return append(inner, "")
		}
	case syntax.OpConcat:
		out := []string{""}
		for _, s := range re.Sub {
			more := alternatives(s)
			if more == nil || len(out)*len(more) > 20 {
				return nil
			}
			var next []string
			for _, a := range out {
				for _, b := range more {
					next = append(next, a+b)
				}
			}
			out = next
		}
		return out
	}
	return nil
}

// maxExpressionText is the longest regular expression that a policy takes.
const maxExpressionText = 512

// textMatches is a condition on a text; ok is false where it has no equal.
func textMatches(subject, re string) (expression string, ok bool) {
	each := func(call string, texts []string) string {
		var parts []string
		for _, t := range texts {
			parts = append(parts, fmt.Sprintf("%s(%s, %s)", call, subject, quote(t)))
		}
		return anyOf(parts)
	}
	switch s := shapeOf(re); s.kind {
	case shapeAll:
		return yes, true
	case shapeEqual:
		if len(s.texts) > 1 {
			return "contains([" + quoteAll(s.texts) + "], " + subject + ")", true
		}
		return subject + " == " + quote(s.texts[0]), true
	case shapeStart:
		return each("startswith", s.texts), true
	case shapeEnd:
		return each("endswith", s.texts), true
	case shapeHolds:
		return each("strcontains", s.texts), true
	}
	re = named.ReplaceAllString(re, "(?:")
	if _, err := regexp.Compile(re); err != nil || len(re) > maxExpressionText {
		return "", false
	}
	return fmt.Sprintf("length(regexall(%s, %s)) > 0", quote(re), subject), true
}

// named are named groups, which a policy's regexall does not mix with others.
var named = regexp.MustCompile(`\(\?P?<[A-Za-z0-9_]+>`)

// globsOf are the patterns for paths that a regular expression comes to; nil
// where it comes to none.
func globsOf(re string) []string {
	anywhere := false
	for _, lead := range []string{"(^|/)", "(?:^|/)", "(^|.*/)", "^(.*/)?"} {
		if rest, ok := strings.CutPrefix(re, lead); ok {
			re, anywhere = "^"+rest, true
			break
		}
	}
	s := shapeOf(re)
	if s.kind == shapeAll && !anywhere {
		return []string{"**"}
	}
	var out []string
	for _, text := range s.texts {
		g := s.glob(text)
		if g == "" {
			return nil
		}
		if anywhere {
			switch s.kind {
			case shapeStart:
				g += "/*" // **/a/** would be a itself, too
			case shapeEqual, shapeAround:
			default:
				return nil
			}
			g = "**/" + g
		}
		out = append(out, g)
	}
	return out
}

func (s shape) glob(text string) string {
	last := func(text string) bool { return text != "" && !strings.Contains(text, "/") }
	switch {
	case !plainPath(text), !plainPath(s.end):
	case s.kind == shapeEqual && text != "" && !strings.HasSuffix(text, "/"):
		return text
	case s.kind == shapeStart && strings.HasSuffix(text, "/"):
		return text + "**"
	case s.kind == shapeEnd && last(text):
		return "**/*" + text
	case s.kind == shapeAround && strings.HasSuffix(text, "/") && last(s.end):
		return text + "**/*" + s.end
	}
	return ""
}

// plainPath reports whether a pattern takes a part of a path as it is.
func plainPath(text string) bool {
	return !strings.ContainsAny(text, "*?[]{}\\,!") && !strings.HasPrefix(text, "/") && !strings.Contains(text, "//") &&
		!slices.ContainsFunc(strings.Split(text, "/"), func(p string) bool { return p == "." || p == ".." })
}

// fileMatches is a condition on the file f: that one of the expressions
// matches its path. Where all of them come to globs, these are returned too;
// ok is false where one has no equal.
func fileMatches(res []string) (expression string, globs []string, ok bool) {
	var others []string
	for _, re := range res {
		if g := globsOf(re); g != nil {
			globs = append(globs, g...)
			continue
		}
		other, ok := textMatches("f.path", re)
		if !ok {
			return "", nil, false
		}
		others = append(others, other)
	}
	if len(globs) == 0 {
		return anyOf(others), nil, true
	}
	matches := "matches(f, " + argumentList(globs) + ")"
	if len(others) == 0 {
		return matches, globs, true
	}
	return anyOf(append([]string{matches}, others...)), nil, true
}

// argumentList writes texts as arguments, one a line where they are many.
func argumentList(list []string) string {
	if one := quoteAll(list); len(one) <= 70 {
		return one
	}
	var b strings.Builder
	b.WriteByte('\n')
	for _, s := range list {
		b.WriteString(quote(s) + ",\n")
	}
	return b.String()
}
