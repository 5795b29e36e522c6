package githubtest

import (
	"iter"
	"slices"
)

// holders finds a repository's pull requests by a commit of theirs, or by that
// which they were merged as. What they hold is worked out when it is asked for.
type holders struct {
	by    map[string][]*Pull // by SHA
	moved []*Pull            // their head, base or end is another since
}

// move notes that a pull request may hold other commits than before.
func (h *holders) move(p *Pull) { h.moved = append(h.moved, p) }

// of lists those that hold a commit, in no order.
func (h *holders) of(sha string) iter.Seq[*Pull] {
	if h.by == nil {
		h.by = map[string][]*Pull{}
	}
	for _, p := range h.moved {
		for _, c := range p.held {
			h.by[c] = slices.DeleteFunc(h.by[c], func(other *Pull) bool { return other == p })
		}
		p.held = p.held[:0]
		for _, c := range p.changes().commits {
			p.held = append(p.held, c.sha)
		}
		if p.mergeCommit != "" && !slices.Contains(p.held, p.mergeCommit) {
			p.held = append(p.held, p.mergeCommit)
		}
		for _, c := range p.held {
			h.by[c] = append(h.by[c], p)
		}
	}
	h.moved = nil
	return slices.Values(h.by[sha])
}
