package adopt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// predicates understands the conditions of a rule, all of which must hold. The
// files are the ones that it is about, as an expression; "" where it is about
// no files in particular. The condition is then the rest.
func (b *botImport) predicates(list []botPredicate) (files string, rest condition) {
	rest = certain
	for _, p := range list {
		if p.key == "changed_files" && files == "" {
			if f, ok := b.changedFiles(p); ok {
				files = f
				continue
			}
		}
		rest = rest.and(b.predicate(p))
	}
	return files, rest
}

// condition is the conditions of a rule as one.
func (b *botImport) condition(list []botPredicate) condition {
	files, rest := b.predicates(list)
	if files == "" {
		return rest
	}
	return told("length(" + files + ") > 0").and(rest)
}

func (b *botImport) predicate(p botPredicate) condition {
	read := predicateReaders[p.key]
	if read == nil {
		b.add(p.line, "%s is a condition that rolecall does not know. It cannot be told, so that what follows from it holds either way.", printable(p.key))
		return untold
	}
	c, err := read(b, p)
	if err != nil {
		b.add(p.line, "%s cannot be read (%v). It cannot be told, so that what follows from it holds either way.", p.key, err)
		return untold
	}
	return c
}

var predicateReaders map[string]func(*botImport, botPredicate) (condition, error)

func init() {
	noEqual := func(why string) func(*botImport, botPredicate) (condition, error) {
		return func(b *botImport, p botPredicate) (condition, error) {
			b.add(p.line, "%s has no equal: %s. What follows from it holds either way.", p.key, why)
			return untold, nil
		}
	}
	statuses := "a policy does not see other checks; make them required checks of the branch"
	signatures := "a policy does not see signatures; have the branch's ruleset require signed commits"
	predicateReaders = map[string]func(*botImport, botPredicate) (condition, error){
		"changed_files":                (*botImport).changedFilesCondition,
		"no_changed_files":             (*botImport).noChangedFiles,
		"only_changed_files":           (*botImport).onlyChangedFiles,
		"has_author_in":                (*botImport).hasAuthorIn,
		"has_contributor_in":           (*botImport).hasContributorIn,
		"only_has_contributors_in":     (*botImport).onlyHasContributorsIn,
		"author_is_only_contributor":   noEqual("a policy's conditions do not see who committed; an approval by a contributor does not count as it is"),
		"targets_branch":               (*botImport).targetsBranch,
		"from_branch":                  (*botImport).fromBranch,
		"modified_lines":               (*botImport).modifiedLines,
		"has_status":                   noEqual(statuses),
		"has_successful_status":        noEqual(statuses),
		"has_workflow_result":          noEqual(statuses),
		"has_labels":                   (*botImport).hasLabels,
		"repository":                   (*botImport).repository,
		"title":                        (*botImport).title,
		"has_valid_signatures":         noEqual(signatures),
		"has_valid_signatures_by":      noEqual(signatures),
		"has_valid_signatures_by_keys": noEqual(signatures),
	}
}

type botPaths struct {
	Paths  []string `yaml:"paths"`
	Ignore []string `yaml:"ignore"`
}

// changedFiles is the list of files that a condition is about.
func (b *botImport) changedFiles(p botPredicate) (list string, ok bool) {
	var paths botPaths
	if err := p.body.Decode(&paths); err != nil {
		return "", false
	}
	matches, globs, ok := fileMatches(paths.Paths)
	if !ok {
		return "", false
	}
	ignored, _, ok := fileMatches(paths.Ignore)
	switch {
	case !ok:
		return "", false
	case ignored != no:
		return fmt.Sprintf("[for f in files : f if %s]", broken(allOf([]string{matches, not(ignored)}))), true
	case globs != nil:
		return "glob(" + argumentList(globs) + ")", true
	}
	return fmt.Sprintf("[for f in files : f if %s]", broken(matches)), true
}

func (b *botImport) changedFilesCondition(p botPredicate) (condition, error) {
	list, ok := b.changedFiles(p)
	if !ok {
		return untold, fmt.Errorf("its expressions are none that a policy takes")
	}
	return told("length(" + list + ") > 0"), nil
}

func (b *botImport) noChangedFiles(p botPredicate) (condition, error) {
	c, err := b.changedFilesCondition(p)
	return condition{c.mayNot, c.may}, err
}

func (b *botImport) onlyChangedFiles(p botPredicate) (condition, error) {
	var paths botPaths
	if err := p.body.Decode(&paths); err != nil {
		return untold, err
	}
	matches, _, ok := fileMatches(paths.Paths)
	if !ok {
		return untold, fmt.Errorf("its expressions are none that a policy takes")
	}
	return told(fmt.Sprintf("length(files) > 0 && length([for f in files : f if %s]) == 0", not(matches))), nil
}

// actors splits who is meant into what a policy can name and what it cannot.
func (b *botImport) actors(a botActors) (people, teams, unnamed []string) {
	for _, u := range a.Users {
		if m := "@" + strings.TrimPrefix(u, "@"); login.MatchString(m) {
			people = append(people, m)
		} else {
			unnamed = append(unnamed, fmt.Sprintf("the user %q", u))
		}
	}
	for _, t := range a.Teams {
		if m := "@" + strings.TrimPrefix(t, "@"); team.MatchString(m) {
			teams = append(teams, m)
		} else {
			unnamed = append(unnamed, fmt.Sprintf("the team %q", t))
		}
	}
	for _, o := range a.Organizations {
		unnamed = append(unnamed, fmt.Sprintf("members of the organisation %q", o))
	}
	for _, p := range a.Permissions {
		unnamed = append(unnamed, fmt.Sprintf("people with the permission %q", p))
	}
	if a.Admins {
		unnamed = append(unnamed, "admins")
	}
	if a.WriteCollaborators {
		unnamed = append(unnamed, "collaborators with write access")
	}
	return people, teams, unnamed
}

var (
	login = regexp.MustCompile(`^@[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?$`)
	team  = regexp.MustCompile(`^@[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9_.-]{1,200}$`)
)

// authorAmong is the condition that the author is among actors, as far as a
// policy can name them.
func (b *botImport) authorAmong(p botPredicate) (named string, unnamed []string, err error) {
	var a botActors
	if err := p.body.Decode(&a); err != nil {
		return "", nil, err
	}
	people, teams, unnamed := b.actors(a)
	var users, bots, parts []string
	for _, m := range people {
		name := strings.ToLower(strings.TrimPrefix(m, "@"))
		if bot, ok := strings.CutSuffix(name, "[bot]"); ok {
			bots = append(bots, bot)
		} else {
			users = append(users, name)
		}
	}
	is := func(list []string) string {
		if len(list) == 1 {
			return "pull.author == " + quote(list[0])
		}
		return "contains([" + quoteAll(list) + "], pull.author)"
	}
	if len(users) > 0 {
		parts = append(parts, "!pull.bot && "+is(users))
	}
	if len(bots) > 0 {
		parts = append(parts, "pull.bot && "+is(bots))
	}
	if len(teams) > 0 {
		parts = append(parts, fmt.Sprintf("author_in(%s)", quote(b.roleOf(teams, "", "").name)))
	}
	return anyOf(parts), unnamed, nil
}

func (b *botImport) hasAuthorIn(p botPredicate) (condition, error) {
	named, unnamed, err := b.authorAmong(p)
	if err != nil || len(unnamed) == 0 {
		return told(named), err
	}
	b.add(p.line, "%s names %s, of whom a policy cannot tell who they are. What follows from it holds either way for them.", p.key, strings.Join(unnamed, " and "))
	return condition{yes, not(named)}, nil
}

func (b *botImport) hasContributorIn(p botPredicate) (condition, error) {
	named, _, err := b.authorAmong(p)
	b.add(p.line, "%s is told for the author alone, since a policy's conditions do not see who committed. For anybody else, what follows from it holds either way.", p.key)
	return condition{yes, not(named)}, err
}

func (b *botImport) onlyHasContributorsIn(p botPredicate) (condition, error) {
	named, unnamed, err := b.authorAmong(p)
	b.add(p.line, "%s is told for the author alone, since a policy's conditions do not see who committed. Where the author is one of them, what follows from it holds either way.", p.key)
	if len(unnamed) > 0 {
		named = yes
	}
	return condition{named, yes}, err
}

type botPattern struct {
	Pattern string `yaml:"pattern"`
}

func (b *botImport) targetsBranch(p botPredicate) (condition, error) {
	var pattern botPattern
	if err := p.body.Decode(&pattern); err != nil {
		return untold, err
	}
	e, ok := textMatches("pull.base", pattern.Pattern)
	if !ok {
		return untold, fmt.Errorf("its expression is none that a policy takes")
	}
	return told(e), nil
}

func (b *botImport) fromBranch(p botPredicate) (condition, error) {
	var pattern botPattern
	if err := p.body.Decode(&pattern); err != nil {
		return untold, err
	}
	e, ok := textMatches("pull.head", pattern.Pattern)
	switch {
	case !ok:
		return untold, fmt.Errorf("its expression is none that a policy takes")
	case e == yes:
		return certain, nil
	}
	b.add(p.line, "from_branch saw \"owner:branch\" for a fork, and a policy sees the branch: for forks what follows from it holds either way.")
	return condition{anyOf([]string{"pull.fork", e}), anyOf([]string{"pull.fork", not(e)})}, nil
}

func (b *botImport) modifiedLines(p botPredicate) (condition, error) {
	m, err := fields(p.body, p.key)
	if err != nil {
		return untold, err
	}
	added, deleted := "sum([for f in files : f.additions])", "sum([for f in files : f.deletions])"
	var parts []string
	for _, which := range []struct{ key, lines string }{{"additions", added}, {"deletions", deleted}, {"total", added + " + " + deleted}} {
		n := m[which.key]
		if n == nil || strings.TrimSpace(n.Value) == "" {
			continue
		}
		text := strings.TrimSpace(n.Value)
		op := map[byte]string{'<': "<", '>': ">", '=': "=="}[text[0]]
		number, err := strconv.ParseInt(strings.TrimLeft(text[1:], " \t"), 10, 64)
		if op == "" || err != nil {
			return untold, fmt.Errorf("%q is no comparison", text)
		}
		parts = append(parts, fmt.Sprintf("%s %s %d", which.lines, op, number))
	}
	return told(anyOf(parts)), nil
}

func (b *botImport) hasLabels(p botPredicate) (condition, error) {
	var labels []string
	if err := p.body.Decode(&labels); err != nil {
		return untold, err
	}
	c := certain
	for _, l := range labels {
		c = c.and(condition{"label(" + quote(l) + ")", "!label(" + quote(l) + ", " + keeperMark + ")"})
	}
	if len(labels) > 0 {
		b.add(p.line, "A label that brings review in may be set by anybody, and stays in force until a keeper of the policy removes it; one that takes review away counts only where a keeper set it.")
	}
	return c, nil
}

// keeperMark stands for the keepers' role until that is known.
const keeperMark = "\x00keeper\x00"

type botMatches struct {
	Matches    []string `yaml:"matches"`
	NotMatches []string `yaml:"not_matches"`
}

// matching is a condition on a text, as title and repository have it.
func matching(n *yaml.Node, one func(re string) (string, bool)) (condition, error) {
	var m botMatches
	if err := n.Decode(&m); err != nil {
		return untold, err
	}
	each := func(list []string) (string, error) {
		var parts []string
		for _, re := range list {
			e, ok := one(re)
			if !ok {
				return "", fmt.Errorf("%q is no expression that a policy takes", re)
			}
			parts = append(parts, e)
		}
		return anyOf(parts), nil
	}
	matches, err := each(m.Matches)
	if err != nil {
		return untold, err
	}
	not, err := each(m.NotMatches)
	if err != nil {
		return untold, err
	}
	c := told(matches)
	if len(m.NotMatches) > 0 {
		other := told(not)
		c = c.or(condition{other.mayNot, other.may})
	}
	return c, nil
}

func (b *botImport) title(p botPredicate) (condition, error) {
	return matching(p.body, func(re string) (string, bool) { return textMatches("pull.title", re) })
}

func (b *botImport) repository(p botPredicate) (condition, error) {
	if b.Repository == "" {
		b.add(p.line, "repository asks which repository this is: give it with --repository OWNER/NAME. Until then, what follows from it holds either way.")
		return untold, nil
	}
	return matching(p.body, func(re string) (string, bool) {
		compiled, err := regexp.Compile(re)
		if err != nil {
			return "", false
		}
		return strconv.FormatBool(compiled.MatchString(b.Repository)), true
	})
}

// sortedUnique returns a list's members in order, each once.
func sortedUnique(list []string) []string {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
