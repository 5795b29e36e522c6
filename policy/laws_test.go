package policy_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// A case is a random small policy and a random pull request that it may say
// much about.
type lawCase struct {
	head  string // roles and projects
	rules []string
	pull  fact.Pull
}

func (c lawCase) text(rules []string) string { return c.head + strings.Join(rules, "") }

func (c lawCase) policy(t *rapid.T) *policy.Policy { return lawPolicy(t, nil, c.text(c.rules)) }

func lawPolicy(t *rapid.T, floor *policy.Source, text string) *policy.Policy {
	p, diags := policy.Load(floor, &policy.Source{Name: "p", Bytes: []byte(text)})
	if p == nil {
		var b strings.Builder
		_ = policy.FormatDiagnostics(&b, diags, false)
		t.Fatalf("%s\n%s", b.String(), text)
	}
	return p
}

var lawPeople = []string{"p0", "p1", "p2", "p3", "p4", "p5"}

func anyone(t *rapid.T, what string) string { return rapid.SampledFrom(lawPeople).Draw(t, what) }

func someone(t *rapid.T, least int, what string) []string {
	out := rapid.SliceOfNDistinct(rapid.SampledFrom(lawPeople), least, 3, rapid.ID[string]).Draw(t, what)
	slices.Sort(out)
	return out
}

func drawHead(t *rapid.T, floor bool) string {
	var b strings.Builder
	prefix, mode := "", ""
	if floor {
		prefix, mode = "f", "floor = true"
	}
	fmt.Fprintf(&b, "policy {\nkeepers = [%q]\n%s\n}\n", prefix+"a", mode)
	for i, name := range []string{"a", "b", "c"} {
		var members []string
		for _, m := range someone(t, 1, "members of "+name) {
			members = append(members, fmt.Sprintf("%q", "@"+m))
		}
		list := strings.Join(members, ", ")
		if rapid.IntRange(0, 3).Draw(t, "rotates") == 0 {
			// Turns end between the reviews, which are from 2:00 on, or after noon.
			length := rapid.SampledFrom([]string{"15m", "11h", "24h"}).Draw(t, "length")
			fmt.Fprintf(&b, "role %q {\nrotation {\nstart = \"2026-03-02T02:00:00Z\"\nlength = %q\norder = [%s]\n}\n", prefix+name, length, list)
		} else {
			fmt.Fprintf(&b, "role %q {\nmembers = [%s]\n", prefix+name, list)
		}
		if i < 2 && rapid.Bool().Draw(t, "stand-in") {
			fmt.Fprintf(&b, "otherwise = %q\n", prefix+string("bc"[i]))
		}
		b.WriteString("}\n")
	}
	if floor {
		return b.String()
	}
	b.WriteString("role \"manager\" {\nmembers = [\"@p5\"]\n}\nrole \"dri\" {\ntitle = \"DRI\"\n}\n")
	for i, name := range []string{"d0", "d1"} {
		fmt.Fprintf(&b, "project %q {\nfiles = [%q]\n", name, name+"/**")
		if i == 0 || rapid.Bool().Draw(t, "has DRI") {
			fmt.Fprintf(&b, "dri = %q\n", "@"+anyone(t, "dri"))
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func drawRequire(t *rapid.T, roles []string, depth int) string {
	kinds := []string{"require", "require", "require"}
	if depth > 0 && len(roles) > 1 {
		kinds = append(kinds, "any", "all")
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	if kind == "require" {
		args := ""
		if n := rapid.IntRange(1, 3).Draw(t, "approvals"); n == 2 {
			args += "\napprovals = 2"
		}
		switch rapid.IntRange(0, 5).Draw(t, "allow") {
		case 0:
			args += "\nallow = [\"contributor\"]"
		case 1:
			args += "\nallow = [\"author\", \"contributor\"]"
		}
		return fmt.Sprintf("require %q {%s\n}\n", rapid.SampledFrom(roles).Draw(t, "role"), args)
	}
	out := kind + " {\n"
	// Two of one role would be a mistake in a policy.
	for i := range 2 {
		out += drawRequire(t, roles[i*len(roles)/2:(i+1)*len(roles)/2], depth-1)
	}
	return out + "}\n"
}

func drawRule(t *rapid.T, name, prefix string, uncovered bool) string {
	changes := []string{"", "files", `glob("d0/**")`, "go.files", `[for f in files : f if f.mode != "100755"]`,
		`[for r in terraform.resources : r if r.kind == "iam"]`, `concat(glob("d1/*"), terraform.resources)`}
	whens := []string{"", "", "", "", `label("security")`, fmt.Sprintf("label(\"l\", %q)", prefix+"a"), fmt.Sprintf("!label(\"l\", %q)", prefix+"b"),
		fmt.Sprintf("author_in(%q)", prefix+"c"), fmt.Sprintf("!author_in(%q)", prefix+"a"), `length(terraform.resources) < 2`}
	roles := []string{prefix + "a", prefix + "b", prefix + "c"}
	if prefix == "" {
		changes = append(changes, "projects.files")
		roles = append(roles, "dri")
	}
	if uncovered {
		changes = append(changes, "uncovered.files")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rule %q {\n", name)
	if c := rapid.SampledFrom(changes).Draw(t, "changes"); c != "" {
		fmt.Fprintf(&b, "changes = %s\n", c)
	}
	if w := rapid.SampledFrom(whens).Draw(t, "when"); w != "" {
		fmt.Fprintf(&b, "when = %s\n", w)
	}
	fmt.Fprintf(&b, "distinct = %v\nsticky = %q\n", rapid.Bool().Draw(t, "distinct"), rapid.SampledFrom([]string{"scope", "scope", "patch", "never"}).Draw(t, "sticky"))
	if rapid.IntRange(0, 5).Draw(t, "advice") == 0 {
		b.WriteString("advice = true\n")
	}
	n := rapid.IntRange(1, 2).Draw(t, "requirements")
	for i := range n {
		b.WriteString(drawRequire(t, roles[i*len(roles)/n:(i+1)*len(roles)/n], 1))
	}
	b.WriteString("}\n")
	return b.String()
}

func drawReview(t *rapid.T, id int64) fact.Review {
	r := fact.Review{
		ID: id, Author: fact.Person{Login: anyone(t, "reviewer")}, At: at(rapid.IntRange(0, 30).Draw(t, "minute")),
		State:  rapid.SampledFrom([]string{fact.Approved, fact.Approved, fact.Approved, fact.ChangesRequested, fact.Commented, fact.Dismissed}).Draw(t, "state"),
		Commit: rapid.SampledFrom([]string{"head", "head", "old"}).Draw(t, "commit"),
	}
	if rapid.Bool().Draw(t, "delivered") {
		r.Delivered = r.Commit
	}
	return r
}

func drawEntry(t *rapid.T, what string) fact.Maybe[fact.Entry] {
	return rapid.SampledFrom([]fact.Maybe[fact.Entry]{
		entry("1"), entry("1"), entry("2"), fact.Known(fact.Entry{Mode: "100755", Blob: "1"}), fact.Unknown[fact.Entry]("not read"),
	}).Draw(t, what)
}

var lawPaths = []string{"d0/a", "d0/b.go", "d1/a", "x.go", ".github/rolecall.hcl"}

func drawPull(t *rapid.T, p *policy.Policy) fact.Pull {
	pull := fact.Pull{
		Ref: fact.Ref{Owner: "acme", Repo: "r", Number: 1}, Now: noon, State: "open", DefaultBranch: "main", MergeBase: "mb",
		Author: fact.Person{Login: anyone(t, "author")},
		Base:   fact.Branch{Ref: "main", SHA: "base"}, Head: fact.Branch{Ref: "topic", SHA: "head"},
		Roster: roster(p, nil), Snapshots: map[string]fact.Snapshot{},
	}
	pull.Commits = []fact.Commit{{SHA: "head", People: []fact.Person{pull.Author}}}
	for _, login := range someone(t, 0, "contributors")[:] {
		if rapid.IntRange(0, 2).Draw(t, "contributes") == 0 {
			pull.Commits = append(pull.Commits, fact.Commit{SHA: "c-" + login, People: []fact.Person{{Login: login}}})
		}
	}
	snap := fact.Snapshot{Commit: "old", MergeBase: fact.Known("mb"), Head: map[string]fact.Entry{}, Base: map[string]fact.Entry{}, Patches: map[string]string{}}
	for _, path := range lawPaths {
		of := 2
		if path == policy.RepoPath {
			of = 5
		}
		if n := rapid.IntRange(0, of).Draw(t, "changes "+path); n == 0 || n > 2 {
			continue
		}
		f := fact.File{Path: path, Status: fact.Modified, Base: drawEntry(t, "base"), Head: drawEntry(t, "head"), Patch: fact.Known("p")}
		pull.Files = append(pull.Files, f)
		if strings.HasSuffix(path, ".go") {
			pull.Findings.Go.Files = append(pull.Findings.Go.Files, path)
		}
		if then := drawEntry(t, "then"); then.IsKnown() {
			snap.Head[path], snap.Base[path], snap.Patches[path] = then.Value, f.Base.Value, "p"
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "renames") == 0 {
		f := fact.File{Path: "d1/new", PreviousPath: "d0/old", Status: fact.Renamed, Base: entry("1"), Head: drawEntry(t, "renamed"), Patch: fact.Known("p")}
		pull.Files = append(pull.Files, f)
		if then := drawEntry(t, "renamed then"); then.IsKnown() {
			snap.Head["d1/new"], snap.Base["d1/new"] = then.Value, fact.Entry{}
			snap.Head["d0/old"], snap.Base["d0/old"] = fact.Entry{}, f.Base.Value
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "resources") {
		r := resource(fmt.Sprintf("google_x.r%d", i), rapid.SampledFrom([]fact.Maybe[string]{fact.Known("iam"), fact.Known("dns"), fact.Unknown[string]("no such type")}).Draw(t, "kind"), "d1/a")
		pull.Findings.Terraform.Resources.Items = append(pull.Findings.Terraform.Resources.Items, r)
	}
	pull.Snapshots["old"] = snap
	for i := range rapid.IntRange(0, 6).Draw(t, "reviews") {
		pull.Reviews = append(pull.Reviews, drawReview(t, int64(i+1)))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "label events") {
		e := fact.LabelEvent{
			Label: rapid.SampledFrom([]string{"l", "security"}).Draw(t, "label"), Added: rapid.Bool().Draw(t, "added"),
			By: fact.Person{Login: anyone(t, "labels")}, At: at(i),
		}
		pull.LabelEvents = append(pull.LabelEvents, e)
		pull.Labels = slices.DeleteFunc(pull.Labels, func(s string) bool { return s == e.Label })
		if e.Added {
			pull.Labels = append(pull.Labels, e.Label)
		}
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "commands") {
		text := rapid.SampledFrom([]string{"/assign-dri @%s", "/assign-dri @%s d0", "/unassign-dri", "/delegate @%s", "/delegate @%s until 2026-03-02", "/needs-security x"}).Draw(t, "command")
		if strings.Contains(text, "%s") {
			text = fmt.Sprintf(text, anyone(t, "of"))
		}
		say(&pull, "member", command(anyone(t, "says"), text, i+1))
	}
	if rapid.IntRange(0, 3).Draw(t, "force-push") == 0 {
		pull.ForcePushes = []fact.ForcePush{{At: at(rapid.IntRange(0, 30).Draw(t, "pushed"))}}
	}
	return pull
}

func drawCase(t *rapid.T, uncovered bool) lawCase {
	c := lawCase{head: drawHead(t, false)}
	for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
		c.rules = append(c.rules, drawRule(t, fmt.Sprintf("r%d", i), "", uncovered))
	}
	c.pull = drawPull(t, c.policy(t))
	return c
}

func rank(s policy.Status) int {
	return slices.Index([]policy.Status{policy.Met, policy.Waiting, policy.Stuck, policy.Refused, policy.Broken}, s)
}

func TestAddingAnApprovalNeverMakesADecisionWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		p := c.policy(t)
		before := p.Evaluate(c.pull)
		r := drawReview(t, 99)
		r.State = fact.Approved
		c.pull.Reviews = append(c.pull.Reviews, r)
		after := p.Evaluate(c.pull)
		if rank(after.Status) > rank(before.Status) {
			t.Fatalf("worse by %+v\n%s\n%s\n%s", r, c.text(c.rules), describe(before), describe(after))
		}
	})
}

func TestAddingARuleNeverMakesADecisionBetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, false)
		before := c.policy(t).Evaluate(c.pull)
		at := rapid.IntRange(0, len(c.rules)).Draw(t, "at")
		more := slices.Insert(slices.Clone(c.rules), at, drawRule(t, "more", "", false))
		after := lawPolicy(t, nil, c.text(more)).Evaluate(c.pull)
		if rank(after.Status) < rank(before.Status) {
			t.Fatalf("better by rule %d of\n%s\n%s\n%s", at, c.text(more), describe(before), describe(after))
		}
	})
}

var lawLogin = regexp.MustCompile(`\bp([0-5])\b`)

func renamed[T any](t *rapid.T, v T, name func(string) string) T {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	data = lawLogin.ReplaceAllFunc(data, func(b []byte) []byte { return []byte(name(string(b))) })
	var out T
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRenamingPeopleChangesNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		before := c.policy(t).Evaluate(c.pull)
		inOrder := func(s string) string { return "q" + s[1:] }
		if got, want := c.renamed(t, inOrder), renamed(t, before, inOrder); !sameDecision(got, want) {
			t.Fatalf("renamed in order:\n%s\n%s", describe(got), describe(want))
		}
		turned := func(s string) string { return fmt.Sprintf("q%d", 9-int(s[1]-'0')) }
		got := c.renamed(t, turned)
		if got.Status != before.Status {
			t.Fatalf("renamed: %s, was %s", got.Status, before.Status)
		}
		for i, r := range got.Rules {
			if r.Status != before.Rules[i].Status {
				t.Fatalf("renamed: rule %s is %s, was %s", r.Name, r.Status, before.Rules[i].Status)
			}
		}
	})
}

func (c lawCase) renamed(t *rapid.T, name func(string) string) policy.Decision {
	text := lawLogin.ReplaceAllStringFunc(c.text(c.rules), name)
	return lawPolicy(t, nil, text).Evaluate(renamed(t, c.pull, name))
}

func sameDecision(a, b policy.Decision) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// settled puts a decision's lists in an order that does not depend on that of
// rules, files and reviews.
func settled(d policy.Decision) policy.Decision {
	slices.SortFunc(d.Rules, func(a, b policy.RuleResult) int { return cmp.Compare(a.Name, b.Name) })
	for i := range d.Rules {
		for j := range d.Rules[i].Reasons {
			d.Rules[i].Reasons[j].Paths = slices.Sorted(slices.Values(d.Rules[i].Reasons[j].Paths))
		}
		slices.SortFunc(d.Rules[i].Elements, func(a, b policy.Element) int { return cmp.Compare(a.Summary, b.Summary) })
	}
	slices.SortFunc(d.Reviews, func(a, b policy.ReviewVerdict) int { return cmp.Compare(a.Review, b.Review) })
	for i := range d.Reviews {
		slices.SortFunc(d.Reviews[i].Counts, func(a, b policy.RuleRole) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		slices.SortFunc(d.Reviews[i].Reasons, func(a, b policy.Reason) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	}
	d.Policy = nil
	return d
}

func TestOrderChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		before := settled(c.policy(t).Evaluate(c.pull))
		pull := c.pull
		pull.Files = rapid.Permutation(pull.Files).Draw(t, "files")
		pull.Reviews = rapid.Permutation(pull.Reviews).Draw(t, "reviews")
		rules := rapid.Permutation(c.rules).Draw(t, "rules")
		after := settled(lawPolicy(t, nil, c.text(rules)).Evaluate(pull))
		if !sameDecision(before, after) {
			t.Fatalf("%s\n%s\n%s", c.text(c.rules), describe(before), describe(after))
		}
	})
}

// forget makes part of the facts unknown, as if nobody could have seen it.
func forget(t *rapid.T, pull fact.Pull) (fact.Pull, string) {
	drop := func(n int, what string) int {
		if n == 0 {
			return -1
		}
		return rapid.IntRange(0, n-1).Draw(t, what)
	}
	gap := func(about string) {
		pull.Gaps = append(slices.Clone(pull.Gaps), fact.Gap{About: about, Reason: "forgotten"})
	}
	what := rapid.SampledFrom([]string{"entry", "file", "snapshot", "path", "reviews", "commits", "labels", "pushes", "comments", "role", "member", "all", "kind", "resource"}).Draw(t, "forget")
	switch what {
	case "entry", "file":
		i := drop(len(pull.Files), "file")
		if i < 0 {
			break
		}
		f := pull.Files[i]
		if what == "entry" {
			pull.Files = slices.Clone(pull.Files)
			pull.Files[i].Head = fact.Unknown[fact.Entry]("forgotten")
			break
		}
		pull.Files = slices.Delete(slices.Clone(pull.Files), i, i+1)
		g := fact.Gap{About: fact.AboutFiles, Reason: "forgotten"}
		if rapid.Bool().Draw(t, "by name") {
			g.Paths = []string{f.Path}
		}
		pull.Gaps = append(slices.Clone(pull.Gaps), g)
	case "snapshot":
		pull.Snapshots = map[string]fact.Snapshot{}
	case "path":
		s := pull.Snapshots["old"]
		s.Head = map[string]fact.Entry{}
		pull.Snapshots = map[string]fact.Snapshot{"old": s}
	case "reviews":
		if i := drop(len(pull.Reviews), "review"); i >= 0 {
			pull.Reviews = slices.Delete(slices.Clone(pull.Reviews), i, i+1)
		}
		gap(fact.AboutReviews)
	case "commits":
		pull.Commits = pull.Commits[:1]
		gap(fact.AboutCommits)
	case "labels":
		if i := drop(len(pull.LabelEvents), "event"); i >= 0 {
			pull.LabelEvents = slices.Delete(slices.Clone(pull.LabelEvents), i, i+1)
		}
		gap(fact.AboutTimeline)
	case "pushes":
		pull.ForcePushes = nil
		gap(fact.AboutTimeline)
	case "comments":
		if i := drop(len(pull.Commands), "command"); i >= 0 {
			pull.Commands = slices.Delete(slices.Clone(pull.Commands), i, i+1)
		}
		gap(fact.AboutComments)
	case "role", "member":
		role := rapid.SampledFrom([]string{"a", "b", "c", "manager"}).Draw(t, "role")
		roles := map[string]fact.Holders{}
		for k, v := range pull.Roster.Roles {
			roles[k] = v
		}
		pull.Roster.Roles = roles
		if what == "role" {
			delete(roles, role)
			break
		}
		h := roles[role]
		roles[role] = fact.Holders{List: h.List[min(1, len(h.List)):], Gaps: []fact.Gap{{Reason: "forgotten"}}}
	case "all":
		gap("")
	case "kind", "resource":
		list := slices.Clone(pull.Findings.Terraform.Resources.Items)
		i := drop(len(list), "resource")
		if i < 0 {
			break
		}
		if what == "kind" {
			list[i].Kind = fact.Unknown[string]("forgotten")
			pull.Findings.Terraform.Resources.Items = list
			break
		}
		gone := fact.Gap{Paths: list[i].Paths, Reason: "forgotten"}
		pull.Findings.Terraform.Resources = fact.List[fact.Resource]{Items: slices.Delete(list, i, i+1), Gaps: []fact.Gap{gone}}
	}
	return pull, what
}

func TestMoreUnknownNeverLetsAChangeThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		p := c.policy(t)
		before := p.Evaluate(c.pull)
		pull, what := forget(t, c.pull)
		after := p.Evaluate(pull)
		if after.Status == policy.Met && before.Status != policy.Met {
			t.Fatalf("let through by forgetting %s\n%s\n%s\n%s", what, c.text(c.rules), describe(before), describe(after))
		}
		for i, was := range before.Rules {
			is := after.Rules[i]
			switch {
			case was.InForce && !is.InForce:
				t.Fatalf("rule %s is no longer in force by forgetting %s\n%s\n%s\n%s", was.Name, what, c.text(c.rules), describe(before), describe(after))
			case was.InForce && is.Status == policy.Met && was.Status != policy.Met:
				t.Fatalf("rule %s is met by forgetting %s\n%s\n%s\n%s", was.Name, what, c.text(c.rules), describe(before), describe(after))
			case was.InForce && what != "file" && !within(was.Scope, is.Scope):
				t.Fatalf("rule %s covers less by forgetting %s\n%s\n%s\n%s", was.Name, what, c.text(c.rules), describe(before), describe(after))
			}
		}
	})
}

func TestARepositorysFileNeverWeakensAFloor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		text := drawHead(t, true)
		for i := range rapid.IntRange(1, 2).Draw(t, "floor rules") {
			text += drawRule(t, fmt.Sprintf("f%d", i), "f", true)
		}
		floor := &policy.Source{Name: "floor", Bytes: []byte(text)}
		alone, _ := policy.Load(floor, nil)
		both := lawPolicy(t, floor, c.text(c.rules))
		c.pull.Roster = roster(both, nil)
		before, after := alone.Evaluate(c.pull), both.Evaluate(c.pull)
		if rank(after.Status) < rank(before.Status) {
			t.Fatalf("weaker with\n%s\n%s\n%s", c.text(c.rules), describe(before), describe(after))
		}
		for i, r := range before.Rules {
			x, _ := json.Marshal(r)
			y, _ := json.Marshal(after.Rules[i])
			if string(x) != string(y) {
				t.Fatalf("the floor's rule %s is another beside\n%s\n%s\n%s", r.Name, c.text(c.rules), x, y)
			}
		}
	})
}

// seatable tries by brute force whether one person can be found for each place
// of some way to meet a requirement.
func seatable(ways [][]string, members map[string][]string, approved []string) bool {
	var fill func(places []string, used map[string]bool) bool
	fill = func(places []string, used map[string]bool) bool {
		if len(places) == 0 {
			return true
		}
		for _, login := range members[places[0]] {
			if used[login] || !slices.Contains(approved, login) {
				continue
			}
			used[login] = true
			if fill(places[1:], used) {
				return true
			}
			delete(used, login)
		}
		return false
	}
	return slices.ContainsFunc(ways, func(places []string) bool { return fill(places, map[string]bool{}) })
}

// waysOf draws a requirement and lists every way to meet it, as roles.
func waysOf(t *rapid.T, roles []string, depth int) (text string, ways [][]string) {
	kind := "require"
	if depth > 0 && len(roles) > 1 {
		kind = rapid.SampledFrom([]string{"require", "any", "all"}).Draw(t, "kind")
	}
	if kind == "require" {
		role := rapid.SampledFrom(roles).Draw(t, "role")
		n := rapid.IntRange(1, 2).Draw(t, "approvals")
		return fmt.Sprintf("require %q {\napprovals = %d\n}\n", role, n), [][]string{slices.Repeat([]string{role}, n)}
	}
	half := len(roles) / 2
	t1, w1 := waysOf(t, roles[:half], depth-1)
	t2, w2 := waysOf(t, roles[half:], depth-1)
	text = kind + " {\n" + t1 + t2 + "}\n"
	if kind == "any" {
		return text, slices.Concat(w1, w2)
	}
	return text, bothOf(w1, w2)
}

func bothOf(w1, w2 [][]string) (ways [][]string) {
	for _, a := range w1 {
		for _, b := range w2 {
			ways = append(ways, slices.Concat(a, b))
		}
	}
	return ways
}

func TestTheMatchingAgreesWithBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := map[string][]string{}
		text := "policy {\nkeepers = [\"a\"]\n}\n"
		roles := []string{"a", "b", "c", "d", "e", "f"}
		for _, role := range roles {
			members[role] = someone(t, 1, role)
			text += fmt.Sprintf("role %q {\nmembers = [%s]\n}\n", role, `"@`+strings.Join(members[role], `", "@`)+`"`)
		}
		t1, w1 := waysOf(t, roles[:4], 2)
		t2, w2 := waysOf(t, roles[4:], 1)
		text += "rule \"r\" {\ndistinct = true\n" + t1 + t2 + "}\n"
		p, _ := policy.Load(nil, &policy.Source{Name: "p", Bytes: []byte(text)})
		if p == nil {
			t.Fatal(text)
		}
		pull := fact.Pull{
			Author: fact.Person{Login: "dan"}, Now: noon.Add(time.Hour), Head: fact.Branch{SHA: "head"}, Base: fact.Branch{Ref: "main"},
			Files: []fact.File{file("x", "b")}, Roster: roster(p, nil),
		}
		approved := someone(t, 0, "approved")
		for i, by := range approved {
			pull.Reviews = append(pull.Reviews, approve(by, i+1))
		}
		d := p.Evaluate(pull)
		ways := bothOf(w1, w2)
		want := policy.Stuck
		if seatable(ways, members, lawPeople) {
			want = policy.Waiting
		}
		if seatable(ways, members, approved) {
			want = policy.Met
		}
		if d.Status != want {
			t.Fatalf("%s, by brute force %s, approved by %v\n%s\n%s", d.Status, want, approved, text, describe(d))
		}
		seen := map[string]bool{}
		for _, l := range leaves(d.Rules[0].Require) {
			for _, c := range l.Counted {
				if seen[c.By] {
					t.Fatalf("%s counts twice\n%s", c.By, describe(d))
				}
				seen[c.By] = true
			}
		}
	})
}

func TestTimeAloneChangesNothingBeforeADecisionExpires(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		p := c.policy(t)
		before := p.Evaluate(c.pull)
		if !before.ValidUntil.IsZero() && !before.ValidUntil.After(c.pull.Now) {
			t.Fatalf("it expired at %v, before it was made", before.ValidUntil)
		}
		last := 60 * 24 * time.Hour
		if !before.ValidUntil.IsZero() {
			last = before.ValidUntil.Sub(c.pull.Now) - 1
		}
		later := c.pull
		later.Now = c.pull.Now.Add(time.Duration(rapid.Int64Range(0, int64(last)).Draw(t, "later")))
		after := p.Evaluate(later)
		until := before.ValidUntil
		before.ValidUntil, after.ValidUntil = time.Time{}, time.Time{}
		if diff := gocmp.Diff(before, after); diff != "" {
			t.Fatalf("at %v and at %v, and valid until %v (-before +after):\n%s\n%s", c.pull.Now, later.Now, until, diff, c.text(c.rules))
		}
	})
}

func TestTheLawsAreHeldOverCasesOfEveryKind(t *testing.T) {
	const draws = 600
	cases := rapid.Custom(func(t *rapid.T) policy.Decision {
		c := drawCase(t, true)
		return c.policy(t).Evaluate(c.pull)
	})
	seen := map[string]int{}
	count := func(rs []policy.Reason) {
		for _, r := range rs {
			seen[string(r.Code)]++
		}
	}
	for i := range draws {
		d := cases.Example(i)
		seen["decision "+string(d.Status)]++
		count(d.Notes)
		for _, r := range d.Rules {
			seen["rule "+string(r.Status)]++
			count(r.Reasons)
			for _, l := range leaves(r.Require) {
				seen["requirement "+string(l.Status)]++
				count(l.Reasons)
			}
		}
		for _, v := range d.Reviews {
			count(v.Reasons)
		}
		for _, v := range d.Commands {
			count(v.Reasons)
			seen[fmt.Sprintf("command accepted %v", v.Accepted)]++
		}
		if !d.ValidUntil.IsZero() {
			seen["expires"]++
		}
	}
	for _, s := range []policy.Status{policy.Met, policy.Waiting, policy.Stuck, policy.Refused} {
		if n := seen["decision "+string(s)]; n < draws/50 {
			t.Errorf("%d of %d decisions are %s", n, draws, s)
		}
	}
	for _, what := range []string{
		"rule idle", "rule met", "rule waiting", "rule stuck", "rule refused", "requirement idle", "requirement met", "requirement stuck", "command accepted true", "command accepted false", "expires",
		"changes_unknown", "changes_empty", "when_false", "when_unknown", "label_seen", "label_doubted", "is_author", "is_contributor", "review_overtaken", "review_dismissed", "review_comments",
		"review_force_pushed", "review_holds_nothing", "review_shown", "review_blocks", "review_stale", "review_not_head", "review_out_of_turn", "review_used", "author_is_dri", "dri_missing", "nobody_left", "stood_in",
		"too_few_people", "too_few_distinct", "alternative_chosen", "no_project_touched", "policy_file_changed", "no_rule_asks", "command_by_contributor", "command_for_contributor", "command_needs_role", "command_untouched",
	} {
		if seen[what] == 0 {
			t.Errorf("no case reaches %s", what)
		}
	}
	if t.Failed() || testing.Verbose() {
		for _, k := range slices.Sorted(maps.Keys(seen)) {
			t.Logf("%-40s %d", k, seen[k])
		}
	}
}

func TestAnApprovalFollowsTheFilesThatItCoversAndNoOthers(t *testing.T) {
	reached := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		if len(c.pull.Files) == 0 {
			t.Skip("no files")
		}
		p := c.policy(t)
		// Everybody approved an older commit, on which all was as it is now.
		c.pull.ForcePushes, c.pull.Reviews = nil, nil
		for i, by := range lawPeople {
			c.pull.Reviews = append(c.pull.Reviews, review(by, fact.Approved, i+1, "old"))
		}
		snap := fact.Snapshot{Commit: "old", MergeBase: fact.Known("mb"), Head: map[string]fact.Entry{}, Base: map[string]fact.Entry{}}
		for _, f := range c.pull.Files {
			for _, path := range f.Paths() {
				snap.Head[path], snap.Base[path] = fact.Entry{}, fact.Entry{}
			}
		}
		for _, f := range c.pull.Files {
			snap.Head[f.Path], snap.Base[f.Paths()[0]] = f.Head.Value, f.Base.Value
		}
		c.pull.Snapshots = map[string]fact.Snapshot{"old": snap}
		before := p.Evaluate(c.pull)
		after := c.pull
		after.Files = slices.Clone(c.pull.Files)
		f := &after.Files[rapid.IntRange(0, len(after.Files)-1).Draw(t, "file")]
		side := rapid.SampledFrom([]*fact.Maybe[fact.Entry]{&f.Head, &f.Base}).Draw(t, "side")
		if !side.IsKnown() {
			t.Skip("its entry is not known, so that its mode could change as well")
		}
		*side, f.Patch = fact.Known(fact.Entry{Mode: side.Value.Mode, Blob: "another"}), fact.Known("another")
		changed := func(s policy.Scope) bool {
			return s.All || slices.ContainsFunc(f.Paths(), func(p string) bool { return slices.Contains(s.Paths, p) })
		}
		for i, r := range p.Evaluate(after).Rules {
			was := leaves(before.Rules[i].Require)
			for j, l := range leaves(r.Require) {
				for _, a := range l.Counted {
					if a.Commit == "old" && changed(l.Scope) {
						t.Fatalf("%s counts for %s over %v, of which %s is another\n%s\n%s", a.By, r.Name, l.Scope, f.Path, c.text(c.rules), describe(before))
					}
				}
				if changed(l.Scope) {
					for _, a := range was[j].Counted {
						if a.Commit == "old" {
							reached["falls"]++
						}
					}
					continue
				}
				if before.Rules[i].Distinct {
					continue // whose seats are also other requirements'
				}
				if fmt.Sprint(l.Counted) != fmt.Sprint(was[j].Counted) {
					t.Fatalf("%v counted for %s over %v, and once %s is another %v\n%s\n%s", was[j].Counted, r.Name, l.Scope, f.Path, l.Counted, c.text(c.rules), describe(before))
				}
				for _, a := range l.Counted {
					if a.Commit == "old" {
						reached["stands"]++
					}
				}
			}
		}
	})
	if !t.Failed() && (reached["falls"] == 0 || reached["stands"] == 0) {
		t.Errorf("no case reaches it: %v", reached)
	}
}

func TestARequestForChangesBlocksUntilThatPersonApproves(t *testing.T) {
	reached := 0
	rapid.Check(t, func(t *rapid.T) {
		c := drawCase(t, true)
		p := c.policy(t)
		find := func(d policy.Decision, rule, leaf int) policy.Requirement { return leaves(d.Rules[rule].Require)[leaf] }
		by := func(l policy.Requirement, login string) bool {
			return slices.ContainsFunc(l.Counted, func(a policy.Approval) bool { return a.By == login && a.Review != 0 })
		}
		for i, r := range p.Evaluate(c.pull).Rules {
			for j, l := range leaves(r.Require) {
				for _, a := range l.Counted {
					if a.Review == 0 {
						continue
					}
					reached++
					pull := c.pull
					// The latest of their reviews of that moment, so that they hold the role.
					last := fact.Review{ID: 1000, Author: fact.Person{Login: a.By}, State: fact.ChangesRequested, At: a.At, Commit: "old"}
					pull.Reviews = slices.DeleteFunc(slices.Clone(pull.Reviews), func(r fact.Review) bool { return r.Author.Login == a.By && r.At.After(a.At) })
					pull.Reviews = append(pull.Reviews, last)
					d := p.Evaluate(pull)
					if got := find(d, i, j); got.Status != policy.Refused || by(got, a.By) || !slices.Contains(got.Blockers, a.By) {
						t.Fatalf("%s requests changes, and %s of %s is %s\n%s\n%s", a.By, l.Role, r.Name, got.Status, c.text(c.rules), describe(d))
					}
					last.ID, last.State, last.Commit, last.Delivered = 1001, fact.Approved, "head", "head"
					pull.Reviews = append(pull.Reviews, last)
					d = p.Evaluate(pull)
					if got := find(d, i, j); slices.Contains(got.Blockers, a.By) || !r.Distinct && got.Status != policy.Idle && !by(got, a.By) {
						t.Fatalf("%s approves again, and %s of %s is %s\n%s\n%s", a.By, l.Role, r.Name, got.Status, c.text(c.rules), describe(d))
					}
				}
			}
		}
	})
	if !t.Failed() && reached == 0 {
		t.Error("no case reaches it")
	}
}
