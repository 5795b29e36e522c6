package adopt

import (
	"iter"
	"slices"
	"strings"
)

// condition is what an expression can say of a condition of another tool:
// where it may hold, and where it may not. Both are in force where it cannot
// be told, so that whatever follows from either is required.
type condition struct {
	may    string // "true" always, "false" never
	mayNot string
}

const (
	yes = "true"
	no  = "false"
)

var (
	certain = condition{yes, no}
	never   = condition{no, yes}
	untold  = condition{yes, yes}
)

// told is a condition that can be told.
func told(expression string) condition {
	switch expression {
	case yes:
		return certain
	case no:
		return never
	}
	return condition{expression, not(expression)}
}

func (c condition) and(d condition) condition {
	if c.exact() && d.exact() {
		return told(allOf([]string{c.may, d.may}))
	}
	return condition{allOf([]string{c.may, d.may}), anyOf([]string{c.mayNot, d.mayNot})}
}

func (c condition) or(d condition) condition {
	if c.exact() && d.exact() {
		return told(anyOf([]string{c.may, d.may}))
	}
	return condition{anyOf([]string{c.may, d.may}), allOf([]string{c.mayNot, d.mayNot})}
}

// exact reports whether the condition can be told.
func (c condition) exact() bool { return c == told(c.may) }

func not(e string) string {
	switch {
	case e == yes:
		return no
	case e == no:
		return yes
	case strings.HasSuffix(e, " == 0") && !strings.ContainsAny(e, "&|"):
		return strings.TrimSuffix(e, " == 0") + " > 0"
	case strings.HasSuffix(e, " > 0") && strings.HasPrefix(e, "length(") && single(e):
		return strings.TrimSuffix(e, " > 0") + " == 0"
	case single(e) && strings.Count(outside(e), " == ") == 1 && !strings.Contains(e[:strings.Index(e, " == ")], "\""):
		return strings.Replace(e, " == ", " != ", 1)
	case strings.HasPrefix(e, "!") && simple(e[1:]):
		return e[1:]
	case simple(e):
		return "!" + e
	}
	return "!(" + e + ")"
}

// simple reports whether ! may stand before e as it is: a name or a call.
func simple(e string) bool { return single(e) && !strings.ContainsAny(outside(e), " !") }

// single reports whether e is no && or ||.
func single(e string) bool { return !strings.ContainsAny(outside(e), "&|") }

// outside is e less what stands in brackets and quotes.
func outside(e string) string {
	var b strings.Builder
	for i := range bare(e) {
		b.WriteByte(e[i])
	}
	return b.String()
}

// bare yields where the bytes of e are that stand in no brackets and quotes.
func bare(e string) iter.Seq[int] {
	return func(yield func(int) bool) {
		depth, quoted := 0, false
		for i := 0; i < len(e); i++ {
			switch c := e[i]; {
			case c == '\\' && quoted:
				i++
			case c == '"':
				quoted = !quoted
			case quoted:
			case strings.IndexByte("([{", c) >= 0:
				depth++
			case strings.IndexByte(")]}", c) >= 0:
				depth--
			case depth == 0 && !yield(i):
				return
			}
		}
	}
}

func anyOf(list []string) string { return joined(list, " || ", no, yes) }

func allOf(list []string) string { return joined(list, " && ", yes, no) }

// joined joins conditions, of which none decides nothing and one decides all.
func joined(list []string, op, none, all string) string {
	var out []string
	for _, e := range list {
		switch {
		case e == all:
			return all
		case e == none || slices.Contains(out, e):
			continue
		}
		out = append(out, e)
	}
	switch len(out) {
	case 0:
		return none
	case 1:
		return out[0]
	}
	for i, e := range out {
		o := outside(e)
		if other := map[string]string{" || ": "&&", " && ": "||"}[op]; strings.Contains(o, other) || strings.Contains(o, "?") {
			out[i] = "(" + e + ")"
		}
	}
	return strings.Join(out, op)
}
