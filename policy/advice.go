package policy

import "slices"

// covers reports whether a rule of the layer that blocks is about every file,
// or about those that no other rule is about.
func (l *layer) covers() bool {
	return l != nil && slices.ContainsFunc(l.rules, func(r *rule) bool {
		return !r.advice && (r.mentionsName("uncovered.files") || r.when == nil && (r.changes == nil || l.rest(r.pick)))
	})
}

// named returns everybody who could ever hold a role, where the policy names
// them all.
func (l *layer) named(name string) (people []string, all bool) {
	r := l.role(name)
	switch {
	case r == nil, name == roleDRI, len(r.Teams) > 0, r.Calendar != "":
		return nil, false
	case r.Rotation != nil:
		return r.Rotation.Order, true
	}
	return r.People, len(r.People) > 0
}

// seatable reports whether a distinct rule's roles could ever be held by a
// different person for each of its requirements, as far as the policy names
// the people. A role with a stand-in may come to be held by others.
func (l *layer) seatable(r *rule) bool {
	var tree func(req *requirement) *node
	tree = func(req *requirement) *node {
		n := &node{out: Requirement{Kind: req.kind}}
		for _, c := range req.children {
			n.children = append(n.children, tree(c))
		}
		if req.kind == KindRole {
			if people, all := l.named(req.role); all && l.role(req.role).Otherwise == "" {
				n.out.Need, n.potential = req.approvals, people
			}
		}
		return n
	}
	var nodes []*node
	for _, req := range r.require {
		nodes = append(nodes, tree(req))
	}
	left, found := maxSeating/10, false
	complete := choices(nodes, func(places []place) bool {
		found = found || newSeating(places, &left).fill((*node).possible) == 0
		return found || left < 0
	})
	return found || !complete || left < 0
}
