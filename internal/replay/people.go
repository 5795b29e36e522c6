package replay

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Share is how the load of a history falls on somebody, or on a team whose
// members are not known.
type Share struct {
	Who string `json:"who"` // "@login", "@org/team", or a name without an account
	// Opened is how many changes they opened.
	Opened int `json:"opened"`
	// May is how many changes they could have been asked to review.
	May int `json:"may"`
	// Only is how many of these nobody else could have reviewed.
	Only int `json:"only"`
	// Share is how many reviews fall on them if those who may share evenly.
	Share float64 `json:"share"`
	// Reviewed is how many changes name them as a reviewer in a trailer.
	Reviewed int `json:"reviewed"`
}

// people adds up shares.
type people struct {
	known  []string // teams whose members are
	shares map[string]*Share
}

func (p *people) of(who string) *Share {
	if p.shares[who] == nil {
		p.shares[who] = &Share{Who: who}
	}
	return p.shares[who]
}

// named is how somebody is called: by login, or else as commits name them.
func named(who fact.Person) string {
	switch {
	case who.Login != "":
		return "@" + who.Login
	case who.Name != "":
		return who.Name
	}
	return who.Email
}

func (p *people) add(d Decided, decision policy.Decision) {
	if name := named(d.Author); name != "" {
		p.of(name).Opened++
	}
	reviewed := map[string]bool{}
	for _, r := range d.Reviewed {
		reviewed[named(r)] = true
	}
	for name := range reviewed {
		if name != "" {
			p.of(name).Reviewed++
		}
	}
	// One approval meets a role in all the rules that ask for it.
	var all []ask
	for _, rule := range decision.Rules {
		if !rule.InForce || rule.Advice {
			continue
		}
		for _, q := range rule.Require {
			for _, one := range asks(q) {
				if i := slices.IndexFunc(all, func(a ask) bool { return a.role == one.role }); i < 0 {
					all = append(all, one)
				} else {
					all[i].need = max(all[i].need, one.need)
				}
			}
		}
	}
	may, only := map[string]bool{}, map[string]bool{}
	for _, one := range all {
		who := p.candidates(one)
		for _, name := range who {
			may[name] = true
			p.of(name).Share += float64(one.need) / float64(len(who))
		}
		if len(who) == one.need {
			for _, name := range who {
				only[name] = true
			}
		}
	}
	for name := range may {
		p.of(name).May++
	}
	for name := range only {
		p.of(name).Only++
	}
}

// ask is a number of reviews in a role, and who may give them.
type ask struct {
	role       string
	need       int
	may, teams []string
}

// asks takes a requirement apart: of alternatives, any may meet the one.
func asks(q policy.Requirement) []ask {
	switch {
	case q.Status == policy.Met:
		return nil
	case q.Kind == policy.KindRole:
		return []ask{{q.Called(), max(q.Need, 1), q.May, q.Teams}}
	case q.Kind == policy.KindAll:
		var all []ask
		for _, c := range q.Children {
			all = append(all, asks(c)...)
		}
		return all
	}
	any := ask{role: q.Called()}
	for _, c := range q.Children {
		for _, a := range asks(c) {
			any.need = max(any.need, a.need)
			any.may = append(any.may, a.may...)
			any.teams = append(any.teams, a.teams...)
		}
	}
	return []ask{any}
}

// candidates are those who may meet an ask, each once; a team whose members
// are not known stands for them.
func (p *people) candidates(a ask) []string {
	var who []string
	for _, login := range a.may {
		who = append(who, "@"+login)
	}
	for _, team := range a.teams {
		if !slices.Contains(p.known, team) {
			who = append(who, "@"+team)
		}
	}
	slices.Sort(who)
	return slices.Compact(who)
}

// list sorts the most loaded first; who neither wrote nor could review is not
// in it.
func (p *people) list() []Share {
	out := []Share{}
	for _, who := range slices.Sorted(maps.Keys(p.shares)) {
		s := *p.shares[who]
		s.Share = math.Round(100*s.Share) / 100
		out = append(out, s)
	}
	slices.SortStableFunc(out, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Opened, a.Opened))
	})
	return out
}
