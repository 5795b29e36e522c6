package adopt

import (
	"slices"
	"strings"
)

// pattern is a pattern of CODEOWNERS as its parts between slashes, from the
// repository's root.
type pattern []part

// part is one part of a pattern. The zero part stands for any number of
// directories, none included, as ** does.
type part []sign

// sign is one character, or a wildcard: * for any of them, ? for one.
type sign struct {
	char rune
	wild bool
}

var (
	anyDirs  = part(nil)
	anything = part{{'*', true}}
)

// readPattern reads a pattern as GitHub does. It returns nil for one that
// matches no file.
func readPattern(text string) pattern {
	raw := strings.Split(text, "/")
	rooted := raw[0] == ""
	if rooted {
		raw = raw[1:]
	}
	below := len(raw) > 1 && raw[len(raw)-1] == ""
	if below {
		raw = raw[:len(raw)-1]
	}
	var out pattern
	for _, r := range raw {
		switch p := readPart(r); {
		case r == "**":
			if len(out) == 0 || out[len(out)-1] != nil {
				out = append(out, anyDirs)
			}
		case len(p) == 0 || p.plain() == "." || p.plain() == "..":
			return nil
		default:
			out = append(out, p)
		}
	}
	if len(out) == 1 && !rooted && out[0] != nil {
		out = pattern{anyDirs, out[0]}
	}
	switch last := out[len(out)-1]; {
	case last == nil:
		out = append(out, anything) // a/** is what is below a
	case below:
		out = append(out, anyDirs, anything)
	case !last.star():
		out = append(out, anyDirs) // a file, or a directory and all below it
	}
	return out
}

func readPart(s string) part {
	p := part{}
	escaped := false
	for _, c := range s {
		switch {
		case escaped:
			p = append(p, sign{c, false})
			escaped = false
		case c == '\\':
			escaped = true
		case c == '*' && len(p) > 0 && p[len(p)-1] == (sign{'*', true}):
		default:
			p = append(p, sign{c, c == '*' || c == '?'})
		}
	}
	return p
}

// text is a part as doublestar reads it.
func (p part) text() string {
	if p == nil {
		return "**"
	}
	var b strings.Builder
	for i, s := range p {
		if !s.wild && (strings.ContainsRune(`*?[]{}\,`, s.char) || i == 0 && s.char == '!') {
			b.WriteByte('\\')
		}
		b.WriteRune(s.char)
	}
	return b.String()
}

// plain is a part's text where it holds no wildcard, and else "".
func (p part) plain() string {
	var b strings.Builder
	for _, s := range p {
		if s.wild {
			return ""
		}
		b.WriteRune(s.char)
	}
	return b.String()
}

// globs are the patterns of rolecall that match the same files.
func (p pattern) globs() []string {
	if p.everything() {
		return []string{"**"}
	}
	n := len(p)
	switch {
	case p[n-1] == nil:
		self := p[:n-1].join()
		return []string{self, self + "/**"}
	case n > 2 && p[n-2] == nil && p[n-1].star():
		return []string{p[:n-2].join() + "/" + p[:n-2].below()}
	}
	return []string{p.join()}
}

// below is what stands for every file below p: with wildcards before it, **
// matches p itself too.
func (p pattern) below() string {
	for _, part := range p {
		if part == nil || part.plain() == "" || strings.Contains(part.text(), `\`) {
			return "**/*"
		}
	}
	return "**"
}

func (p pattern) join() string {
	parts := make([]string, len(p))
	for i, x := range p {
		parts[i] = x.text()
	}
	return strings.Join(parts, "/")
}

// everything reports whether p matches every file.
func (p pattern) everything() bool {
	return len(p) == 2 && p[0] == nil && p[1].star()
}

// match reports whether p matches a path.
func (p pattern) match(path string) bool {
	names := strings.Split(path, "/")
	q := make(pattern, len(names))
	for i, n := range names {
		q[i] = part{}
		for _, c := range n {
			q[i] = append(q[i], sign{c, false})
		}
	}
	return p.meets(q)
}

// meets reports whether a path exists that both patterns match.
func (p pattern) meets(q pattern) bool {
	return meet(len(p), len(q), func(i int) bool { return p[i] == nil }, func(j int) bool { return q[j] == nil },
		func(i, j int) bool { return p[i].meets(q[j]) })
}

func (p part) meets(q part) bool {
	if !p.wild() && !q.wild() {
		return slices.Equal(p, q)
	}
	star := func(p part) func(int) bool {
		return func(i int) bool { return p[i] == sign{'*', true} }
	}
	return meet(len(p), len(q), star(p), star(q), func(i, j int) bool {
		return p[i].wild || q[j].wild || p[i].char == q[j].char
	})
}

// meet reports whether two sequences can be the same, in which some members
// stand for any number of others.
func meet(n, m int, anyP, anyQ func(int) bool, one func(i, j int) bool) bool {
	reach := make([]bool, (n+1)*(m+1))
	at := func(i, j int) *bool { return &reach[i*(m+1)+j] }
	*at(n, m) = true
	for i := n; i >= 0; i-- {
		for j := m; j >= 0; j-- {
			r := at(i, j)
			if i < n && anyP(i) {
				*r = *r || *at(i+1, j) || j < m && *at(i, j+1)
			}
			if j < m && anyQ(j) {
				*r = *r || *at(i, j+1) || i < n && *at(i+1, j)
			}
			if i < n && j < m && !anyP(i) && !anyQ(j) {
				*r = *r || *at(i+1, j+1) && one(i, j)
			}
		}
	}
	return *at(0, 0)
}

// within reports whether q certainly matches all that p matches; false where
// that is not plain to see.
func (p pattern) within(q pattern) bool {
	var in func(i, j int) bool
	in = func(i, j int) bool {
		switch {
		case j == len(q):
			return i == len(p)
		case q[j] == nil && j+2 == len(q) && q[j+1].star(): // one part or more
			return slices.ContainsFunc(p[i:], func(x part) bool { return x != nil })
		case q[j] == nil:
			return in(i, j+1) || i < len(p) && in(i+1, j)
		case i == len(p) || p[i] == nil:
			return false
		}
		return p[i].within(q[j]) && in(i+1, j+1)
	}
	return in(0, 0)
}

func (p part) within(q part) bool {
	switch {
	case q.star(), slices.Equal(p, q):
		return true
	case !p.wild():
		return q.meets(p)
	}
	return false
}

// star reports whether p is * alone.
func (p part) star() bool { return len(p) == 1 && p[0] == sign{'*', true} }

// wild reports whether p holds a wildcard.
func (p part) wild() bool {
	return slices.ContainsFunc(p, func(s sign) bool { return s.wild })
}
