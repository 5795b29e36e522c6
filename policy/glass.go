package policy

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

const (
	commandBreakGlass = "break-glass"
	roleOnCall        = "on-call-engineer"
)

// Glass is a broken glass: somebody on call let an incident's fix through, and
// the reviews that were skipped are owed.
//
// Who may break it holds, at the time of their comment, a role of the policy's
// `commands { break-glass = […] }`, else the role on-call-engineer. They need a
// second person, who holds one of these roles or is a manager and who gives
// the command too, where
//   - they wrote part of the change: no author or contributor is ever enough,
//   - reviews are still owed for a glass that they broke on another pull
//     request of the repository,
//   - or they broke the last glass before this one in the repository,
//   - or what was broken before cannot be told.
//
// The second is neither author nor contributor. A command is for the head that
// it was given for; another push takes another command. Nothing of this
// reaches the rule over the policy's own files, and a layer is let through
// only by those whom it names itself.
type Glass struct {
	By      string    `json:"by"` // login; "" where nothing but the label is left to tell of it
	Second  string    `json:"second,omitempty"`
	Also    []string  `json:"also,omitempty"`   // who else broke or confirmed it, in another layer
	At      time.Time `json:"at"`               // when it broke
	Reason  string    `json:"reason,omitempty"` // as its author wrote it; "" where the comment is gone
	Comment int64     `json:"comment,omitempty"`
	Head    string    `json:"head,omitempty"` // SHA that it was broken for
	Issue   int       `json:"issue,omitempty"`
	// MergedAt is when the pull request was merged; zero until then.
	MergedAt time.Time `json:"merged_at,omitzero"`
	// Debts are the requirements that were skipped, in the rules' order.
	Debts []Debt `json:"debts"`
}

// Debt is one requirement that a broken glass skipped.
type Debt struct {
	Rule    string   `json:"rule"`
	Roles   []string `json:"roles"`  // several are alternatives
	Titles  []string `json:"titles"` // of Roles, for people; "" for none
	Project string   `json:"project,omitempty"`
	May     []string `json:"may,omitempty"` // who could clear it now, sorted
	Cleared bool     `json:"cleared,omitempty"`
	By      []string `json:"by,omitempty"` // whose reviews cleared it
}

// Open lists the debts that are not cleared.
func (g *Glass) Open() []Debt {
	if g == nil {
		return nil
	}
	var out []Debt
	for _, d := range g.Debts {
		if !d.Cleared {
			out = append(out, d)
		}
	}
	return out
}

// The debt of a merged pull request is reminded of for the first time after
// firstReminder, and then once in every nextReminder.
const (
	firstReminder = 3 * 24 * time.Hour
	nextReminder  = 7 * 24 * time.Hour
)

// Reminders returns how many reminders of an open debt are due by now, and
// when the next one will be; zeros where nothing is owed, or not yet merged.
func (g *Glass) Reminders(now time.Time) (due int, next time.Time) {
	if len(g.Open()) == 0 || g.MergedAt.IsZero() {
		return 0, time.Time{}
	}
	first := g.MergedAt.Add(firstReminder)
	if now.Before(first) {
		return 0, first
	}
	n := int(now.Sub(first) / nextReminder)
	return n + 1, first.Add(time.Duration(n+1) * nextReminder)
}

// voice is one /break-glass that is well-formed, in time, and for this head.
type voice struct {
	command fact.Command
	index   int // in Pull.Commands
	by      string
	onCall  bool // may break the glass
	manager bool // may confirm it
	alone   *Reason
}

// hear rules on one /break-glass in this layer; a nil voice has the reason.
func (s *steering) hear(c fact.Command, index int, pull *fact.Pull) (*voice, *Reason) {
	v := &voice{command: c, index: index, by: fact.Login(c.By.Login)}
	roles := s.mayBreak()
	switch {
	case s.missing != "":
		return nil, &Reason{Code: CommandsUnknown, Detail: s.missing}
	case s.writers.unknown != "":
		return nil, &Reason{Code: ContributorsUnknown, Detail: s.writers.unknown}
	case len(roles) == 0:
		return nil, &Reason{Code: GlassForNobody, Detail: roleOnCall}
	}
	var unknown string
	if v.onCall, unknown = s.bench.holdsAny(roles, v.by, c.At); !v.onCall {
		var more string
		v.manager, more = s.bench.holdsAny(s.fixed([]string{roleManager}), v.by, c.At)
		unknown = cmp.Or(unknown, more)
	}
	switch {
	case v.onCall || v.manager:
	case unknown != "":
		return nil, &Reason{Code: HoldersUnknown, Role: strings.Join(roles, ", "), Detail: unknown}
	default:
		return nil, &Reason{Code: CommandNeedsRole, Person: v.by, Detail: strings.Join(roles, ", ")}
	}
	pushed := !pull.PushedAt.IsZero() && !pull.PushedAt.Before(c.At)
	switch {
	case !pull.MergedAt.IsZero() && (c.At.After(pull.MergedAt) || c.At.Equal(pull.MergedAt) && c.Head == ""): // GitHub's times are whole seconds
		return nil, &Reason{Code: GlassTooLate, At: pull.MergedAt}
	case c.Head == "" && (c.Answered || pushed):
		return nil, &Reason{Code: GlassUnbound}
	case c.Head != "" && c.Head != pull.Head.SHA:
		return nil, &Reason{Code: GlassOtherHead, Commit: c.Head}
	}
	return v, nil
}

// mayBreak are the roles whose holders may break the glass in this layer.
func (s *steering) mayBreak() []string {
	roles, set := s.layer.commands[commandBreakGlass]
	if !set {
		roles = []string{roleOnCall}
	}
	return s.fixed(roles)
}

// breakers names, for people, the roles whose holders may confirm.
func (s *steering) breakers() string {
	roles := s.mayBreak()
	if s.layer.role(roleManager) != nil && !slices.Contains(roles, roleManager) {
		roles = append(roles, roleManager)
	}
	return strings.Join(roles, ", ")
}

// breakGlass finds how the voices, in the order of their giving, break the
// glass: who broke it, who confirmed it, and with which of them that came
// about. ok is false while they do not suffice; alone of each who is on call
// then says why.
func breakGlass(voices []*voice, w *contributors, uses fact.Maybe[[]fact.GlassUse]) (by, second, last *voice, ok bool) {
	for i, latest := range voices {
		if latest.onCall {
			if latest.alone = needsSecond(latest, w, uses); latest.alone == nil {
				return latest, nil, latest, true
			}
		}
		for _, earlier := range voices[:i] {
			for _, pair := range [][2]*voice{{earlier, latest}, {latest, earlier}} {
				if by, second = pair[0], pair[1]; by.onCall && by.by != second.by && !w.wrote(second.by) {
					return by, second, latest, true
				}
			}
		}
	}
	return nil, nil, nil, false
}

// needsSecond says why v's author cannot break the glass alone; nil where they
// can.
func needsSecond(v *voice, w *contributors, uses fact.Maybe[[]fact.GlassUse]) *Reason {
	switch {
	case w.wrote(v.by):
		return &Reason{Code: GlassByContributor, Person: v.by}
	case !uses.IsKnown():
		return &Reason{Code: GlassUsesUnknown, Person: v.by, Detail: uses.Unknown}
	}
	var before []fact.GlassUse // by time; of which that is not known counts as the last
	for _, u := range uses.Value {
		if u.At.IsZero() || u.At.Before(v.command.At) {
			before = append(before, u)
		}
	}
	slices.SortFunc(before, func(x, y fact.GlassUse) int {
		return cmp.Or(boolInt(x.At.IsZero())-boolInt(y.At.IsZero()), x.At.Compare(y.At), cmp.Compare(x.Number, y.Number))
	})
	theirs := func(u fact.GlassUse) bool { return u.By == "" || u.By == v.by }
	for _, u := range before {
		if u.Open && theirs(u) {
			return &Reason{Code: GlassOwesStill, Person: v.by, Count: u.Number}
		}
	}
	if n := len(before); n > 0 && theirs(before[n-1]) {
		return &Reason{Code: GlassTwice, Person: v.by, Count: before[n-1].Number, At: before[n-1].At}
	}
	return nil
}

// fixed leaves out the roles that the layer does not have, and the one whose
// holders depend on the project.
func (s *steering) fixed(roles []string) []string {
	out := []string{}
	for _, r := range roles {
		if r != roleDRI && s.layer.role(r) != nil {
			out = append(out, r)
		}
	}
	return out
}

// glass is what the whole decision says of a broken glass: the first of the
// layers' own, or, once the pull request is merged, what rolecall noted of one
// whose command is gone. broken are the layers that are let through.
func (s *subject) glass(runs []*layerRun) (g *Glass, broken map[*layerRun]bool) {
	broken = map[*layerRun]bool{}
	for _, r := range runs {
		if r.by == nil {
			continue
		}
		broken[r] = true
		if g != nil {
			for _, v := range []*voice{r.by, r.second} {
				if v != nil && !g.broke(v.by) {
					g.Also = append(g.Also, v.by)
				}
			}
			continue
		}
		c := r.by.command
		g = &Glass{By: r.by.by, At: r.last.command.At, Reason: strings.Join(c.Args, " "), Comment: c.Comment, Head: s.pull.Head.SHA}
		if r.second != nil {
			g.Second = r.second.by
		}
	}
	if g == nil && !s.pull.MergedAt.IsZero() {
		if g = s.noted(); g != nil {
			for _, r := range runs {
				broken[r] = true
			}
		}
	}
	if g == nil {
		return nil, broken
	}
	g.MergedAt, g.Debts = s.pull.MergedAt, []Debt{}
	for _, n := range s.pull.GlassNotes {
		if n.Issue != 0 {
			g.Issue = n.Issue
		}
	}
	return g, broken
}

// noted is the glass that rolecall's own notes tell of, or its label alone;
// nil where there was none.
func (s *subject) noted() *Glass {
	for _, n := range slices.Backward(s.pull.GlassNotes) {
		if n.Kind == fact.GlassBroken {
			return &Glass{By: n.By, Second: n.Second, At: n.At, Comment: n.Comment, Head: n.Head}
		}
	}
	for _, e := range s.pull.LabelEvents {
		if e.Added && e.By.Bot && strings.EqualFold(e.Label, fact.GlassLabel) {
			return &Glass{At: e.At}
		}
	}
	return nil
}

// broke reports whether login is one of those who broke the glass: what they
// approve from then on clears nothing.
func (g *Glass) broke(login string) bool {
	return g != nil && login != "" && (login == g.By || login == g.Second || slices.Contains(g.Also, login))
}

// skip notes what the glass skips of a rule in force, and returns whether it
// skips anything.
func (g *Glass) skip(rule RuleResult) bool {
	if !rule.InForce || rule.Advice || rule.Name == KeepersRule {
		return false
	}
	for _, r := range rule.Require {
		g.owe(rule, r)
	}
	return rule.Status != Met
}

func (g *Glass) owe(rule RuleResult, r Requirement) {
	if r.Kind == KindAll {
		for _, c := range r.Children {
			g.owe(rule, c)
		}
		return
	}
	if metBefore(r, g.At) && r.Status == Met {
		return
	}
	d := Debt{Rule: rule.Name, Project: r.Project, Cleared: r.Status == Met}
	d.add(r)
	for _, list := range []*[]string{&d.May, &d.By} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	if d.Cleared {
		d.May = nil
	} else {
		d.By = nil
	}
	g.Debts = append(g.Debts, d)
}

// add takes in the roles and people of a requirement, alternatives too.
func (d *Debt) add(r Requirement) {
	for _, c := range r.Children {
		d.add(c)
	}
	if r.Kind != KindRole {
		return
	}
	d.Roles, d.Titles = append(d.Roles, r.Role), append(d.Titles, r.Title)
	d.May = append(d.May, r.May...)
	for _, c := range r.Counted {
		d.By = append(d.By, c.By)
	}
}

// metBefore reports whether the approvals from before t alone meet r.
func metBefore(r Requirement, t time.Time) bool {
	switch r.Kind {
	case KindAny:
		return slices.ContainsFunc(r.Children, func(c Requirement) bool { return metBefore(c, t) })
	case KindAll:
		return !slices.ContainsFunc(r.Children, func(c Requirement) bool { return !metBefore(c, t) })
	}
	n := 0
	for _, c := range r.Counted {
		if c.At.Before(t) {
			n++
		}
	}
	return n >= r.Need
}
