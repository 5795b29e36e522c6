package adopt_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/adopt"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestPolicyBotFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/policybot/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			imported, err := adopt.PolicyBot(text, adopt.Options{})
			if err != nil {
				t.Fatalf("%v\n%s", err, imported.Policy)
			}
			load(t, imported.Policy)
			golden(t, strings.TrimSuffix(file, ".yml")+".hcl", imported.Policy)
			comments := strings.Join(strings.Fields(strings.ReplaceAll(string(imported.Policy), "\n#", " ")), " ")
			for _, n := range imported.Notes {
				if !strings.Contains(comments, strings.Join(strings.Fields(n.String()), " ")) {
					t.Errorf("the policy does not say %q", n)
				}
			}
		})
	}
}

// A botModel is policy-bot's meaning, told by its documentation alone: enough
// to say what it makes of a generated policy.
type botModel struct {
	rules    map[string]modelRule
	approval []modelNode
}

type modelRule struct {
	name       string
	predicates []modelPredicate
	count      int
	users      []string
	teams      []string
	allow      string // "", "allow_author", "allow_contributor", "allow_non_author_contributor"
	conditions []modelPredicate
}

type modelPredicate struct {
	yaml  string
	holds func(modelPull) bool
}

type modelNode struct {
	op       string // "", "and", "or"
	rule     string
	children []modelNode
}

type modelPull struct {
	title, author, base string
	bot                 bool
	files               []fact.File
	contributors        []string
	approvers           []string
}

var modelTeams = map[string][]string{"org/x": {"ana", "bo"}, "org/y": {"cy", "eve"}}

const (
	skipped = iota
	pending
	approved
)

func (m botModel) rule(r modelRule, p modelPull) int {
	for _, c := range r.predicates {
		if !c.holds(p) {
			return skipped
		}
	}
	for _, c := range r.conditions {
		if !c.holds(p) {
			return pending
		}
	}
	n := 0
	for _, who := range p.approvers {
		actor := slices.Contains(r.users, who)
		for _, t := range r.teams {
			actor = actor || slices.Contains(modelTeams[t], who)
		}
		switch {
		case who == p.author:
			actor = actor && (r.allow == "allow_author" || r.allow == "allow_contributor")
		case slices.Contains(p.contributors, who):
			actor = actor && (r.allow == "allow_contributor" || r.allow == "allow_non_author_contributor")
		}
		if actor {
			n++
		}
	}
	if n >= r.count {
		return approved
	}
	return pending
}

func (m botModel) node(n modelNode, p modelPull) int {
	if n.op == "" {
		return m.rule(m.rules[n.rule], p)
	}
	var seen [3]bool
	for _, c := range n.children {
		seen[m.node(c, p)] = true
	}
	switch {
	case n.op == "or" && seen[approved]:
		return approved
	case seen[pending]:
		return pending
	case seen[approved]:
		return approved
	}
	return skipped
}

func (m botModel) yaml() string {
	var b strings.Builder
	b.WriteString("policy:\n  approval:\n")
	for _, n := range m.approval {
		b.WriteString("    - " + n.yaml() + "\n")
	}
	b.WriteString("approval_rules:\n")
	conditions := func(list []modelPredicate) string {
		var out []string
		for _, p := range list {
			out = append(out, p.yaml)
		}
		return "{" + strings.Join(out, ", ") + "}"
	}
	for _, name := range slices.Sorted(maps.Keys(m.rules)) {
		r := m.rules[name]
		fmt.Fprintf(&b, "  - name: %s\n    if: %s\n", r.name, conditions(r.predicates))
		if r.allow != "" {
			fmt.Fprintf(&b, "    options: {%s: true}\n", r.allow)
		}
		fmt.Fprintf(&b, "    requires: {count: %d, users: [%s], teams: [%s], conditions: %s}\n", r.count, strings.Join(r.users, ", "), strings.Join(r.teams, ", "), conditions(r.conditions))
	}
	return b.String()
}

func (n modelNode) yaml() string {
	if n.op == "" {
		return n.rule
	}
	var out []string
	for _, c := range n.children {
		out = append(out, c.yaml())
	}
	return "{" + n.op + ": [" + strings.Join(out, ", ") + "]}"
}

// drawPredicates draws conditions, each of another kind.
func drawPredicates(t *rapid.T, most int) []modelPredicate {
	regexps := []string{`^docs/`, `^docs/.*\.md$`, `\.go$`, `^go\.(mod|sum)$`, `(^|/)main\.go$`, `^[a-z]+/x`, `.*`, `(?i)README`, `^cmd/.*`}
	anyPath := func(res []string, path string) bool {
		return slices.ContainsFunc(res, func(re string) bool { return regexp.MustCompile(re).MatchString(path) })
	}
	list := func(what string, least int) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(regexps), least, 2, rapid.ID[string]).Draw(t, what)
	}
	quoted := func(list []string) string {
		var out []string
		for _, s := range list {
			out = append(out, "'"+s+"'")
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	one := func(what string, from ...string) string { return rapid.SampledFrom(from).Draw(t, what) }
	kinds := map[string]func() modelPredicate{
		"changed_files": func() modelPredicate {
			paths, ignore := list("paths", 1), list("ignore", 0)
			return modelPredicate{fmt.Sprintf("changed_files: {paths: %s, ignore: %s}", quoted(paths), quoted(ignore)), func(p modelPull) bool {
				return slices.ContainsFunc(p.files, func(f fact.File) bool { return anyPath(paths, f.Path) && !anyPath(ignore, f.Path) })
			}}
		},
		"no_changed_files": func() modelPredicate {
			paths := list("paths", 1)
			return modelPredicate{fmt.Sprintf("no_changed_files: {paths: %s}", quoted(paths)), func(p modelPull) bool {
				return !slices.ContainsFunc(p.files, func(f fact.File) bool { return anyPath(paths, f.Path) })
			}}
		},
		"only_changed_files": func() modelPredicate {
			paths := list("paths", 1)
			return modelPredicate{fmt.Sprintf("only_changed_files: {paths: %s}", quoted(paths)), func(p modelPull) bool {
				return len(p.files) > 0 && !slices.ContainsFunc(p.files, func(f fact.File) bool { return !anyPath(paths, f.Path) })
			}}
		},
		"has_author_in": func() modelPredicate {
			users := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"dan", "eve", "'dan[bot]'"}), 0, 2, rapid.ID[string]).Draw(t, "authors")
			team := one("team of authors", "org/x", "org/y", "")
			return modelPredicate{fmt.Sprintf("has_author_in: {users: [%s], teams: [%s]}", strings.Join(users, ", "), team), func(p modelPull) bool {
				name := p.author
				if p.bot {
					name = "'" + name + "[bot]'"
				}
				return slices.Contains(users, name) || slices.Contains(modelTeams[team], p.author)
			}}
		},
		"targets_branch": func() modelPredicate {
			re := one("branch", `^main$`, `^(main|dev)$`, `^release/.*$`, `^[a-z]{3}$`, `ea`, `n$`)
			return modelPredicate{fmt.Sprintf("targets_branch: {pattern: '%s'}", re), func(p modelPull) bool { return regexp.MustCompile(re).MatchString(p.base) }}
		},
		"modified_lines": func() modelPredicate {
			n := rapid.IntRange(0, 12).Draw(t, "lines")
			return modelPredicate{fmt.Sprintf("modified_lines: {additions: '> %d', total: '< %d'}", n, n/2), func(p modelPull) bool {
				added, deleted := 0, 0
				for _, f := range p.files {
					added, deleted = added+f.Additions, deleted+f.Deletions
				}
				return added > n || added+deleted < n/2
			}}
		},
		"title": func() modelPredicate {
			yes, no := one("title", `^fix`, `WIP`, `(?i)wip`), one("no title", `^fix`, `WIP`, "")
			p := modelPredicate{fmt.Sprintf("title: {matches: ['%s'], not_matches: []}", yes), func(p modelPull) bool { return regexp.MustCompile(yes).MatchString(p.title) }}
			if no != "" {
				p = modelPredicate{fmt.Sprintf("title: {matches: ['%s'], not_matches: ['%s']}", yes, no), func(p modelPull) bool {
					return regexp.MustCompile(yes).MatchString(p.title) || !regexp.MustCompile(no).MatchString(p.title)
				}}
			}
			return p
		},
	}
	var out []modelPredicate
	for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(kinds))), 0, most, rapid.ID[string]).Draw(t, "kinds") {
		out = append(out, kinds[k]())
	}
	return out
}

func drawModel(t *rapid.T) botModel {
	m := botModel{rules: map[string]modelRule{}}
	for i := range rapid.IntRange(1, 5).Draw(t, "rules") {
		name := fmt.Sprintf("r%d", i)
		r := modelRule{
			name: name, predicates: drawPredicates(t, 2), count: rapid.IntRange(0, 2).Draw(t, "count"),
			users: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ana", "cy", "dan", "eve"}), 0, 2, rapid.ID[string]).Draw(t, "users"),
			teams: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"org/x", "org/y"}), 0, 1, rapid.ID[string]).Draw(t, "teams"),
			allow: rapid.SampledFrom([]string{"", "", "allow_author", "allow_contributor", "allow_non_author_contributor"}).Draw(t, "allow"),
		}
		if rapid.IntRange(0, 4).Draw(t, "conditional") == 0 {
			r.conditions = drawPredicates(t, 1)
		}
		m.rules[name] = r
	}
	names := slices.Sorted(maps.Keys(m.rules))
	var node func(depth int) modelNode
	node = func(depth int) modelNode {
		op := ""
		if depth > 0 {
			op = rapid.SampledFrom([]string{"", "or", "or", "and"}).Draw(t, "op")
		}
		if op == "" {
			return modelNode{rule: rapid.SampledFrom(names).Draw(t, "rule")}
		}
		n := modelNode{op: op}
		for range rapid.IntRange(1, 3).Draw(t, "children") {
			n.children = append(n.children, node(depth-1))
		}
		return n
	}
	for range rapid.IntRange(1, 3).Draw(t, "entries") {
		m.approval = append(m.approval, node(2))
	}
	return m
}

func drawModelPull(t *rapid.T) modelPull {
	p := modelPull{
		title: rapid.SampledFrom([]string{"fix it", "WIP: more", "wip", "other"}).Draw(t, "title"),
		base:  rapid.SampledFrom([]string{"main", "dev", "release/1"}).Draw(t, "base"), author: "dan", bot: rapid.IntRange(0, 5).Draw(t, "bot") == 0,
		contributors: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"eve", "bo"}), 0, 1, rapid.ID[string]).Draw(t, "contributors"),
		// GitHub lets nobody approve their own pull request.
		approvers: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ana", "bo", "cy", "eve"}), 0, 4, rapid.ID[string]).Draw(t, "approvers"),
	}
	for _, path := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"docs/a.md", "docs/b.txt", "main.go", "cmd/main.go", "cmd/x", "go.mod", "README"}), 1, 3, rapid.ID[string]).Draw(t, "files") {
		p.files = append(p.files, fact.File{Path: path, Status: fact.Modified, Additions: rapid.IntRange(0, 9).Draw(t, "additions"), Deletions: rapid.IntRange(0, 5).Draw(t, "deletions")})
	}
	return p
}

// facts are the model's pull request as rolecall sees it, with holders of the
// policy's roles by the teams of the model.
func (m modelPull) facts(p *policy.Policy) fact.Pull {
	then := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	out := fact.Pull{
		Now: then.Add(time.Hour), Title: m.title, Author: fact.Person{Login: m.author, Bot: m.bot}, State: "open", Files: m.files,
		Base: fact.Branch{Ref: m.base, SHA: "base"}, Head: fact.Branch{Ref: "topic", SHA: "head"}, MergeBase: "base",
		Roster: fact.Roster{Roles: map[string]fact.Holders{}},
	}
	commit := fact.Commit{SHA: "head", Parents: []string{"base"}, At: then, People: []fact.Person{{Login: m.author, Bot: m.bot}}}
	for _, c := range m.contributors {
		commit.People = append(commit.People, fact.Person{Login: c})
	}
	out.Commits = []fact.Commit{commit}
	for i, who := range m.approvers {
		out.Reviews = append(out.Reviews, fact.Review{ID: int64(i + 1), Author: fact.Person{Login: who}, State: fact.Approved, At: then.Add(time.Minute), Commit: "head", Delivered: "head"})
	}
	for _, r := range p.Roles() {
		var h fact.Holders
		for _, who := range r.People {
			h.List = append(h.List, fact.Holder{Login: who, Via: "policy"})
		}
		for _, team := range r.Teams {
			for _, who := range modelTeams[team] {
				h.List = append(h.List, fact.Holder{Login: who, Via: "@" + team})
			}
		}
		out.Roster.Roles[r.Key()] = h
	}
	return out
}

// A pull request is let through by the imported policy where policy-bot would
// approve it, and nowhere else; where a note says that alternatives could not
// be told apart, nowhere else at least.
func TestThePolicyDecidesAsPolicyBotDoes(t *testing.T) {
	var passed, waited int
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		imported, err := adopt.PolicyBot([]byte(m.yaml()), adopt.Options{Keepers: []string{"@keeper"}})
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, m.yaml(), imported.Policy)
		}
		p := load(t, imported.Policy)
		stricter := slices.ContainsFunc(imported.Notes, func(n adopt.Note) bool { return strings.Contains(n.Text, "too many to be told apart") })
		for range 6 {
			pull := drawModelPull(t)
			want := m.node(modelNode{op: "and", children: m.approval}, pull) == approved
			d := p.Evaluate(pull.facts(p))
			got := d.Status == policy.Met
			if got {
				passed++
			} else {
				waited++
			}
			if got != want && (got || !stricter) {
				t.Fatalf("policy-bot approves: %v; the policy lets through: %v\n%s\n%+v\n%s", want, got, m.yaml(), pull, imported.Policy)
			}
		}
	})
	if passed == 0 || waited == 0 {
		t.Errorf("%d let through and %d waiting: one of them was never tried", passed, waited)
	}
}

// What cannot be told never lets through what policy-bot would not have.
func TestUntoldConditionsNeverRequireLess(t *testing.T) {
	unknowable := []modelPredicate{{yaml: "has_status: {statuses: [build]}"}, {yaml: "author_is_only_contributor: true"}, {yaml: "has_contributor_in: {users: [zoe]}"}, {yaml: "has_author_in: {organizations: [org]}"}}
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		stands := rapid.Bool().Draw(t, "stands")
		for name, r := range m.rules {
			if rapid.Bool().Draw(t, "unsure") {
				u := rapid.SampledFrom(unknowable).Draw(t, "unknowable")
				u.holds = func(modelPull) bool { return stands }
				r.predicates = slices.DeleteFunc(r.predicates, func(p modelPredicate) bool { return strings.HasPrefix(p.yaml, "has_author_in") })
				r.predicates = append(r.predicates, u)
				m.rules[name] = r
			}
		}
		imported, err := adopt.PolicyBot([]byte(m.yaml()), adopt.Options{Keepers: []string{"@keeper"}})
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, m.yaml(), imported.Policy)
		}
		p := load(t, imported.Policy)
		for range 4 {
			pull := drawModelPull(t)
			if p.Evaluate(pull.facts(p)).Status == policy.Met && m.node(modelNode{op: "and", children: m.approval}, pull) != approved {
				t.Fatalf("policy-bot would not approve what the policy lets through\n%s\n%+v\n%s", m.yaml(), pull, imported.Policy)
			}
		}
	})
}

func TestPolicyBotFilesThatAreNoPolicy(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"empty":               {"", "empty"},
		"not YAML":            {"a: [", "policy.yml"},
		"a list":              {"- a", "line 1"},
		"a remote":            {"remote: org/repo", `line 1: the file only points to the policy in "org/repo"`},
		"an unknown rule":     {"policy:\n  approval: [nothing]", `line 2: there is no rule "nothing"`},
		"a rule twice":        {"policy: {}\napproval_rules:\n- name: a\n- name: a", `line 4: there are two rules "a"`},
		"no name":             {"policy: {}\napproval_rules:\n- requires: {count: 1}", "line 3: a rule has no name"},
		"a number of words":   {"policy: {}\napproval_rules:\n- name: a\n  requires: {count: many}", "line 4: count"},
		"another conjunction": {"policy:\n  approval:\n  - xor: [a]", "line 3"},
		"nobody to keep it":   {"policy:\n  approval: [a]\napproval_rules:\n- name: a", "--keeper"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := adopt.PolicyBot([]byte(test.text), adopt.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func FuzzPolicyBot(f *testing.F) {
	files, _ := filepath.Glob("testdata/policybot/*.yml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("policy: {approval: [a]}\napproval_rules: [{name: a, if: {title: {matches: ['${x}%{y}']}}, requires: {count: 1, users: ['a\"b']}}]")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4000 {
			t.Skip("long")
		}
		imported, err := adopt.PolicyBot([]byte(text), adopt.Options{Keepers: []string{"@keeper"}})
		if err == nil {
			load(t, imported.Policy)
		}
	})
}
