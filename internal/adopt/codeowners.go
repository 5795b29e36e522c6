package adopt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hmarr/codeowners"

	"github.com/rolecall/rolecall/policy"
)

// entry is one line of CODEOWNERS that says something.
type entry struct {
	line    int
	raw     string // the pattern as it stands there
	pattern pattern
	members []string // "@login" and "@org/team"
	emails  []string
	above   []string // the comment above it
	beside  string   // the comment after it
	group   *owned   // whose files these are; nil for nobody's
}

func (e *entry) owners() string {
	return strings.Join(slices.Concat(e.members, e.emails), " ")
}

// owned is everything that one set of owners owns.
type owned struct {
	role    *role
	entries []*entry
	chunks  []*chunk
}

// chunk is files by their patterns, less those that a later line takes.
type chunk struct {
	entries []*entry
	without []*entry
}

// Codeowners makes a policy of a CODEOWNERS file. Every file has the owners of
// the last line that matches it, one of whom must approve; a renamed file has
// those of both its names.
func Codeowners(text []byte, o Options) (Import, error) {
	if o.Name == "" {
		o.Name = "CODEOWNERS"
	}
	c := &codeownersImport{Options: o}
	c.read(text)
	if len(c.entries) == 0 {
		return Import{Notes: c.sorted()}, fmt.Errorf("%s names no owner of any file", o.Name)
	}
	c.dropDead()
	c.group()
	for _, g := range c.groups {
		c.divide(g)
	}
	c.findTail()
	return c.write()
}

type codeownersImport struct {
	Options
	notes
	roles   roles
	entries []*entry
	groups  []*owned
	// tail are lines that most others lose to, wherever their files are; nil
	// where it would not pay to name them once.
	tail []*entry
}

// read reads the lines one by one, since GitHub skips a line that it does not
// understand and goes on.
func (c *codeownersImport) read(text []byte) {
	var above []string
	for i, raw := range bytes.Split(text, []byte("\n")) {
		line, number := strings.TrimSpace(string(raw)), i+1
		if number == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		switch {
		case line == "":
			above = nil
			continue
		case line[0] == '#':
			if s := strings.Trim(line, "-=*#~ \t"); s != "" {
				above = append(above, s)
			}
			continue
		}
		if e := c.entry(line, number); e != nil {
			e.above = above
			c.entries = append(c.entries, e)
		}
		above = nil
	}
}

func (c *codeownersImport) entry(line string, number int) *entry {
	e := &entry{line: number}
	var owners []codeowners.Owner
	switch rules, err := codeowners.ParseFile(strings.NewReader(line)); {
	case err == nil && len(rules) == 1 && !slices.ContainsFunc(rules[0].Owners, nobody):
		e.raw, e.beside, owners = rules[0].RawPattern(), rules[0].Comment, rules[0].Owners
	default:
		var reason string
		if e.raw, e.beside, owners, reason = c.lenient(line, number); reason != "" {
			c.add(number, "%q was left out, as GitHub leaves it out: %s.", short(line), reason)
			return nil
		}
	}
	if s := strings.TrimPrefix(e.raw, "/"); strings.HasPrefix(s, "**/**") || s == "**/" {
		c.add(number, "%q is read as %q.", e.raw, strings.Join(readPattern(e.raw).globs(), " "))
	}
	if e.pattern = readPattern(e.raw); e.pattern == nil {
		c.add(number, "%q matches no file, and was left out.", e.raw)
		return nil
	}
	for _, owner := range owners {
		if owner.Type == codeowners.EmailOwner {
			e.emails = append(e.emails, owner.Value)
			c.add(number, "%s is an email address, and rolecall knows people by login: put their login into the role.", owner.Value)
			continue
		}
		if s := owner.String(); !slices.ContainsFunc(e.members, func(m string) bool { return strings.EqualFold(m, s) }) {
			e.members = append(e.members, s)
		}
	}
	return e
}

// lenient reads a line that holds signs which only GitHub accepts, and owners
// of which some are none. The reason says why GitHub does not accept it either.
func (c *codeownersImport) lenient(line string, number int) (raw, comment string, owners []codeowners.Owner, reason string) {
	line, comment, _ = strings.Cut(line, "#")
	end, escaped := len(line), false
	for i, r := range line {
		if (r == ' ' || r == '\t') && !escaped {
			end = i
			break
		}
		escaped = r == '\\' && !escaped
	}
	raw = line[:end]
	switch {
	case strings.HasPrefix(raw, "["), strings.HasPrefix(raw, "^["):
		return "", "", nil, "sections are another host's"
	case strings.HasPrefix(raw, "!"):
		return "", "", nil, "a pattern cannot be negated"
	case strings.ContainsAny(raw, "[]"):
		return "", "", nil, "a pattern has no [ ] on GitHub"
	case strings.Contains(raw, "***"):
		return "", "", nil, "a pattern has at most two * together"
	}
	words := strings.Fields(line[end:])
	for _, word := range words {
		owner, ok := ownerOf(word)
		if !ok {
			c.add(number, "%q is no owner that GitHub knows, and was left out.", short(word))
			continue
		}
		owners = append(owners, owner)
	}
	if len(words) > 0 && len(owners) == 0 {
		return "", "", nil, "it names no owner"
	}
	return raw, strings.TrimSpace(comment), owners, ""
}

// nobody reports whether the library takes for an owner what is no name, such as
// "@_".
func nobody(o codeowners.Owner) bool {
	return o.Type != codeowners.EmailOwner && !login.MatchString(o.String()) && !team.MatchString(o.String())
}

func ownerOf(word string) (codeowners.Owner, bool) {
	for _, m := range codeowners.DefaultOwnerMatchers {
		if o, err := m.Match(word); err == nil {
			return o, !nobody(o)
		} else if !errors.Is(err, codeowners.ErrNoMatch) {
			break
		}
	}
	if i := strings.IndexByte(word, '@'); i > 0 && i < len(word)-1 && printable(word) == word {
		return codeowners.Owner{Value: word, Type: codeowners.EmailOwner}, true
	}
	return codeowners.Owner{}, false
}

func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:80]) + "…"
	}
	return s
}

// dropDead leaves out lines all of whose files a later line takes.
func (c *codeownersImport) dropDead() {
	kept := make([]*entry, 0, len(c.entries))
	for i, e := range c.entries {
		j := slices.IndexFunc(c.entries[i+1:], func(later *entry) bool { return e.pattern.within(later.pattern) })
		if j < 0 {
			kept = append(kept, e)
			continue
		}
		if later := c.entries[i+1+j]; later.owners() != e.owners() {
			c.add(e.line, "%q has no effect: line %d (%q) takes all its files.", e.raw, later.line, later.raw)
		}
	}
	c.entries = kept
}

// group puts the lines of the same owners together.
func (c *codeownersImport) group() {
	for _, e := range c.entries {
		if len(e.members)+len(e.emails) == 0 {
			continue
		}
		r := c.roles.of(e.members, "", strings.Join(e.emails, " or "))
		if len(e.members) == 0 && r.comment == nil {
			r.comment = []string{fmt.Sprintf("Put the login of %s here: members = [\"@login\"].", strings.Join(e.emails, " and "))}
		}
		i := slices.IndexFunc(c.groups, func(g *owned) bool { return g.role == r })
		if i < 0 {
			i = len(c.groups)
			c.groups = append(c.groups, &owned{role: r})
		}
		c.groups[i].entries = append(c.groups[i].entries, e)
		e.group = c.groups[i]
	}
}

// divide finds for every line of a group which files later lines of others
// take from it, and puts lines together that can lose the same.
func (c *codeownersImport) divide(g *owned) {
	for _, e := range g.entries {
		var without []*entry
		for _, later := range c.entries {
			if later.line > e.line && later.group != g && later.pattern.meets(e.pattern) {
				without = append(without, later)
			}
		}
		i := slices.IndexFunc(g.chunks, func(k *chunk) bool { return k.admits(e, without) })
		if i < 0 {
			i = len(g.chunks)
			g.chunks = append(g.chunks, &chunk{})
		}
		k := g.chunks[i]
		k.entries = append(k.entries, e)
		for _, w := range without {
			if !slices.Contains(k.without, w) {
				k.without = append(k.without, w)
			}
		}
	}
	for _, k := range g.chunks {
		slices.SortFunc(k.without, func(a, b *entry) int { return a.line - b.line })
		k.without = widest(k.without)
		k.entries = widest(k.entries)
	}
}

// admits reports whether e can be in the chunk, where each line loses what any
// of them loses.
func (k *chunk) admits(e *entry, without []*entry) bool {
	for _, w := range k.without {
		if w.line < e.line && w.pattern.meets(e.pattern) {
			return false
		}
	}
	for _, other := range k.entries {
		for _, w := range without {
			if w.line < other.line && w.pattern.meets(other.pattern) {
				return false
			}
		}
	}
	return true
}

// widest leaves out what another of the list matches as well.
func widest(list []*entry) []*entry {
	out := make([]*entry, 0, len(list))
	for i, e := range list {
		covered := false
		for j, other := range list {
			if i != j && e.pattern.within(other.pattern) && (!other.pattern.within(e.pattern) || j < i) {
				covered = true
				break
			}
		}
		if !covered {
			out = append(out, e)
		}
	}
	return out
}

// The least for which a tail pays: lines, and chunks that lose them.
const (
	tailLines  = 3
	tailChunks = 3
)

// findTail finds the last lines that several chunks leave out alike.
func (c *codeownersImport) findTail() {
	saved := 0
	for _, g := range c.groups {
		for _, k := range g.chunks {
			for i := range k.without {
				tail, users := k.without[i:], 0
				if len(tail) < tailLines || len(tail) > maxWithout {
					continue
				}
				for _, g := range c.groups {
					for _, other := range g.chunks {
						if other.endsIn(tail) {
							users++
						}
					}
				}
				if s := (users - 1) * len(tail); users >= tailChunks && s > saved {
					c.tail, saved = tail, s
				}
			}
		}
	}
}

func (k *chunk) endsIn(tail []*entry) bool {
	n := len(k.without) - len(tail)
	return len(tail) > 0 && n >= 0 && slices.Equal(k.without[n:], tail)
}

// keepers returns the role that owned the policy's own place.
func (c *codeownersImport) keepers() *role {
	if len(c.Keepers) > 0 {
		return c.roles.of(c.Keepers, "", "")
	}
	for i := len(c.entries) - 1; i >= 0; i-- {
		if e := c.entries[i]; e.pattern.match(policy.RepoPath) {
			if e.group != nil && len(e.group.role.members) > 0 {
				return e.group.role
			}
			break
		}
	}
	most, lines := (*owned)(nil), 0
	for _, g := range c.groups {
		if len(g.role.members) > 0 && len(g.entries) > lines {
			most, lines = g, len(g.entries)
		}
	}
	if most == nil {
		return nil
	}
	c.add(0, "Nobody owned %s, so that %s, who own most lines, keep this policy: choose who does.", policy.RepoPath, most.role.title)
	return most.role
}

func (c *codeownersImport) write() (Import, error) {
	keepers := c.keepers()
	if keepers == nil {
		return Import{Notes: c.sorted()}, fmt.Errorf("%s names nobody who could keep the policy\nhint: say who with --keeper @org/team", c.Name)
	}
	var w writer
	w.comment("Who owns what, as " + c.Name + " had it: a file has the owners of the last line that matched it, and one of them approves. A renamed file has the owners of both its names.\n\n" +
		"An approval stands while the files that it was given for stay as they are, and one by somebody who pushed to the pull request does not count (allow = [\"contributor\"] in a require block makes it count, as it did).")
	found := c.sorted()
	w.head(found, keepers, c.roles.list)
	c.locals(&w)
	for _, g := range c.groups {
		c.rule(&w, g)
	}
	c.unowned(&w)
	return w.finish(c.Name, found)
}

func (c *codeownersImport) rule(w *writer, g *owned) {
	w.line("rule %s {", quote(g.role.name))
	parts := make([]string, len(g.chunks))
	for i, k := range g.chunks {
		parts[i] = c.list(g, k)
	}
	if len(parts) == 1 {
		w.line("changes = %s", parts[0])
	} else {
		w.line("changes = concat(\n%s,\n)", strings.Join(parts, ",\n"))
	}
	w.line("require %s {}\n}\n", quote(g.role.name))
}

// list is a chunk as an expression.
func (c *codeownersImport) list(g *owned, k *chunk) string {
	steps := c.steps(g, k)
	return steps[len(steps)-1]
}

// maxWithout bounds the lines that one expression leaves out.
const maxWithout = 300

// steps are the lists by which a chunk is found: one, or several of which each
// but the last is a local that the next starts from, since an expression has a
// bounded size.
func (c *codeownersImport) steps(g *owned, k *chunk) []string {
	from, condition := "files", ""
	all := slices.ContainsFunc(k.entries, func(e *entry) bool { return e.pattern.everything() })
	without := k.without
	if k.endsIn(c.tail) {
		from, without = "local.unclaimed", without[:len(without)-len(c.tail)]
		if !all {
			condition = "matches(f, " + patterns(k.entries, true) + ")"
		}
	} else if !all {
		from = "glob(" + patterns(k.entries, true) + ")"
	}
	var out []string
	for first := true; first || len(without) > 0; first = false {
		some := without[:min(len(without), maxWithout)]
		without = without[len(some):]
		if len(some) > 0 {
			if condition != "" {
				condition += " && "
			}
			condition += "!matches(f, " + patterns(some, false) + ")"
		}
		if condition == "" {
			out = append(out, from)
		} else {
			out = append(out, fmt.Sprintf("[for f in %s : f if %s]", from, condition))
		}
		from, condition = "local."+localName(g, k, len(out)), ""
	}
	return out
}

func localName(g *owned, k *chunk, step int) string {
	return fmt.Sprintf("%s_%d_%d", strings.ReplaceAll(g.role.name, "-", "_"), slices.Index(g.chunks, k)+1, step)
}

// locals writes the lists that rules start from.
func (c *codeownersImport) locals(w *writer) {
	var lines []string
	if c.tail != nil {
		lines = append(lines, "# Files that none of these lines takes, wherever they are.\nunclaimed = [for f in files : f if !matches(f, "+patterns(c.tail, false)+")]")
	}
	for _, g := range c.groups {
		for _, k := range g.chunks {
			steps := c.steps(g, k)
			for i, s := range steps[:len(steps)-1] {
				lines = append(lines, localName(g, k, i+1)+" = "+s)
			}
		}
	}
	if len(lines) > 0 {
		w.line("locals {\n%s\n}\n", strings.Join(lines, "\n\n"))
	}
}

// patterns writes lines' patterns as arguments: on one line where they are
// few, else one line each, with the comments of the file where those matter.
func patterns(list []*entry, comments bool) string {
	var flat []string
	told := false
	for _, e := range list {
		flat = append(flat, e.pattern.globs()...)
		told = told || comments && (len(e.above) > 0 || e.beside != "")
	}
	if one := quoteAll(flat); !told && len(one) <= 70 {
		return one
	}
	var b strings.Builder
	b.WriteByte('\n')
	for _, e := range list {
		if comments {
			for _, s := range e.above {
				fmt.Fprintf(&b, "# %s\n", printable(s))
			}
		}
		b.WriteString(quoteAll(e.pattern.globs()) + ",")
		if comments && e.beside != "" {
			b.WriteString(" # " + printable(e.beside))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// unowned says which files have no owner on purpose.
func (c *codeownersImport) unowned(w *writer) {
	var lines []string
	all := false
	for _, e := range c.entries {
		all = all || e.group != nil && e.pattern.everything()
		if e.group == nil {
			lines = append(lines, fmt.Sprintf("- line %d: %s", e.line, quoteAll(e.pattern.globs())))
		}
	}
	if len(lines) > 0 {
		w.comment("Nobody owns these, and nobody is asked for them:\n" + strings.Join(lines, "\n"))
		w.line("")
	}
	if !all {
		w.comment("Files that no line was about need no review, as before. To have them read:\n" +
			"rule \"everything else\" {\n  changes = uncovered.files\n  require \"ROLE\" {}\n}")
	}
}
