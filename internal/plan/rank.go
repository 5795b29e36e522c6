package plan

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// ranked returns people in the order in which they are asked: whoever is at it
// already first, then who can be reached, has the fewest open requests and
// knows the files best. What is equal is spread by a hash over pull requests,
// the same on every replica.
func (a *asking) ranked(role string, people []string) []string {
	out := slices.Clone(people)
	slices.SortStableFunc(out, func(x, y string) int {
		px, py := a.pull.Roster.People[x], a.pull.Roster.People[y]
		return cmp.Or(
			first(a.counts(reviewer{login: x}), a.counts(reviewer{login: y})),
			first(a.engaged(x), a.engaged(y)),
			first(a.seen(x), a.seen(y)),
			first(!px.Busy, !py.Busy),
			px.Open-py.Open,
			py.Familiar-px.Familiar,
			cmp.Compare(a.spread(role, x), a.spread(role, y)),
			strings.Compare(x, y),
		)
	})
	return out
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
