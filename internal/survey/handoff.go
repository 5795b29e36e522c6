package survey

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
)

// Handoff is what whoever takes over the on-call duty has to know.
type Handoff struct {
	At time.Time `json:"at"`
	// Debts are the broken glasses for which reviews are owed, oldest first.
	Debts []DebtLine `json:"debts"`
	// Overdue are the waiting reviews whose deadline is over, by the working
	// hours of the role that is asked, and Stuck what
	// nobody can approve until somebody acts; Waiting is all that waits.
	Overdue []Waiting `json:"overdue"`
	Stuck   []Waiting `json:"stuck"`
	Waiting []Waiting `json:"waiting"`
}

// DebtLine is one pull request that owes reviews.
type DebtLine struct {
	Pull     string    `json:"pull"` // "owner/repo#1"
	Title    string    `json:"title"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason"`
	MergedAt time.Time `json:"merged_at,omitzero"` // zero: not merged yet
	Owes     []string  `json:"owes"`               // roles
	May      []string  `json:"may"`                // who can give them
	Issue    int       `json:"issue,omitempty"`
}

// Waiting is one requirement that is not met, or a policy that keeps a pull
// request from being decided on: then Why says what is wrong, Rule and Role are
// "", and On is the author.
type Waiting struct {
	Pull  string    `json:"pull"`
	Title string    `json:"title"`
	Rule  string    `json:"rule"`
	Role  string    `json:"role"`
	On    []string  `json:"on"` // who is asked, else who could be; sorted
	Asked bool      `json:"asked"`
	Since time.Time `json:"since"` // of the request, else of the pull request
	// Within is the deadline in working hours; zero for none.
	Within time.Duration `json:"within,omitempty"`
	Status policy.Status `json:"status"`
	// Step is how far an overdue one has come: 1 its people are reminded, 2 one
	// more is asked, 3 OnCall sees to it, who is "" where nobody is on call.
	Step   int    `json:"step,omitempty"`
	OnCall string `json:"on_call,omitempty"`
	Why    string `json:"why,omitempty"`
}

// Left surveys what is left to do at a moment.
func Left(pulls []Pull, now time.Time) Handoff {
	h := Handoff{At: now, Debts: []DebtLine{}, Overdue: []Waiting{}, Stuck: []Waiting{}, Waiting: []Waiting{}}
	for _, p := range byAge(pulls) {
		if g := p.Decision.Glass; g != nil && p.Facts.State != "closed" && len(g.Open()) > 0 {
			h.Debts = append(h.Debts, debtLine(p, g))
		}
		if !p.open() || p.Facts.Draft {
			continue
		}
		if p.Decision.Status == policy.Broken {
			h.Stuck = append(h.Stuck, p.broken())
		}
		p.Facts.Now = now
		late := map[[2]string]plan.Overdue{}
		for _, o := range plan.Behind(p.Decision, p.Facts) {
			late[[2]string{o.Role, o.Project}] = o
		}
		p.leaves(func(rule policy.RuleResult, r policy.Requirement) {
			switch r.Status {
			case policy.Waiting, policy.Refused, policy.Stuck:
			default:
				return
			}
			w := p.waiting(rule, r)
			h.Waiting = append(h.Waiting, w)
			if r.Status == policy.Stuck {
				h.Stuck = append(h.Stuck, w)
			}
			if o, ok := late[[2]string{cmp.Or(r.StandIn, r.Role), r.Project}]; ok && r.Within > 0 {
				w.Since, w.Step, w.OnCall = o.Since, o.Step, o.OnCall
				h.Overdue = append(h.Overdue, w)
			}
		})
	}
	slices.SortStableFunc(h.Debts, func(a, b DebtLine) int { return a.At.Compare(b.At) })
	return h
}

func debtLine(p Pull, g *policy.Glass) DebtLine {
	d := DebtLine{
		Pull: name(p.Facts.Ref), Title: p.Facts.Title, By: g.By, At: g.At, Reason: g.Reason, MergedAt: g.MergedAt,
		Owes: []string{}, May: []string{}, Issue: g.Issue,
	}
	for _, debt := range g.Open() {
		role := strings.Join(debt.Roles, " or ")
		if debt.Project != "" {
			role += " of " + debt.Project
		}
		d.Owes, d.May = append(d.Owes, role), append(d.May, debt.May...)
	}
	slices.Sort(d.May)
	d.May = slices.Compact(d.May)
	return d
}

// broken is what a policy keeps from being decided on.
func (p Pull) broken() Waiting {
	why := "the policy in force cannot be used"
	switch brought := p.Decision.Proposal; {
	case brought == nil:
	case !brought.Loads():
		why = "the policy that it brings does not load"
	case len(brought.Failed) > 0:
		why = "the policy that it brings fails its own tests"
	}
	return Waiting{
		Pull: name(p.Facts.Ref), Title: p.Facts.Title, On: []string{p.Facts.Author.Login}, Since: p.Facts.CreatedAt,
		Status: policy.Broken, Asked: true, Why: why,
	}
}

func (p Pull) waiting(rule policy.RuleResult, r policy.Requirement) Waiting {
	w := Waiting{
		Pull: name(p.Facts.Ref), Title: p.Facts.Title, Rule: rule.Name, Role: r.Role, On: []string{},
		Since: p.Facts.CreatedAt, Within: r.Within, Status: r.Status,
	}
	if r.Project != "" {
		w.Role += " of " + r.Project
	}
	if len(r.Blockers) > 0 { // whoever else approves, these have to
		w.On, w.Asked = slices.Sorted(slices.Values(r.Blockers)), true
		return w
	}
	for _, q := range p.Facts.Requests {
		who := q.Login
		if q.Team != "" {
			who = q.Team
		}
		if !slices.Contains(r.May, who) && !slices.Contains(r.Teams, who) {
			continue
		}
		w.On, w.Asked = append(w.On, who), true
		if at := p.asked(q.Login); q.Login != "" && at.After(w.Since) {
			w.Since = at
		}
	}
	if !w.Asked {
		w.On = append(w.On, r.May...)
	}
	slices.Sort(w.On)
	return w
}

// step is how far an overdue review has come, for people.
func (w Waiting) step() string {
	switch {
	case w.Step == 1:
		return "reminded"
	case w.Step == 2:
		return "one more asked"
	case w.OnCall == "":
		return "escalated, and nobody is on call"
	}
	return "escalated to " + w.OnCall
}

// Tables shows the survey.
func (h Handoff) Tables() []report.Table {
	debts := report.Table{Title: "Reviews owed for a broken glass", Columns: []string{"Pull request", "Broken by", "Reason", "Owed", "By whom", "Merged"}, Empty: "nothing is owed"}
	for _, d := range h.Debts {
		merged := "not yet"
		if !d.MergedAt.IsZero() {
			merged = age(h.At.Sub(d.MergedAt)) + " ago"
		}
		debts.Add(d.Pull, d.By, d.Reason, strings.Join(d.Owes, ", "), strings.Join(d.May, ", "), merged)
	}
	overdue := h.table("Overdue", "nothing is overdue", h.Overdue)
	overdue.Columns = append(overdue.Columns, "Step")
	for i, w := range h.Overdue {
		overdue.Rows[i] = append(overdue.Rows[i], w.step())
	}
	stuck := h.table("What nobody can approve as things stand", "nothing is stuck", h.Stuck)
	return []report.Table{debts, overdue, stuck, h.table("Waiting for review", "nothing waits", h.Waiting)}
}

func (h Handoff) table(title, empty string, list []Waiting) report.Table {
	t := report.Table{Title: fmt.Sprintf("%s (%d)", title, len(list)), Columns: []string{"Pull request", "Title", "Role", "On", "Since"}, Empty: empty}
	for _, w := range list {
		on := strings.Join(w.On, ", ")
		switch {
		case w.Status == policy.Refused:
			on = "changes requested by " + on
		case !w.Asked && on != "":
			on = "nobody is asked; could be: " + on
		}
		t.Add(w.Pull, w.Title, cmp.Or(w.Role, w.Why), on, age(h.At.Sub(w.Since)))
	}
	return t
}
