package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The bounds of a check run's output.
// https://docs.github.com/en/rest/checks/runs#create-a-check-run
const (
	maxText        = 65535 // bytes stay below it, and so do characters
	maxTitle       = 120
	maxAnnotations = 50
	maxElements    = 10
)

// Output is what a check run shows.
type Output struct {
	Title       string
	Summary     string // Markdown
	Text        string // Markdown
	Annotations []Annotation
}

// Annotation is a remark on lines of a file of the pull request.
type Annotation struct {
	Path      string
	StartLine int // 1-based
	EndLine   int
	Level     string // notice, warning, failure
	Title     string
	Message   string
}

// Digest covers everything that the output shows; equal outputs have equal
// digests.
func (o Output) Digest() string {
	h := sha256.New()
	for _, s := range []string{o.Title, o.Summary, o.Text} {
		fmt.Fprintf(h, "%d\n%s", len(s), s)
	}
	for _, a := range o.Annotations {
		fmt.Fprintf(h, "%q %d %d %q %q %q\n", a.Path, a.StartLine, a.EndLine, a.Level, a.Title, a.Message)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// RecordShown is how many characters of a record's hash a check shows.
const RecordShown = 16

// WithRecord returns the output with the beginning of the hash of the
// decision's entry in the audit trail below its text: GitHub keeps it, out of
// reach of whoever could change the database. "" adds nothing.
func (o Output) WithRecord(hash string) Output {
	if hash == "" {
		return o
	}
	line := fmt.Sprintf("\n\nRecord `%.*s`\n", RecordShown, hash)
	o.Text = strings.TrimRight(bounded(o.Text, maxText-len(line)), "\n") + line
	return o
}

// Options is what a check says besides its decision.
type Options struct {
	// Asked are the logins and teams ("org/slug") whose review is requested.
	Asked []string
	// Choices say why they are, as far as is known.
	Choices []fact.Choice
	// Closed are the roles of which nobody is asked before their people work
	// again, and Draft is true where nobody is because it is a draft.
	Closed []Closed
	Draft  bool
	// Findings are what the change does, as far as the policy had it looked at.
	Findings fact.Findings
	// Shares are the numbers of other pull requests that have the same head
	// and check.
	Shares []int
	// Forged has the conclusion, or else the status, of each check of the
	// same name and commit that somebody else posted.
	Forged []string
}

// Closed says when a role's people work again.
type Closed struct {
	Role     string
	Opens    time.Time
	Timezone string // IANA name
}

// Check returns what the check run of a decision shows.
func Check(d policy.Decision, o Options) Output {
	n := titles(d)
	n.asked, n.why, n.closed = o.Asked, o.Choices, o.Closed
	out := Output{Title: n.title(d), Summary: bounded(n.summary(d, o), maxText), Text: bounded(n.text(d), maxText)}
	if d.Proposal != nil {
		out.Annotations = annotations(*d.Proposal)
	}
	return out
}

// lines visits what has a line of its own in the summary: every role
// requirement of the rules in force, and alternatives between roles as one.
func lines(d policy.Decision, visit func(policy.RuleResult, policy.Requirement)) {
	var walk func(policy.RuleResult, []policy.Requirement)
	walk = func(rule policy.RuleResult, rs []policy.Requirement) {
		for _, r := range rs {
			if r.Kind == policy.KindRole || r.Kind == policy.KindAny && !slices.ContainsFunc(r.Children, grouped) {
				visit(rule, r)
				continue
			}
			walk(rule, r.Children)
		}
	}
	for _, rule := range d.Rules {
		if rule.InForce {
			walk(rule, rule.Require)
		}
	}
}

func grouped(r policy.Requirement) bool { return r.Kind != policy.KindRole }

// titles collects the roles' titles from the requirements.
func titles(d policy.Decision) names {
	n := names{titles: map[string]string{}, skipped: map[string]bool{}}
	for _, debt := range d.Glass.Open() {
		n.skipped[debt.Rule] = true
	}
	d.EachRole(func(_ policy.RuleResult, r policy.Requirement) {
		if r.Title != "" {
			n.titles[r.Role] = r.Title
		}
	})
	return n
}

// title is one plain line: GitHub shows it beside the check's name.
func (n names) title(d policy.Decision) string {
	t := n.state(d)
	if d.Observe && d.Status != policy.Broken {
		t = "Observing only: " + t
	}
	if len(t) > maxTitle {
		t = cut(t, maxTitle-len("…")) + "…"
	}
	return t
}

func (n names) state(d policy.Decision) string {
	switch d.Status {
	case policy.Broken:
		if inForce(d) && d.Proposal != nil && d.Proposal.Loads() {
			return "The policy does not pass its own tests with this change"
		}
		if inForce(d) {
			return "The policy that this change brings does not load"
		}
		return "The policy cannot be used"
	case policy.Refused:
		return "Changes requested by " + strings.Join(n.blockers(d), ", ")
	case policy.Stuck:
		missing := strings.Join(n.roles(d, policy.Stuck), ", ")
		switch {
		case missing == "":
			return "Somebody has to act: see what to do"
		case n.onlyDRIs(d):
			return "No " + missing + " is named: comment /assign-dri @user"
		}
		return "Nobody can approve as " + missing + " yet: see what to do"
	case policy.Waiting:
		return "Waiting for " + cmp.Or(strings.Join(n.roles(d, policy.Waiting), ", "), "reviews")
	case policy.Owed:
		return n.glassTitle(d.Glass)
	case policy.Met, policy.Idle:
		if slices.ContainsFunc(d.Rules, blocks) {
			return "Every role that this change calls for has approved"
		}
		return "No rule asks for a review of this change"
	}
	return "The state of this change is not known"
}

// onlyDRIs reports whether nothing but a DRI's name is missing.
func (n names) onlyDRIs(d policy.Decision) bool {
	only := true
	lines(d, func(rule policy.RuleResult, r policy.Requirement) {
		if r.Status == policy.Stuck && !rule.Advice {
			only = only && slices.ContainsFunc(r.Reasons, func(r policy.Reason) bool { return r.Code == policy.DRIMissing })
		}
	})
	return only
}

func blocks(r policy.RuleResult) bool { return r.InForce && !r.Advice }

// roles names the roles whose requirements are in the given state, once each,
// in the order of the rules.
func (n names) roles(d policy.Decision, s policy.Status) []string {
	var out []string
	either := map[string][]string{} // alternatives by their name
	lines(d, func(rule policy.RuleResult, r policy.Requirement) {
		name := n.called(r)
		if r.Status != s || rule.Advice || n.skipped[rule.Name] || slices.Contains(out, name) {
			return
		}
		out = append(out, name)
		for _, child := range r.Children {
			either[name] = append(either[name], n.called(child))
		}
	})
	// Whom it waits for anyway may meet an alternative too.
	return slices.DeleteFunc(slices.Clone(out), func(name string) bool {
		return slices.ContainsFunc(either[name], func(one string) bool { return slices.Contains(out, one) })
	})
}

// called names a requirement in plain text.
func (n names) called(r policy.Requirement) string {
	if r.Kind == policy.KindAny {
		var alternatives []string
		for _, child := range r.Children {
			alternatives = append(alternatives, n.called(child))
		}
		return strings.Join(alternatives, " or ")
	}
	name := clean(cmp.Or(n.titles[r.Role], r.Role))
	if r.Role == "dri" {
		name = "DRI"
	}
	if r.Project != "" {
		name += " of " + clean(r.Project)
	}
	return name
}

func (n names) blockers(d policy.Decision) []string {
	var out []string
	d.EachRole(func(rule policy.RuleResult, r policy.Requirement) {
		for _, b := range r.Blockers {
			if b = clean(b); !rule.Advice && !slices.Contains(out, b) {
				out = append(out, b)
			}
		}
	})
	if len(out) == 0 {
		return []string{"a reviewer"}
	}
	return out
}

var icons = map[policy.Status]string{
	policy.Met: "✅", policy.Owed: "❗", policy.Waiting: "⏳", policy.Refused: "❌", policy.Stuck: "⛔", policy.Broken: "⛔", policy.Idle: "➖",
}

// icon marks a status; one that this version does not know is marked as such.
func icon(s policy.Status) string { return cmp.Or(icons[s], "❔") }

// summary is what to do where nobody can approve, what is odd, and the table
// of what is required, in the order in which they may be cut off.
func (n names) summary(d policy.Decision, o Options) string {
	var b strings.Builder
	for _, s := range n.odd(d, o) {
		fmt.Fprintf(&b, "> %s.\n\n", upper(s))
	}
	if d.Status == policy.Broken && !inForce(d) {
		diagnostics(&b, d.Diagnostics)
		if d.Proposal != nil {
			b.WriteString("\n")
		}
		proposal(&b, d)
		return b.String()
	}
	proposal(&b, d)
	if todo := n.todo(d); len(todo) > 0 {
		b.WriteString("**What to do**\n\n")
		for _, s := range todo {
			fmt.Fprintf(&b, "- %s.\n", upper(s))
		}
		b.WriteString("\n")
	}
	rows := 0
	table := func(advice bool) {
		lines(d, func(rule policy.RuleResult, r policy.Requirement) {
			if rule.Advice != advice {
				return
			}
			if rows++; rows == 1 {
				b.WriteString("| | Rule | Role | State | Who |\n|---|---|---|---|---|\n")
			}
			n.row(&b, rule, r)
		})
	}
	table(false)
	table(true)
	said := does(o.Findings)
	if rows > 0 && said != "" {
		b.WriteString("\n" + said)
	}
	if rows > 0 && d.Status != policy.Met && len(n.why) > 0 {
		if said == "" {
			b.WriteString("\n")
		}
		b.WriteString(n.choices())
	}
	if b.Len() == 0 { // GitHub wants a summary
		b.WriteString("No rule asks for a review of this change.\n")
	}
	n.impact(&b, d.Proposal)
	return b.String()
}

// odd is what concerns the check as a whole.
func (n names) odd(d policy.Decision, o Options) []string {
	var out []string
	if d.Glass != nil {
		// Its issue is opened once the check stands, which must not have to be
		// written anew for its number alone.
		glass := *d.Glass
		glass.Issue, d.Glass = 0, &glass
		out = append(out, n.broken(d))
	}
	if len(o.Forged) > 0 {
		var states []string
		for _, s := range slices.Compact(slices.Clone(o.Forged)) {
			states = append(states, plain(strings.ReplaceAll(s, "_", " ")))
		}
		out = append(out, fmt.Sprintf("somebody else posted %s of this name on this commit (%s): only rolecall's own counts, once the required check is tied to its App in the branch's rules",
			count(len(o.Forged), "check"), strings.Join(states, ", ")))
	}
	if o.Draft {
		out = append(out, "nobody is asked for a review while this is a draft")
	}
	if len(o.Shares) > 0 {
		var numbers []string
		for _, n := range o.Shares {
			numbers = append(numbers, fmt.Sprintf("#%d", n))
		}
		out = append(out, fmt.Sprintf("this commit is also the head of %s: the strictest decision is shown, that on #%d", strings.Join(numbers, ", "), d.Pull.Number))
	}
	d.EachRole(func(_ policy.RuleResult, r policy.Requirement) {
		for _, reason := range r.Reasons {
			stale := reason.Code == policy.HoldersStale || reason.Code == policy.HolidaysStale
			if s := n.words(reason); stale && r.Status != policy.Met && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	})
	for _, r := range d.Notes {
		if r.Code == policy.PolicyUnreadable && len(d.Diagnostics) > 0 {
			out = append(out, "the policy does not load, so nothing can be approved until it is mended on the default branch")
			continue
		}
		out = append(out, n.words(r))
	}
	return out
}

func (n names) row(b *strings.Builder, rule policy.RuleResult, r policy.Requirement) {
	name := code(rule.Name)
	if rule.Advice {
		name += " (advice)"
	}
	sign, state := icon(r.Status), n.stateOf(r)
	if n.skipped[rule.Name] && r.Status != policy.Met {
		sign, state = icon(policy.Owed), "SKIPPED ("+state+")"
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", sign, name, n.asRole(r), state, n.who(r))
}

// asRole names a requirement in Markdown.
func (n names) asRole(r policy.Requirement) string {
	if r.Kind == policy.KindAny {
		var alternatives []string
		for _, child := range r.Children {
			alternatives = append(alternatives, n.asRole(child))
		}
		return strings.Join(alternatives, " or ")
	}
	role := n.role(r.Role)
	if r.Project != "" {
		role += " of " + code(r.Project)
	}
	if r.StandIn != "" {
		role += " (" + n.role(r.StandIn) + " stands in)"
	}
	return role
}

func (n names) stateOf(r policy.Requirement) string {
	switch r.Status {
	case policy.Met:
		return "approved"
	case policy.Waiting:
		if r.Need > 1 {
			return fmt.Sprintf("%d of %d approvals", len(r.Counted), r.Need)
		}
		return "waiting"
	case policy.Refused:
		return "changes requested"
	case policy.Stuck:
		return "nobody can approve"
	}
	return string(r.Status)
}

// maxPeople is how many people a table's cell names.
const maxPeople = 6

func (n names) who(r policy.Requirement) string {
	if r.Kind == policy.KindAny {
		r = together(r)
	}
	if r.Status == policy.Met {
		var by []string
		for _, a := range r.Counted {
			by = append(by, person(a.By))
		}
		return strings.Join(by, ", ")
	}
	if len(r.Blockers) > 0 {
		return people(r.Blockers)
	}
	if len(r.May) > 0 && len(r.Teams) > 0 && slices.ContainsFunc(r.Reasons, func(r policy.Reason) bool { return r.Code == policy.HoldersUnknown }) {
		return n.mayApprove(r) + "; not known: who is in " + people(r.Teams)
	}
	if len(r.May) > 0 {
		return n.mayApprove(r)
	}
	for _, reason := range r.Reasons {
		if reason.Code == policy.DRIMissing {
			return "comment `/assign-dri @user`"
		}
	}
	if r.Status == policy.Waiting && len(r.Teams) > 0 { // whose members are not known
		return "any member of " + people(r.Teams)
	}
	return "nobody"
}

// together is a group of alternatives as one requirement, for its people.
func together(r policy.Requirement) policy.Requirement {
	for _, child := range r.Children {
		if r.Status != policy.Met || child.Status == policy.Met {
			r.Counted = append(r.Counted, child.Counted...)
		}
		r.May = append(r.May, child.May...)
		r.Teams = append(r.Teams, child.Teams...)
		r.Blockers = append(r.Blockers, child.Blockers...)
		r.Reasons = append(r.Reasons, child.Reasons...)
	}
	slices.SortFunc(r.Counted, func(x, y policy.Approval) int { return cmp.Compare(x.By, y.By) })
	r.Counted = slices.CompactFunc(r.Counted, func(x, y policy.Approval) bool { return x.By == y.By })
	for _, list := range []*[]string{&r.May, &r.Teams, &r.Blockers} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return r
}

// mayApprove names who is asked, and who else may approve.
func (n names) mayApprove(r policy.Requirement) string {
	var asked, others []string
	for _, login := range r.May {
		if slices.Contains(n.asked, login) {
			asked = append(asked, login)
		} else {
			others = append(others, login)
		}
	}
	var teams []string
	for _, team := range r.Teams {
		if slices.Contains(n.asked, team) {
			teams = append(teams, team)
		}
	}
	switch {
	case len(asked)+len(teams) == 0 && len(others) == 1:
		return people(others) + n.later(r)
	case len(asked)+len(teams) == 0:
		return "any of " + people(others) + n.later(r)
	case len(others) == 0:
		return people(append(asked, teams...)) + ", asked"
	case len(asked) == 0:
		return people(teams) + ", asked: any of " + people(others)
	}
	return people(append(asked, teams...)) + ", asked; or " + people(others)
}

// later says when somebody is asked who is not yet because the role's people do
// not work now.
func (n names) later(r policy.Requirement) string {
	i := slices.IndexFunc(n.closed, func(c Closed) bool { return c.Role == cmp.Or(r.StandIn, r.Role) })
	if i < 0 {
		return ""
	}
	c := n.closed[i]
	at, zone := c.Opens.UTC(), "UTC"
	if l, err := time.LoadLocation(c.Timezone); err == nil {
		at, zone = at.In(l), c.Timezone
	}
	return ", not asked before " + at.Format("Mon 2006-01-02 15:04 ") + zone + " (working hours)"
}

func people(logins []string) string {
	var out []string
	for _, l := range logins[:min(len(logins), maxPeople)] {
		out = append(out, person(l))
	}
	s := strings.Join(out, ", ")
	if more := len(logins) - len(out); more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// remedies are the codes whose words say what to do where nobody can approve.
var remedies = []policy.Code{
	policy.DRIMissing, policy.NobodyHolds, policy.NobodyLeft, policy.HoldersUnknown, policy.TooFewPeople, policy.TooFewDistinct,
}

// todo is what somebody has to do before any approval can help.
func (n names) todo(d policy.Decision) []string {
	var out []string
	add := func(reasons []policy.Reason) {
		for _, r := range reasons {
			if s := n.words(r); slices.Contains(remedies, r.Code) && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	for _, rule := range d.Rules {
		if rule.InForce && !rule.Advice && rule.Status == policy.Stuck {
			add(rule.Reasons)
		}
	}
	d.EachRole(func(rule policy.RuleResult, r policy.Requirement) {
		if !rule.Advice && r.Status == policy.Stuck {
			add(r.Reasons)
		}
	})
	return out
}

// upper raises the first letter of a sentence.
func upper(s string) string {
	if s != "" && 'a' <= s[0] && s[0] <= 'z' {
		return string(s[0]-'a'+'A') + s[1:]
	}
	return s
}

// bounded cuts Markdown at the end of a line so that it has at most n bytes,
// and says that it did.
func bounded(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const note = "\n\n*There is more than GitHub lets a check show: %d of %d lines were left out.*\n"
	kept := cut(s, n-len(note)-20)
	kept = kept[:strings.LastIndexByte(kept, '\n')+1]
	return kept + fmt.Sprintf(note, strings.Count(s, "\n")-strings.Count(kept, "\n"), strings.Count(s, "\n"))
}
