package policy

import (
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// writeCommands are those that take access to the repository where the policy
// does not say who may give them: membership or write access.
var writeCommands = []string{"needs-security", "request"}

// TakesWrite reports whether any layer of the policy leaves a command to
// members, collaborators and whoever else has write access.
func (p *Policy) TakesWrite(command string) bool {
	return slices.ContainsFunc(p.layers, func(l *layer) bool { return l.takesWrite(command) })
}

func (l *layer) takesWrite(command string) bool {
	_, set := l.commands[command]
	return !set && slices.Contains(writeCommands, command)
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
