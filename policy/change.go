package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Change is one difference between two decisions, with its reasons. Which of
// its fields are set depends on Kind; each kind's comment says.
type Change struct {
	Kind    ChangeKind `json:"kind"`
	Rule    string     `json:"rule,omitempty"`
	Floor   bool       `json:"floor,omitempty"` // the rule is the floor's
	Role    string     `json:"role,omitempty"`
	Project string     `json:"project,omitempty"`
	Person  string     `json:"person,omitempty"`
	Label   string     `json:"label,omitempty"`
	Review  int64      `json:"review,omitempty"`
	From    string     `json:"from,omitempty"`
	To      string     `json:"to,omitempty"`
	// Added and Removed are what a list gained and lost, in order.
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	// Reasons are the later decision's, or the earlier one's for what is gone.
	Reasons []Reason `json:"reasons,omitempty"`
}

// ChangeKind says what a Change is about.
type ChangeKind string

// The kinds of Change, in the order in which [Compare] lists them.
const (
	// PullChanged: the decisions are of different pull requests. From, To.
	PullChanged ChangeKind = "pull"
	// HeadChanged: another commit was evaluated. From and To are SHAs.
	HeadChanged ChangeKind = "head"
	// BaseChanged: the base branch, and with it perhaps the check, is another.
	// From and To name the check.
	BaseChanged ChangeKind = "base"
	// PolicyChanged: a source of the policy came, went or changed. Added or
	// Removed is its name; or From and To are its blobs, and Added its name.
	PolicyChanged ChangeKind = "policy"
	// ModeChanged: the policy blocks, or no longer does. From and To are
	// "enforce" and "observe".
	ModeChanged ChangeKind = "mode"
	// StatusChanged: the decision's own status. From, To; Reasons are the notes
	// that are new. What follows says why.
	StatusChanged ChangeKind = "status"

	// RuleAdded and RuleRemoved: the policy has a rule more, or less. Rule; To,
	// or From, is its status.
	RuleAdded   ChangeKind = "rule_added"
	RuleRemoved ChangeKind = "rule_removed"
	// RuleChanged: the rule's status, which is idle where it is not in force.
	// Rule, From, To; Reasons say why it is in force or not.
	RuleChanged ChangeKind = "rule"
	// ScopeChanged: the files that an approval for the rule covers. Rule; Added
	// and Removed are paths, or "**" for all files.
	ScopeChanged ChangeKind = "scope"
	// RequirementAdded, RequirementRemoved and RequirementChanged: Rule, Role,
	// Project; From and To are statuses; Reasons are the requirement's.
	RequirementAdded   ChangeKind = "requirement_added"
	RequirementRemoved ChangeKind = "requirement_removed"
	RequirementChanged ChangeKind = "requirement"
	// ApprovalCounts and ApprovalLost: a person's approval counts for a
	// requirement, or no longer does. Rule, Role, Project, Person, Review;
	// Reasons of a lost one say why.
	ApprovalCounts ChangeKind = "approval_counts"
	ApprovalLost   ChangeKind = "approval_lost"
	// ChangesRequested and ChangesSettled: a holder of a required role requests
	// changes, or no longer does. Rule, Role, Project, Person.
	ChangesRequested ChangeKind = "changes_requested"
	ChangesSettled   ChangeKind = "changes_settled"
	// StandInChanged: who stands in for a role. Rule, Role, Project; From and To
	// are roles, "" for none.
	StandInChanged ChangeKind = "stand_in"
	// CandidatesChanged: who could meet a requirement. Rule, Role, Project;
	// Added and Removed are logins.
	CandidatesChanged ChangeKind = "candidates"
	// DetailsChanged: anything else about a rule, such as its description, its
	// reasons or how its requirements are grouped. Rule; Reasons are the rule's.
	DetailsChanged ChangeKind = "details"

	// ReviewAdded, ReviewRemoved and ReviewChanged: a review, its state, or what
	// became of it. Review, Person; From and To are states; Reasons say why it
	// does not count, where it does not.
	ReviewAdded   ChangeKind = "review_added"
	ReviewRemoved ChangeKind = "review_removed"
	ReviewChanged ChangeKind = "review"
	// PersonExcluded and PersonAdmitted: somebody's approval cannot count by
	// default, or could now. Person, their login or name; Reasons.
	PersonExcluded ChangeKind = "person_excluded"
	PersonAdmitted ChangeKind = "person_admitted"
	// ProjectChanged: a project is touched, is no longer, or its DRI or files
	// are others. Project; From and To are DRIs; Added and Removed are paths.
	ProjectChanged ChangeKind = "project"
	// CommandAdded, CommandRemoved and CommandChanged: a command, or what became
	// of it. Person; To, or From, is its text; Reasons say why it was refused.
	CommandAdded   ChangeKind = "command_added"
	CommandRemoved ChangeKind = "command_removed"
	CommandChanged ChangeKind = "command"
	// LabelSet, LabelGone and LabelChanged: a label in force. Label; Person is
	// who removed one that is kept all the same.
	LabelSet     ChangeKind = "label_set"
	LabelGone    ChangeKind = "label_gone"
	LabelChanged ChangeKind = "label"
	// NoteAdded and NoteGone: a reason that concerns the decision as a whole.
	// Reasons is that one.
	NoteAdded ChangeKind = "note_added"
	NoteGone  ChangeKind = "note_gone"
	// DiagnosticsChanged: what is wrong with the policy. Added and Removed are
	// their summaries with their places.
	DiagnosticsChanged ChangeKind = "diagnostics"
	// ValidUntilChanged: when time alone may change the decision. From and To
	// are RFC 3339, "" for never.
	ValidUntilChanged ChangeKind = "valid_until"
)

// Compare lists what has changed from one decision to a later one of the same
// pull request, and why, in an order that depends on the decisions alone. It
// is empty exactly where the two say the same.
func Compare(before, after Decision) []Change {
	c := &comparison{before: &before, after: &after}
	c.whole()
	c.rules()
	c.reviews()
	c.others()
	return c.out
}

type comparison struct {
	before, after *Decision
	out           []Change
}

func (c *comparison) add(ch Change) { c.out = append(c.out, ch) }

// differs adds ch, with its From and To, where they differ.
func (c *comparison) differs(ch Change, from, to string) {
	if from != to {
		ch.From, ch.To = from, to
		c.add(ch)
	}
}

func (c *comparison) whole() {
	a, b := c.before, c.after
	c.differs(Change{Kind: PullChanged}, pullName(a.Pull), pullName(b.Pull))
	c.differs(Change{Kind: HeadChanged}, a.Head, b.Head)
	if a.Base != b.Base || a.Check != b.Check {
		c.add(Change{Kind: BaseChanged, From: a.Check, To: b.Check})
	}
	name := func(s SourceRef) string { return s.Name }
	pairs(a.Policy, b.Policy, func(s SourceRef) string { return fmt.Sprint(s.Name, s.Floor) }, func(x, y *SourceRef) {
		switch {
		case x == nil:
			c.add(Change{Kind: PolicyChanged, Floor: y.Floor, Added: []string{name(*y)}, To: y.Blob})
		case y == nil:
			c.add(Change{Kind: PolicyChanged, Floor: x.Floor, Removed: []string{name(*x)}, From: x.Blob})
		case x.Blob != y.Blob:
			c.add(Change{Kind: PolicyChanged, Floor: y.Floor, Added: []string{name(*y)}, From: x.Blob, To: y.Blob})
		}
	})
	mode := func(d *Decision) string {
		if d.Observe {
			return "observe"
		}
		return "enforce"
	}
	c.differs(Change{Kind: ModeChanged}, mode(a), mode(b))
	c.differs(Change{Kind: StatusChanged, Reasons: newReasons(a.Notes, b.Notes)}, string(a.Status), string(b.Status))
}

// pullName tells installations apart as well.
func pullName(r fact.Ref) string {
	if r == (fact.Ref{}) {
		return ""
	}
	return fmt.Sprintf("%s (installation %d)", r, r.Installation)
}

func (c *comparison) rules() {
	key := func(r RuleResult) string { return fmt.Sprint(r.Floor, " ", r.Name) }
	pairs(c.before.Rules, c.after.Rules, key, func(x, y *RuleResult) {
		switch {
		case x == nil:
			c.add(Change{Kind: RuleAdded, Rule: y.Name, Floor: y.Floor, To: string(y.Status), Reasons: y.Reasons})
		case y == nil:
			c.add(Change{Kind: RuleRemoved, Rule: x.Name, Floor: x.Floor, From: string(x.Status), Reasons: x.Reasons})
		default:
			c.rule(x, y)
		}
	})
}

func (c *comparison) rule(x, y *RuleResult) {
	from := len(c.out)
	at := Change{Rule: y.Name, Floor: y.Floor}
	with := func(kind ChangeKind) Change {
		ch := at
		ch.Kind = kind
		return ch
	}
	changed := with(RuleChanged)
	changed.Reasons = y.Reasons
	c.differs(changed, string(x.Status), string(y.Status))
	if added, removed := difference(scopePaths(x.Scope), scopePaths(y.Scope)); len(added)+len(removed) > 0 {
		scope := with(ScopeChanged)
		scope.Added, scope.Removed = added, removed
		c.add(scope)
	}
	pairs(roleRequirements(x.Require), roleRequirements(y.Require), func(r Requirement) string { return r.Role + "\x00" + r.Project }, func(p, q *Requirement) {
		c.requirement(at, p, q)
	})
	if len(c.out) == from && !sameRule(*x, *y) {
		details := with(DetailsChanged)
		details.Reasons = y.Reasons
		c.add(details)
	}
}

func (c *comparison) requirement(at Change, x, y *Requirement) {
	switch {
	case x == nil:
		at.Kind, at.Role, at.Project, at.To, at.Reasons = RequirementAdded, y.Role, y.Project, string(y.Status), y.Reasons
		c.add(at)
		return
	case y == nil:
		at.Kind, at.Role, at.Project, at.From, at.Reasons = RequirementRemoved, x.Role, x.Project, string(x.Status), x.Reasons
		c.add(at)
		return
	}
	at.Role, at.Project = y.Role, y.Project
	with := func(kind ChangeKind) Change {
		ch := at
		ch.Kind = kind
		return ch
	}
	changed := with(RequirementChanged)
	changed.Reasons = y.Reasons
	c.differs(changed, string(x.Status), string(y.Status))
	c.differs(with(StandInChanged), x.StandIn, y.StandIn)
	pairs(x.Counted, y.Counted, func(a Approval) string { return fmt.Sprint(a.By, " ", a.Review) }, func(p, q *Approval) {
		switch {
		case p == nil:
			ch := with(ApprovalCounts)
			ch.Person, ch.Review = q.By, q.Review
			c.add(ch)
		case q == nil:
			ch := with(ApprovalLost)
			ch.Person, ch.Review = p.By, p.Review
			ch.Reasons = c.after.whyNot(p.Review, at.Rule, at.Role, at.Project)
			c.add(ch)
		}
	})
	added, removed := difference(x.Blockers, y.Blockers)
	for _, login := range added {
		ch := with(ChangesRequested)
		ch.Person = login
		c.add(ch)
	}
	for _, login := range removed {
		ch := with(ChangesSettled)
		ch.Person = login
		c.add(ch)
	}
	if added, removed := difference(x.May, y.May); len(added)+len(removed) > 0 {
		ch := with(CandidatesChanged)
		ch.Added, ch.Removed = added, removed
		c.add(ch)
	}
}

// whyNot returns the reasons for which a review does not count for a
// requirement, or at all.
func (d *Decision) whyNot(review int64, rule, role, project string) []Reason {
	var out []Reason
	for _, v := range d.Reviews {
		if v.Review != review || review == 0 {
			continue
		}
		for _, r := range v.Reasons {
			if r.Rule == "" || r.Rule == rule && r.Role == role && r.Project == project {
				out = append(out, r)
			}
		}
	}
	return out
}

func (c *comparison) reviews() {
	pairs(c.before.Reviews, c.after.Reviews, func(v ReviewVerdict) string { return fmt.Sprint(v.Review) }, func(x, y *ReviewVerdict) {
		switch {
		case x == nil:
			c.add(Change{Kind: ReviewAdded, Review: y.Review, Person: y.By, To: y.State, Reasons: y.Reasons})
		case y == nil:
			c.add(Change{Kind: ReviewRemoved, Review: x.Review, Person: x.By, From: x.State})
		case !same(x, y):
			c.add(Change{Kind: ReviewChanged, Review: y.Review, Person: y.By, From: x.State, To: y.State, Reasons: y.Reasons})
		}
	})
	who := func(e Exclusion) string {
		return fmt.Sprint(e.Person.Login, "\x00", e.Person.Name, "\x00", e.Person.Email)
	}
	name := func(e *Exclusion) string {
		if e.Person.Login != "" {
			return e.Person.Login
		}
		return e.Person.Name
	}
	pairs(c.before.Excluded, c.after.Excluded, who, func(x, y *Exclusion) {
		switch {
		case y == nil:
			c.add(Change{Kind: PersonAdmitted, Person: name(x), Reasons: x.Reasons})
		case x == nil || !same(x, y):
			c.add(Change{Kind: PersonExcluded, Person: name(y), Reasons: y.Reasons})
		}
	})
}

func (c *comparison) others() {
	a, b := c.before, c.after
	pairs(a.Projects, b.Projects, func(p ProjectResult) string { return p.Name }, func(x, y *ProjectResult) {
		var none ProjectResult
		was, is := x, y
		if was == nil {
			was = &none
		}
		if is == nil {
			is = &none
		}
		if x != nil && y != nil && same(x, y) {
			return
		}
		added, removed := difference(was.Paths, is.Paths)
		ch := Change{Kind: ProjectChanged, From: people(was.DRI), To: people(is.DRI), Added: added, Removed: removed}
		if ch.Project = was.Name; x == nil {
			ch.Project = is.Name
		}
		c.add(ch)
	})
	pairs(a.Commands, b.Commands, func(v CommandVerdict) string { return fmt.Sprint(v.Command.Comment, " ", v.Command.Line) }, func(x, y *CommandVerdict) {
		switch {
		case x == nil:
			c.add(Change{Kind: CommandAdded, Person: y.Command.By.Login, To: y.Command.Text, Reasons: y.Reasons})
		case y == nil:
			c.add(Change{Kind: CommandRemoved, Person: x.Command.By.Login, From: x.Command.Text})
		case !same(x, y):
			c.add(Change{Kind: CommandChanged, Person: y.Command.By.Login, From: x.Command.Text, To: y.Command.Text, Reasons: y.Reasons})
		}
	})
	pairs(a.Labels, b.Labels, func(l LabelInForce) string { return l.Label }, func(x, y *LabelInForce) {
		switch {
		case x == nil:
			c.add(Change{Kind: LabelSet, Label: y.Label, Person: y.By})
		case y == nil:
			c.add(Change{Kind: LabelGone, Label: x.Label})
		case *x != *y:
			c.add(Change{Kind: LabelChanged, Label: y.Label, Person: y.By})
		}
	})
	for _, r := range newReasons(a.Notes, b.Notes) {
		c.add(Change{Kind: NoteAdded, Reasons: []Reason{r}})
	}
	for _, r := range newReasons(b.Notes, a.Notes) {
		c.add(Change{Kind: NoteGone, Reasons: []Reason{r}})
	}
	if !same(a.Diagnostics, b.Diagnostics) {
		added, removed := difference(places(a.Diagnostics), places(b.Diagnostics))
		c.add(Change{Kind: DiagnosticsChanged, Added: added, Removed: removed})
	}
	c.differs(Change{Kind: ValidUntilChanged}, moment(a.ValidUntil), moment(b.ValidUntil))
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func people(logins []string) string { return strings.Join(logins, ", ") }

func places(diags []Diagnostic) []string {
	out := make([]string, len(diags))
	for i, d := range diags {
		out[i] = fmt.Sprintf("%s:%d:%d: %s", d.Source, d.Line, d.Column, d.Summary)
	}
	return out
}

// pairs calls do for what has the same key in both lists, the n-th of a key
// with the n-th, and with nil for what only one of them has: after's elements
// in their order, then those that only before has.
func pairs[T any](before, after []T, key func(T) string, do func(x, y *T)) {
	numbered := func(list []T) []string {
		seen := map[string]int{}
		out := make([]string, len(list))
		for i, v := range list {
			k := key(v)
			out[i] = fmt.Sprint(k, "\x00", seen[k])
			seen[k]++
		}
		return out
	}
	earlier := map[string]*T{}
	keys := numbered(before)
	for i, k := range keys {
		earlier[k] = &before[i]
	}
	for i, k := range numbered(after) {
		do(earlier[k], &after[i])
		delete(earlier, k)
	}
	for i, k := range keys {
		if earlier[k] != nil {
			do(&before[i], nil)
		}
	}
}

// roleRequirements lists the role requirements of a tree.
func roleRequirements(reqs []Requirement) []Requirement {
	var out []Requirement
	for _, r := range reqs {
		if r.Kind == KindRole {
			out = append(out, r)
		}
		out = append(out, roleRequirements(r.Children)...)
	}
	return out
}

func scopePaths(s Scope) []string {
	if s.All {
		return []string{"**"}
	}
	return s.Paths
}

// difference returns what only after has, and what only before has.
func difference(before, after []string) (added, removed []string) {
	if slices.Equal(before, after) {
		return nil, nil
	}
	only := func(list, other []string) []string {
		in := make(map[string]bool, len(other))
		for _, s := range other {
			in[s] = true
		}
		var out []string
		for _, s := range list {
			if !in[s] {
				out = append(out, s)
			}
		}
		return out
	}
	return only(after, before), only(before, after)
}

// newReasons returns the reasons that only after has.
func newReasons(before, after []Reason) []Reason {
	var out []Reason
	for _, r := range after {
		if !slices.ContainsFunc(before, func(old Reason) bool { return same(old, r) }) {
			out = append(out, r)
		}
	}
	return out
}

// sameRule is same for rules, whose elements and scope can be thousands.
func sameRule(a, b RuleResult) bool {
	if !slices.EqualFunc(a.Elements, b.Elements, func(x, y Element) bool {
		return x.Summary == y.Summary && x.Unknown == y.Unknown && slices.Equal(x.Paths, y.Paths) && (x.Paths == nil) == (y.Paths == nil)
	}) {
		return false
	}
	if a.Scope.All != b.Scope.All || !slices.Equal(a.Scope.Paths, b.Scope.Paths) {
		return false
	}
	a.Elements, b.Elements, a.Scope, b.Scope = nil, nil, Scope{}, Scope{}
	return same(a, b)
}

// same reports whether two parts of a decision say the same: whether they are
// stored as the same text.
func same[T any](a, b T) bool {
	if reflect.DeepEqual(a, b) {
		return true // most parts are, and text costs more
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
