package policy

import (
	"cmp"
	"slices"
)

// maxChoices bounds how many combinations of alternatives a distinct rule
// tries. Past it, what was tried decides, which can only ask for more.
const maxChoices = 4096

// maxSeating bounds how often one evaluation looks whether a person can take a
// place. Past it places stay empty, which again can only ask for more.
const maxSeating = 2_000_000

// place is a role requirement of one way to meet a rule, and how many people it
// takes.
type place struct {
	node *node
	need int
}

// seating gives everybody at most one place.
type seating struct {
	places []place
	chairs []int          // → index of its place
	sits   map[string]int // login → chair
	taken  []bool         // by chair
	left   *int           // of maxSeating
}

func newSeating(places []place, left *int) *seating {
	s := &seating{places: places, sits: map[string]int{}, left: left}
	for i, p := range places {
		for range p.need {
			s.chairs = append(s.chairs, i)
		}
	}
	s.taken = make([]bool, len(s.chairs))
	return s
}

// fill seats as many of people as can be, by augmenting paths, and returns how
// many chairs stay empty. Whoever sits keeps a chair, though it may be another.
func (s *seating) fill(people func(*node) []string) (empty int) {
	var seat func(c int, tried map[string]bool) bool
	seat = func(c int, tried map[string]bool) bool {
		for _, login := range people(s.places[s.chairs[c]].node) {
			if *s.left--; *s.left < 0 {
				return false
			}
			if tried[login] {
				continue
			}
			tried[login] = true
			other, sits := s.sits[login]
			if !sits || seat(other, tried) {
				s.sits[login] = c
				s.taken[c] = true
				return true
			}
		}
		return false
	}
	for c := range s.chairs {
		if !s.taken[c] && !seat(c, map[string]bool{}) {
			empty++
		}
	}
	return empty
}

// choices calls try with each way to choose one alternative of every `any`,
// first alternatives first, until it returns true. It returns false when there
// are more ways than are tried.
func choices(nodes []*node, try func([]place) bool) bool {
	left := maxChoices
	var walk func(open []*node, chosen []place) (stop bool)
	walk = func(open []*node, chosen []place) bool {
		if len(open) == 0 {
			if left == 0 {
				return true
			}
			left--
			return try(chosen)
		}
		n, rest := open[0], open[1:]
		switch n.out.Kind {
		case KindAny:
			for _, c := range n.children {
				if walk(append([]*node{c}, rest...), chosen) {
					return true
				}
			}
			return false
		case KindAll:
			return walk(slices.Concat(n.children, rest), chosen)
		}
		return walk(rest, append(chosen[:len(chosen):len(chosen)], place{n, n.out.Need}))
	}
	walk(nodes, nil)
	return left > 0
}

// distinguish leaves everybody who counts in at most one place of a distinct
// rule: the way that can be completed, and needs the fewest more. It reports
// whether there are enough people to complete it, and whether all ways were
// tried. What it does is taken from left.
func distinguish(nodes []*node, left *int) (enough, complete bool) {
	type result struct {
		seated *seating
		lack   int // chairs that nobody can fill
		open   int // chairs that nobody has filled yet
	}
	var best *result
	complete = choices(nodes, func(places []place) bool {
		r := &result{seated: newSeating(places, left)}
		r.open = r.seated.fill((*node).counted)
		r.lack = r.seated.fill((*node).possible)
		if best == nil || cmp.Or(cmp.Compare(r.lack, best.lack), cmp.Compare(r.open, best.open)) < 0 {
			best = r
		}
		return r.open == 0 || *left < 0
	})
	complete = complete && *left >= 0
	if best == nil {
		return true, complete
	}
	placed := map[*node]map[string]bool{}
	used := map[string]bool{}
	for login, c := range best.seated.sits {
		n := best.seated.places[best.seated.chairs[c]].node
		if !slices.Contains(n.counted(), login) {
			continue
		}
		if placed[n] == nil {
			placed[n] = map[string]bool{}
		}
		placed[n][login], used[login] = true, true
	}
	for _, top := range nodes {
		top.roles(func(n *node) {
			n.people = slices.DeleteFunc(n.people, func(p candidate) bool { return !placed[n][p.login] })
			n.used = used
		})
	}
	return best.lack == 0, complete
}

// counted lists who counts for n.
func (n *node) counted() []string {
	logins := make([]string, len(n.people))
	for i, p := range n.people {
		logins[i] = p.login
	}
	return logins
}

// possible lists who counts for n or could still approve.
func (n *node) possible() []string { return n.potential }
