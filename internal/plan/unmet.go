package plan

import (
	"cmp"
	"slices"

	"github.com/rolecall/rolecall/policy"
)

// unmetRole is a requirement that needs somebody's approval.
type unmetRole struct {
	policy.Requirement
	distinct bool
	taken    map[string]bool // who meets or is asked for another requirement of the rule
}

// holder is the role whose people are asked: the one that stands in, if any.
func (u unmetRole) holder() string { return cmp.Or(u.StandIn, u.Role) }

// require asks for what still needs approvals, and for alternatives last, so
// that people who are asked anyway decide between them.
func (a *asking) require(d policy.Decision) {
	var plain, either []unmetRole
	for _, rule := range d.Rules {
		if !rule.InForce || rule.Advice {
			continue
		}
		a.help(rule.Require)
		from := unmetRole{distinct: rule.Distinct, taken: map[string]bool{}}
		p, e := from.unmet(rule.Require)
		plain, either = append(plain, p...), append(either, e...)
	}
	a.pursue(plain, either)
}

// pursue asks for roles, and then for one of each group's alternatives.
func (a *asking) pursue(roles, either []unmetRole) {
	a.all(roles)
	for _, group := range either {
		a.pursue(group.unmet(a.alternative(group)))
	}
}

// help notes who can still be of use, whichever alternative is taken.
func (a *asking) help(rs []policy.Requirement) {
	for _, r := range rs {
		if !waits(r) {
			continue
		}
		a.help(r.Children)
		for _, login := range slices.Concat(r.May, r.Blockers) {
			a.useful[reviewer{login: login}] = true
		}
		for _, team := range r.Teams {
			a.useful[reviewer{team: team}] = true
		}
	}
}

// unmet returns the roles and the groups of alternatives that need approvals.
func (u unmetRole) unmet(rs []policy.Requirement) (roles, either []unmetRole) {
	for _, r := range rs {
		for _, c := range r.Counted {
			u.taken[c.By] = true
		}
		switch {
		case !waits(r):
		case r.Kind == policy.KindAll:
			more, groups := u.unmet(r.Children)
			roles, either = append(roles, more...), append(either, groups...)
		case r.Kind == policy.KindAny:
			either = append(either, unmetRole{r, u.distinct, u.taken})
		default:
			roles = append(roles, unmetRole{r, u.distinct, u.taken})
		}
	}
	return roles, either
}

func waits(r policy.Requirement) bool {
	return r.Status == policy.Waiting || r.Status == policy.Refused
}

// all asks for each requirement: whole teams and groups first, since they
// serve the others too, and then by how few people are able to help.
func (a *asking) all(roles []unmetRole) {
	wide := map[string]int{"team": 0, "all": 1}
	rank := func(u unmetRole) int {
		if n, ok := wide[u.Ask]; ok {
			return n
		}
		return 2
	}
	slices.SortStableFunc(roles, func(x, y unmetRole) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(len(x.May), len(y.May)))
	})
	for _, u := range roles {
		a.want(u)
	}
}

// alternative picks the one that is asked for: one that has begun, else the
// first for which somebody can be asked, else the first that can be met.
func (a *asking) alternative(group unmetRole) []policy.Requirement {
	for _, fits := range []func(policy.Requirement) bool{a.begun, a.askable, waits} {
		if i := slices.IndexFunc(group.Children, func(r policy.Requirement) bool { return waits(r) && fits(r) }); i >= 0 {
			return group.Children[i : i+1]
		}
	}
	return nil
}

// begun reports whether anybody is asked or at work for the requirement.
func (a *asking) begun(r policy.Requirement) bool {
	return len(r.Counted) > 0 || slices.ContainsFunc(r.Children, a.begun) ||
		slices.ContainsFunc(r.Teams, func(team string) bool { return a.counts(reviewer{team: team}) }) ||
		slices.ContainsFunc(r.May, func(login string) bool { return a.counts(reviewer{login: login}) || a.engaged(login) })
}

// askable reports whether there is anybody to ask for the requirement now.
func (a *asking) askable(r policy.Requirement) bool {
	if len(r.Children) > 0 {
		return slices.ContainsFunc(r.Children, a.askable)
	}
	return a.open(unmetRole{Requirement: r}) && (len(a.reachable(r.Teams)) > 0 && r.Ask == "team" ||
		slices.ContainsFunc(r.May, func(login string) bool { return !a.unreachable(login) }))
}
