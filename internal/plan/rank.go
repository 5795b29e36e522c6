package plan

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// knowing is how many open requests more than somebody else a person who
// knows the files may have and still be asked before them. It bounds how
// unfair knowledge can be: nobody gets further ahead than this.
const knowing = 2

// rank is a person's place in the order in which people are asked, smallest
// first.
type rank struct {
	login                   string
	at, engaged, seen       bool
	busy, onCall            bool
	load, recent, strangers int
	spread                  uint64
}

func (x rank) compare(y rank) int {
	return cmp.Or(
		first(x.at, y.at),
		first(x.engaged, y.engaged),
		first(x.seen, y.seen),
		first(!x.busy, !y.busy),
		first(!x.onCall, !y.onCall),
		x.load-y.load,
		x.recent-y.recent,
		x.strangers-y.strangers,
		cmp.Compare(x.spread, y.spread),
		strings.Compare(x.login, y.login),
	)
}

// ranked returns people in the order in which they are asked: whoever is at it
// already first, then who is not busy, nor on call for another role, then by
// load. Load is the number of open requests, and one more for whoever knows
// the files less than half as well as the one who knows them best, two for
// whoever does not know them. Equal load is evened out over a month, and what
// is equal even so is spread by a hash over pull requests, the same on every
// replica.
func (a *asking) ranked(role string, people []string) []string {
	best := 0
	for _, login := range people {
		best = max(best, a.pull.Roster.People[login].Familiar())
	}
	list := make([]rank, len(people))
	for i, login := range people {
		p := a.pull.Roster.People[login]
		list[i] = rank{
			login: login, at: a.counts(reviewer{login: login}), engaged: a.engaged(login), seen: a.seen(login),
			busy: p.Busy, onCall: a.onCall(login, role),
			load: p.Open + stranger(p.Familiar(), best), recent: p.Recent, strangers: best - p.Familiar(),
			spread: a.spread(role, login),
		}
	}
	slices.SortFunc(list, rank.compare)
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.login
	}
	return out
}

// stranger is 0 for who knows the files well, and [knowing] for who does not
// know them at all.
func stranger(familiar, best int) int {
	switch {
	case best == 0, 2*familiar >= best:
		return 0
	case familiar > 0:
		return knowing / 2
	}
	return knowing
}

// onCall reports whether somebody is on call, for a role other than this one.
func (a *asking) onCall(login, role string) bool {
	keys := a.pull.Roster.People[login].OnCall
	return len(keys) > 0 && !slices.Contains(keys, role) && !slices.Contains(keys, policy.RoleDef{Name: role, Floor: true}.Key())
}

// counts reports whether the reviewer is asked, or about to be.
func (a *asking) counts(w reviewer) bool { return a.asked[w] || a.chosen[w] }

// seen reports whether the person has reviewed this pull request before.
func (a *asking) seen(login string) bool {
	_, ok := a.review[login]
	return ok
}

func (a *asking) spread(role, login string) uint64 {
	h := fnv.New64a()
	for _, s := range []string{a.pull.Owner, a.pull.Repo, strconv.Itoa(a.pull.Number), role, login} {
		_, _ = h.Write([]byte(s))
		_, _ = h.Write([]byte{0})
	}
	return h.Sum64()
}

// first sorts what holds before what does not.
func first(x, y bool) int {
	switch {
	case x && !y:
		return -1
	case y && !x:
		return 1
	}
	return 0
}
