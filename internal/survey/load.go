package survey

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
)

// Load is who carries how many reviews.
type Load struct {
	Since  time.Time `json:"since,omitzero"` // of the past requests; zero for all that is known
	People []Burden  `json:"people"`
	Roles  []Burden  `json:"roles"`
	// Gini is how unevenly the requests, open and past, lie on the people: 0
	// where all have the same, towards 1 where one person has all.
	Gini float64 `json:"gini"`
}

// Burden is what one person, or all people of one role, were asked for.
type Burden struct {
	Name     string   `json:"name"`
	Open     int      `json:"open"`               // requests that stand
	Past     int      `json:"past"`               // requests that do not any more, since Load.Since
	Reviewed int      `json:"reviewed,omitempty"` // pull requests they have reviewed, of a person
	Roles    []string `json:"roles,omitempty"`    // that a person was asked as
	People   int      `json:"people,omitempty"`   // of a role: among whom the requests lie
	Gini     float64  `json:"gini,omitempty"`     // of a role
}

// tally counts one person's requests.
type tally struct {
	open, past, reviewed int
	roles                map[string]bool
}

// Carried surveys the requests of pull requests since a time. Who holds a role
// and was never asked counts with none.
func Carried(pulls []Pull, since time.Time) Load {
	people := map[string]*tally{}
	roles := map[string]map[string]int{} // role → person → requests
	open, past := map[string]int{}, map[string]int{}
	at := func(login string) *tally {
		if people[login] == nil {
			people[login] = &tally{roles: map[string]bool{}}
		}
		return people[login]
	}
	for _, p := range pulls {
		holds := p.holders()
		for role, logins := range holds {
			if roles[role] == nil {
				roles[role] = map[string]int{}
			}
			for _, login := range logins {
				at(login)
				roles[role][login] += 0
			}
		}
		standing := map[string]bool{}
		for _, q := range p.Facts.Requests {
			if q.Login != "" && p.open() {
				standing[q.Login] = true
			}
		}
		was := map[string]bool{}
		for _, e := range p.Facts.RequestEvents {
			if e.Login != "" && e.Added && !e.At.Before(since) && !standing[e.Login] {
				was[e.Login] = true
			}
		}
		count := func(login string, into map[string]int) {
			for _, role := range p.asRoles(login, holds) {
				at(login).roles[role] = true
				if roles[role] == nil {
					roles[role] = map[string]int{}
				}
				roles[role][login]++
				into[role]++
			}
		}
		for login := range standing {
			at(login).open++
			count(login, open)
		}
		for login := range was {
			at(login).past++
			count(login, past)
		}
		reviewed := map[string]bool{}
		for _, r := range p.Facts.Reviews {
			if !r.Author.Bot && r.Author.Login != "" && r.Author.Login != p.Facts.Author.Login && !r.At.Before(since) {
				reviewed[r.Author.Login] = true
			}
		}
		for login := range reviewed {
			at(login).reviewed++
		}
	}
	l := Load{Since: since, People: []Burden{}, Roles: []Burden{}}
	var all []int
	for login, t := range people {
		l.People = append(l.People, Burden{Name: login, Open: t.open, Past: t.past, Reviewed: t.reviewed, Roles: slices.Sorted(maps.Keys(t.roles))})
		all = append(all, t.open+t.past)
	}
	for role, by := range roles {
		l.Roles = append(l.Roles, Burden{Name: role, Open: open[role], Past: past[role], People: len(by), Gini: Gini(slices.Collect(maps.Values(by)))})
	}
	for _, list := range [][]Burden{l.People, l.Roles} {
		slices.SortFunc(list, func(a, b Burden) int {
			return cmp.Or(b.Open-a.Open, b.Past-a.Past, strings.Compare(a.Name, b.Name))
		})
	}
	l.Gini = Gini(all)
	return l
}

// holders lists who holds each role now, by the roster of the look.
func (p Pull) holders() map[string][]string {
	out := map[string][]string{}
	for key, h := range p.Facts.Roster.Roles {
		role := strings.TrimPrefix(key, "floor:")
		for _, one := range h.List {
			if one.At(p.Facts.Now) && !slices.Contains(out[role], one.Login) {
				out[role] = append(out[role], one.Login)
			}
		}
	}
	return out
}

// asRoles is what a person was asked as: as rolecall chose them, where it did,
// else each role required here that they hold or met.
func (p Pull) asRoles(login string, holds map[string][]string) []string {
	var out []string
	for _, c := range p.Facts.Choices {
		if c.Login == login && c.Role != "" && !slices.Contains(out, c.Role) {
			out = append(out, c.Role)
		}
	}
	if len(out) > 0 {
		return out
	}
	p.leaves(func(_ policy.RuleResult, r policy.Requirement) {
		meets := slices.Contains(r.May, login) || slices.Contains(r.Blockers, login) || slices.Contains(holds[r.Role], login) ||
			slices.ContainsFunc(r.Counted, func(a policy.Approval) bool { return a.By == login })
		if meets && !slices.Contains(out, r.Role) {
			out = append(out, r.Role)
		}
	})
	return out
}

// Gini is the coefficient of the counts: 0 for an even spread, and (n-1)/n
// where one of n has everything. It is 0 where there is nothing to spread.
// https://en.wikipedia.org/wiki/Gini_coefficient
func Gini(counts []int) float64 {
	sorted := slices.Sorted(slices.Values(counts))
	sum, weighted := 0, 0
	for i, c := range sorted {
		sum += c
		weighted += (2*(i+1) - len(sorted) - 1) * c
	}
	if sum == 0 {
		return 0
	}
	return float64(weighted) / float64(len(sorted)*sum)
}

// Tables shows the survey.
func (l Load) Tables() []report.Table {
	since := "in all that is known"
	if !l.Since.IsZero() {
		since = "since " + l.Since.Format(time.DateOnly)
	}
	people := report.Table{
		Title:   fmt.Sprintf("Requests by person, %s (Gini %.2f)", since, l.Gini),
		Columns: []string{"Person", "Open", "Past", "Reviewed", "As"}, Empty: "nobody was asked",
	}
	for _, b := range l.People {
		people.Add(b.Name, fmt.Sprint(b.Open), fmt.Sprint(b.Past), fmt.Sprint(b.Reviewed), strings.Join(b.Roles, ", "))
	}
	roles := report.Table{Title: "Requests by role", Columns: []string{"Role", "Open", "Past", "People", "Gini"}, Empty: "no role was asked"}
	for _, b := range l.Roles {
		roles.Add(b.Name, fmt.Sprint(b.Open), fmt.Sprint(b.Past), fmt.Sprint(b.People), fmt.Sprintf("%.2f", b.Gini))
	}
	return []report.Table{people, roles}
}
