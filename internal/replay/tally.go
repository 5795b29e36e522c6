package replay

import (
	"maps"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// Tally is what a backtest found. Its lists are in the order of the policy, or
// of the history.
type Tally struct {
	Changes  int     `json:"changes"`
	Asked    int     `json:"asked"` // changes of which at least one review is required
	Rules    []Load  `json:"rules"`
	Roles    []Load  `json:"roles"`
	People   []Share `json:"people"`  // the most loaded first
	Months   []Month `json:"months"`  // in order, those without a change left out
	Unknown  int     `json:"unknown"` // changes that could not wholly be told
	Causes   []Load  `json:"causes"`  // of that, the most frequent first
	Unread   []Note  `json:"unread"`  // changes that could not be read at all
	Doubtful []Note  `json:"doubtful"`
	// Different are the changes that two policies decide differently.
	Different []Difference `json:"different,omitempty"`
}

// Load is how many changes something met.
type Load struct {
	Name    string `json:"name"`
	Changes int    `json:"changes"`
	Unknown int    `json:"unknown,omitempty"` // of them, because something could not be told
}

// Month is a month of a history, in UTC.
type Month struct {
	Month   string `json:"month"` // "2026-01"
	Changes int    `json:"changes"`
	Asked   int    `json:"asked"`
	Unknown int    `json:"unknown"`
}

// Note is one change with what there is to say of it.
type Note struct {
	Change  string   `json:"change"`
	Head    string   `json:"head"`
	Title   string   `json:"title"`
	Because []string `json:"because"`
}

// Difference is a change of which two policies require different reviews.
type Difference struct {
	Change  string `json:"change"`
	Head    string `json:"head"`
	Title   string `json:"title"`
	Less    []Want `json:"less"` // what only the policy requires
	More    []Want `json:"more"` // what only the one against it requires
	Status  string `json:"status"`
	Against string `json:"against"`
}

// Want is a role that a rule requires, and why the rule is in force.
type Want struct {
	Role    string          `json:"role"`
	Rule    string          `json:"rule"`
	Reasons []policy.Reason `json:"reasons"`
}

// Tallier adds up what a backtest finds.
type Tallier struct {
	out    Tally
	rules  map[string]*Load
	order  []string // of rules
	roles  map[string]*Load
	causes map[string]*Load
	months map[string]*Month
	people people
}

// NewTallier returns an empty sum. The members of the teams in known, by
// "org/slug", are known; of others only GitHub knows who they are.
func NewTallier(known ...string) *Tallier {
	return &Tallier{
		out:   Tally{Unread: []Note{}, Doubtful: []Note{}},
		rules: map[string]*Load{}, roles: map[string]*Load{}, causes: map[string]*Load{}, months: map[string]*Month{},
		people: people{known: known, shares: map[string]*Share{}},
	}
}

// Add adds one change. Of two decisions, the first counts; the second is
// compared with it.
func (t *Tallier) Add(d Decided) {
	t.out.Changes++
	if d.Error != "" {
		t.out.Unread = append(t.out.Unread, d.note(d.Error))
		return
	}
	first := d.Decisions[0]
	asked := wants(first)
	name := d.At.UTC().Format("2006-01")
	month := t.months[name]
	if month == nil {
		month = &Month{Month: name}
		t.months[name] = month
	}
	month.Changes++
	if len(asked) > 0 {
		t.out.Asked++
		month.Asked++
	}
	t.people.add(d, first)
	roles := map[string]bool{}
	for _, w := range asked {
		if !roles[w.Role] {
			roles[w.Role] = true
			load(t.roles, w.Role).Changes++
		}
	}
	causes := map[string]bool{}
	for _, n := range first.Notes {
		if n.Code == policy.FactsMissing {
			causes[n.Detail] = true
		}
	}
	for _, r := range first.Rules {
		if t.rules[r.Name] == nil {
			t.order = append(t.order, r.Name)
		}
		l := load(t.rules, r.Name)
		if !r.InForce {
			continue
		}
		l.Changes++
		doubt := false
		for _, why := range r.Reasons {
			if doubts[why.Code] {
				causes[why.Detail], doubt = true, true
			}
		}
		if doubt {
			l.Unknown++
		}
	}
	if len(causes) > 0 {
		t.out.Unknown++
		month.Unknown++
		sorted := roots(causes)
		for _, c := range sorted {
			load(t.causes, c).Changes++
		}
		t.out.Doubtful = append(t.out.Doubtful, d.note(sorted...))
	}
	if len(d.Decisions) > 1 {
		t.compare(d, asked)
	}
}

// partUnknown is how the policy words a condition that something in it, which
// has its own reason, keeps from being told.
const partUnknown = "part of it cannot be told"

// roots leaves out the causes that only pass another one on: a condition that
// could not be told because a file could not.
func roots(causes map[string]bool) []string {
	all := slices.Sorted(maps.Keys(causes))
	return slices.DeleteFunc(slices.Clone(all), func(c string) bool {
		return slices.ContainsFunc(all, func(o string) bool {
			return o != c && (strings.HasSuffix(c, ": "+o) || strings.HasSuffix(c, ": "+partUnknown))
		})
	})
}

// doubts are the codes of rules in force for what could not be told.
var doubts = map[policy.Code]bool{
	policy.ChangesUnknown: true, policy.ChangesFailed: true, policy.WhenUnknown: true, policy.WhenFailed: true, policy.PolicyFileUnknown: true,
}

func (t *Tallier) compare(d Decided, asked []Want) {
	other := wants(d.Decisions[1])
	less, more := without(asked, other), without(other, asked)
	a, b := d.Decisions[0].Status, d.Decisions[1].Status
	if len(less)+len(more) == 0 && a == b {
		return
	}
	t.out.Different = append(t.out.Different, Difference{
		Change: d.Change.Name, Head: d.Change.Head, Title: d.Title, Less: less, More: more, Status: string(a), Against: string(b),
	})
}

// without are the wants of a whose roles b does not ask.
func without(a, b []Want) []Want {
	return slices.DeleteFunc(append([]Want{}, a...), func(w Want) bool {
		return slices.ContainsFunc(b, func(o Want) bool { return o.Role == w.Role })
	})
}

// wants lists what the rules in force require and has not been met, advice
// left out.
func wants(d policy.Decision) []Want {
	var out []Want
	for _, r := range d.Rules {
		if !r.InForce || r.Advice {
			continue
		}
		for _, q := range r.Require {
			if q.Status != policy.Met {
				out = append(out, Want{Role: q.Called(), Rule: r.Name, Reasons: r.Reasons})
			}
		}
	}
	return out
}

func (d Decided) note(because ...string) Note {
	return Note{Change: d.Change.Name, Head: d.Change.Head, Title: d.Title, Because: because}
}

func load(m map[string]*Load, name string) *Load {
	if m[name] == nil {
		m[name] = &Load{Name: name}
	}
	return m[name]
}

// Tally returns the sum of all that was added.
func (t *Tallier) Tally() Tally {
	out := t.out
	out.Rules = []Load{}
	for _, name := range t.order {
		out.Rules = append(out.Rules, *t.rules[name])
	}
	out.Roles, out.Causes = byLoad(t.roles), byLoad(t.causes)
	out.People = t.people.list()
	out.Months = []Month{}
	for _, name := range slices.Sorted(maps.Keys(t.months)) {
		out.Months = append(out.Months, *t.months[name])
	}
	return out
}

// byLoad sorts the heaviest first.
func byLoad(m map[string]*Load) []Load {
	out := []Load{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		out = append(out, *m[name])
	}
	slices.SortStableFunc(out, func(a, b Load) int { return b.Changes - a.Changes })
	return out
}
