package policy

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// permit takes back the acceptance of commands that the policy keeps to certain
// roles, and gathers the labels that the others ask for. A command is accepted
// where one layer permits it: a repository's file cannot take from anybody what
// the floor leaves to all.
func (s *subject) permit(p *Policy) {
	for i, c := range s.pull.Commands {
		if r := s.rulings[i]; r == nil || !r.accepted {
			continue
		}
		var reasons []Reason
		for _, l := range p.layers {
			why := l.permits(newBench(l, s.pull), c)
			if why == nil {
				reasons = nil
				break
			}
			reasons = append(reasons, *why)
		}
		if len(reasons) > 0 {
			s.rulings[i] = &ruling{reasons: reasons}
			continue
		}
		s.wanted = append(s.wanted, s.asked[i]...)
	}
}

// permits returns why the layer's commands block keeps c from its author; nil
// where it does not. Whether a command that tightens is kept from somebody must
// be certain.
func (l *layer) permits(b *bench, c fact.Command) *Reason {
	roles, set := l.commands[c.Name]
	if !set {
		return nil
	}
	by := fact.Login(c.By.Login)
	var fixed []string
	for _, r := range roles {
		if r != roleDRI {
			fixed = append(fixed, r)
		} else if slices.ContainsFunc(l.projects, func(p *project) bool { return p.dri != "" && p.dri == by }) {
			return nil
		}
	}
	held, unknown := b.holdsAny(fixed, by, c.At)
	switch {
	case held, unknown != "" && c.Name == "needs-security":
		return nil
	case unknown != "":
		return &Reason{Code: HoldersUnknown, Role: strings.Join(fixed, ", "), Detail: unknown}
	}
	return &Reason{Code: CommandNeedsRole, Person: by, Detail: strings.Join(roles, ", ")}
}
