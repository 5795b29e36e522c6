package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/rolecall/rolecall/policy/fact"
)

// Bounds of a glob.
const (
	maxGlobLength   = 512 // bytes
	maxGlobVariants = 64  // after {a,b} is spelled out
)

// globs is a set of doublestar patterns over slash-separated paths from the
// repository's root. A path is in it when one pattern matches.
type globs struct {
	exact []glob // as written
	loose []glob // folded, for paths that differ only in case or Unicode form
	plain bool   // folding changes none of the patterns
}

type glob struct {
	op   globOp
	text string // what op compares
	lead string // literal start that a match must have; for globAny
}

type globOp int

const (
	globEqual  globOp = iota // the path is text
	globPrefix               // the path starts with text
	globBase                 // the last part of the path is text
	globEnd                  // the last part of the path ends with text
	globAll                  // any path
	globAny                  // whatever doublestar says of text
)

// compileGlobs returns the set of patterns, or an error that says the remedy.
func compileGlobs(patterns []string) (*globs, error) {
	set := &globs{plain: true}
	for _, p := range patterns {
		if err := checkGlob(p); err != nil {
			return nil, err
		}
		variants, err := spellOut(p)
		if err != nil {
			return nil, err
		}
		for _, v := range variants {
			set.exact = append(set.exact, newGlob(v))
			f := foldGlob(v)
			set.plain = set.plain && f == v
			if doublestar.ValidatePattern(f) {
				set.loose = append(set.loose, newGlob(f))
			}
		}
	}
	return set, nil
}

// checkGlob returns an error for a pattern that cannot be what was meant.
func checkGlob(p string) error {
	switch {
	case p == "":
		return errors.New("a pattern must not be empty; \"**\" matches every file")
	case len(p) > maxGlobLength:
		return fmt.Errorf("a pattern has at most %d bytes", maxGlobLength)
	case strings.HasPrefix(p, "/"), strings.HasPrefix(p, "./"):
		return fmt.Errorf("patterns start at the repository's root, without a slash: %q", strings.TrimLeft(p, "./"))
	case strings.HasPrefix(p, "!"):
		return errors.New("patterns cannot be negated; use [for f in files : f if !matches(f, \"…\")]")
	case strings.HasSuffix(p, "/"):
		return fmt.Errorf("a pattern matches files, not directories; for all files below it write %q", p+"**")
	case !doublestar.ValidatePattern(p):
		return errors.New("the pattern is not well formed: look for an unclosed [ or {, or a trailing \\")
	}
	for _, part := range strings.Split(p, "/") {
		switch {
		case part == "":
			return errors.New("a pattern must not hold an empty part (//)")
		case part == ".", part == "..":
			return fmt.Errorf("a pattern must not hold %q", part)
		case part != "**" && strings.Contains(part, "**") && !strings.ContainsAny(part, "{[\\"):
			return fmt.Errorf("** must stand alone between slashes; write %q", strings.Replace(p, part, "**/"+strings.Replace(part, "**", "*", 1), 1))
		}
	}
	return nil
}

// spellOut returns p with each {a,b} spelled out.
func spellOut(p string) ([]string, error) {
	done, todo := []string{}, []string{p}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		open, end, cuts := alternatives(p)
		if open < 0 {
			done = append(done, p)
		} else {
			from := open + 1
			for _, cut := range append(cuts, end) {
				todo = append(todo, p[:open]+p[from:cut]+p[end+1:])
				from = cut + 1
			}
		}
		if len(done)+len(todo) > maxGlobVariants {
			return nil, fmt.Errorf("the pattern has more than %d alternatives; write several patterns", maxGlobVariants)
		}
	}
	return done, nil
}

// alternatives finds the first {…} of p and the commas at its own level; open
// is -1 where there is none.
func alternatives(p string) (open, end int, cuts []int) {
	open, depth, class := -1, 0, false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '{':
			if depth++; depth == 1 {
				open = i
			}
		case c == '}' && depth > 0:
			if depth--; depth == 0 {
				return open, i, cuts
			}
		case c == ',' && depth == 1:
			cuts = append(cuts, i)
		}
	}
	return -1, 0, nil
}

func newGlob(p string) glob {
	const meta = `*?[{\`
	rest, deep := strings.CutPrefix(p, "**/")
	switch {
	case p == "**":
		return glob{op: globAll}
	case !strings.ContainsAny(p, meta):
		return glob{op: globEqual, text: p}
	case strings.HasSuffix(p, "/**") && !strings.ContainsAny(p[:len(p)-3], meta):
		return glob{op: globPrefix, text: p[:len(p)-2]}
	case deep && !strings.ContainsAny(rest, meta+"/"):
		return glob{op: globBase, text: rest}
	case deep && strings.HasPrefix(rest, "*") && !strings.ContainsAny(rest[1:], meta+"/"):
		return glob{op: globEnd, text: rest[1:]}
	}
	return glob{op: globAny, text: p, lead: p[:strings.IndexAny(p, meta)]}
}

func (g glob) match(p string) bool {
	switch g.op {
	case globEqual:
		return p == g.text
	case globPrefix:
		return strings.HasPrefix(p, g.text)
	case globBase:
		return strings.HasSuffix(p, g.text) && (len(p) == len(g.text) || p[len(p)-len(g.text)-1] == '/')
	case globEnd:
		return strings.HasSuffix(p, g.text)
	case globAll:
		return true
	}
	return strings.HasPrefix(p, g.lead) && doublestar.MatchUnvalidated(g.text, p)
}

// literal reports whether what is in the set starts with, or is, a text that
// stands in one of its patterns, and no other spelling of it counts.
func (s *globs) literal() bool {
	return s.plain && !slices.ContainsFunc(s.exact, func(g glob) bool { return g.op != globEqual && g.op != globPrefix })
}

// verdict is what a set of patterns says of a path.
type verdict int

const (
	unmatched verdict = iota
	doubted           // matches once case, Unicode form and odd characters are put aside
	matched
)

// match says whether p is in the set; folded is
// [fact.FoldPath] of it.
func (s *globs) match(p, folded string) verdict {
	for i := range s.exact {
		if s.exact[i].match(p) {
			return matched
		}
	}
	if s.plain && folded == p {
		return unmatched
	}
	if strings.Contains(folded, fact.Anything) && len(s.loose) > 0 {
		return doubted
	}
	for i := range s.loose {
		if s.loose[i].match(folded) {
			return doubted
		}
	}
	return unmatched
}

// foldGlob folds a pattern without touching what is special in it.
func foldGlob(p string) string { return fact.FoldText(p) }
