package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// The reactions by which rolecall answers a command. They are set last, and so
// tell that all else that the command asks for has been done.
const (
	Accepted = "+1"
	Refused  = "confused"
)

// SecurityLabel is the label by which /needs-security latches.
const SecurityLabel = "security"

// ReplyMarker is the invisible first line of the reply to a comment's
// commands: finding it in one of rolecall's own comments tells that the reply
// was given.
func ReplyMarker(comment int64) string { return fmt.Sprintf("<!-- rolecall:reply:%d -->", comment) }

// answering are the commands whose answer is a reply.
var answering = []string{"help", "explain", "break-glass"}

// given is a comment with the commands in it.
type given struct {
	fact.Comment
	verdicts []policy.CommandVerdict
	reaction string // that answers it
}

// answered reports whether rolecall has said what became of the commands.
func (g given) answered() bool { return slices.Contains(g.Reactions, g.reaction) }

// commands lists the comments that gave commands. Those on which the decision
// cannot rule at this moment are left out.
func commands(d policy.Decision, pull fact.Pull) []given {
	verdicts := map[int64][]policy.CommandVerdict{}
	open := map[int64]bool{}
	for _, v := range d.Commands {
		verdicts[v.Command.Comment] = append(verdicts[v.Command.Comment], v)
		open[v.Command.Comment] = open[v.Command.Comment] || undecided(v)
	}
	var out []given
	for _, c := range pull.Comments {
		if len(verdicts[c.ID]) == 0 || open[c.ID] {
			continue
		}
		g := given{Comment: c, verdicts: verdicts[c.ID], reaction: Accepted}
		if slices.ContainsFunc(g.verdicts, func(v policy.CommandVerdict) bool { return !v.Accepted }) {
			g.reaction = Refused
		}
		out = append(out, g)
	}
	return out
}

// undecided reports whether the command was refused only because the facts or
// the policy cannot be read now.
func undecided(v policy.CommandVerdict) bool {
	return !v.Accepted && slices.ContainsFunc(v.Reasons, func(r policy.Reason) bool {
		return r.Code == policy.CommandsUnknown || r.Code == policy.PolicyUnreadable
	})
}

// answers reacts to each comment that gave commands, and replies once where
// one was refused or asks for a reply. A comment that was answered before and
// is judged otherwise now gets another reaction and no more words: the check
// has them.
func answers(d policy.Decision, pull fact.Pull) []Action {
	var replies, reactions []Action
	for _, g := range commands(d, pull) {
		why := "the commands were accepted"
		if g.reaction == Refused {
			why = "a command was refused"
		}
		var reply []policy.CommandVerdict
		for _, v := range g.verdicts {
			if !v.Accepted || slices.Contains(answering, v.Command.Name) || speaks(v) {
				reply = append(reply, v)
			}
		}
		before := slices.Contains(g.Reactions, Accepted) || slices.Contains(g.Reactions, Refused)
		if len(reply) > 0 && !before && !replied(pull.Comments, g.ID) {
			replies = append(replies, Action{Kind: Reply, Comment: g.ID, Verdicts: reply, Why: why, By: g.Author.Login})
		}
		if !g.answered() {
			reactions = append(reactions, Action{Kind: React, Comment: g.ID, Reaction: g.reaction, Verdicts: g.verdicts, Why: why, By: g.Author.Login})
		}
	}
	return append(replies, reactions...)
}

// speaks reports whether the command asked for a change of the policy file,
// which it can only be told of.
func speaks(v policy.CommandVerdict) bool {
	return slices.ContainsFunc(v.Reasons, func(r policy.Reason) bool { return r.Code == policy.PatchReady || r.Code == policy.PatchSame })
}

func replied(comments []fact.Comment, to int64) bool {
	return slices.ContainsFunc(comments, func(c fact.Comment) bool {
		return c.Own && strings.HasPrefix(c.Body, ReplyMarker(to))
	})
}

// assignees mirrors the DRIs that commands named as the pull request's
// assignees, and takes back the ones that it mirrored before. It does so when
// a command is new, so that people can change the assignees afterwards, and
// GitHub leave out whom it cannot assign.
func assignees(d policy.Decision, pull fact.Pull) []Action {
	var former []string
	by := "" // who gave the latest new command
	for _, g := range commands(d, pull) {
		for _, v := range g.verdicts {
			if !v.Accepted || speaks(v) || v.Command.Name != "assign-dri" && v.Command.Name != "unassign-dri" {
				continue
			}
			if v.Command.Name == "assign-dri" {
				former = append(former, assigned(v.Command))
			}
			if !g.answered() {
				by = v.Command.By.Login
			}
		}
	}
	if by == "" {
		return nil
	}
	var dris, add, remove []string
	for _, p := range d.Projects {
		if p.By != "" && p.By != "policy" {
			dris = append(dris, p.DRI...)
		}
	}
	for _, login := range dris {
		if !slices.Contains(pull.Assignees, login) && !slices.Contains(add, login) {
			add = append(add, login)
		}
	}
	for _, login := range former {
		if !slices.Contains(dris, login) && slices.Contains(pull.Assignees, login) && !slices.Contains(remove, login) {
			remove = append(remove, login)
		}
	}
	var actions []Action
	if len(add) > 0 {
		actions = append(actions, Action{Kind: Assign, Logins: add, Why: "a command names the DRI", By: by})
	}
	if len(remove) > 0 {
		actions = append(actions, Action{Kind: Unassign, Logins: remove, Why: "they are the DRI no longer", By: by})
	}
	return actions
}

// assigned is whom an /assign-dri command names: its first argument that is a
// person, else whoever gave it.
func assigned(c fact.Command) string {
	for _, arg := range c.Args {
		if strings.HasPrefix(arg, "@") {
			return fact.Login(arg)
		}
	}
	return c.By.Login
}

// labels latches /needs-security as a label, which deleting the comment does
// not take back. A label that was set after the command has latched already:
// whether its removal counts is the policy's to say.
func labels(d policy.Decision, pull fact.Pull) []Action {
	for _, v := range d.Commands {
		if v.Accepted && v.Command.Name == "needs-security" && !labelled(pull, v.Command.At) {
			return []Action{{Kind: Label, Label: SecurityLabel, Why: "a command asks for the Security Engineer", By: v.Command.By.Login}}
		}
	}
	return nil
}

func labelled(pull fact.Pull, since time.Time) bool {
	return slices.Contains(pull.Labels, SecurityLabel) || slices.ContainsFunc(pull.LabelEvents, func(e fact.LabelEvent) bool {
		return e.Label == SecurityLabel && e.Added && !e.At.Before(since)
	})
}
