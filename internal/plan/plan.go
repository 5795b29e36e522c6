package plan

import (
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Kind is what an action does.
type Kind string

// The kinds of actions, in the order in which they matter.
const (
	CreateCheck Kind = "create_check" // Check
	UpdateCheck Kind = "update_check" // Check, with its ID
	RevokeCheck Kind = "revoke_check" // Check, of a commit or a base that was left
	Withdraw    Kind = "withdraw"     // Logins, Teams
	Request     Kind = "request"      // Logins, Teams
	Assign      Kind = "assign"       // Logins
	Unassign    Kind = "unassign"     // Logins
	Label       Kind = "label"        // Label
	Remind      Kind = "remind"       // Overdue
	Reply       Kind = "reply"        // Comment, Verdicts
	Remark      Kind = "remark"       // Note: of a broken glass, that no command asks for
	React       Kind = "react"        // Comment, Reaction, Verdicts; only after all that the comment asks for
)

// Action is one write to GitHub. Which fields are set depends on Kind.
type Action struct {
	Kind Kind
	// Why is its cause, for the log and the audit trail.
	Why string
	// By is the login of whoever's command it carries out or answers; "" for
	// what rolecall does of itself.
	By       string
	Check    Check
	Logins   []string
	Teams    []string // "org/slug"
	Label    string
	Comment  int64
	Reaction string
	Verdicts []policy.CommandVerdict
	// Choices say why whoever is requested was chosen.
	Choices []fact.Choice
	Overdue Overdue
	Note    fact.GlassNote
}

// Check is a check run that is to be written.
type Check struct {
	ID         int64 // of the run that is updated
	Name       string
	SHA        string
	Status     string // "in_progress" or "completed"
	Conclusion string // "" unless completed
	ExternalID ExternalID
	Shown      Shown
}

// Shown is all that the words of a check run depend on.
type Shown struct {
	Decision policy.Decision
	// Asked is who is asked for a review once the plan is carried out, logins
	// and "org/slug", sorted. It is left out where the check is shared.
	Asked []string
	// Choices say why they are asked, as far as is known. They are for the
	// reader, and no reason to write a check anew: no digest covers them.
	Choices []fact.Choice
	// Closed are the roles of which nobody is asked before their people work
	// again, by name. Like Asked it is left out where the check is shared.
	Closed []Closed
	// Draft is true where nobody is asked because the pull request is a draft;
	// left out likewise.
	Draft bool
	// Findings are what the change does; left out likewise.
	Findings fact.Findings
	// Shares are the numbers of the other pull requests that have the same
	// head and check, sorted.
	Shares []int
	// Forged has the conclusion, or else the status, of each check of the
	// same name and commit that somebody else posted.
	Forged []string
}

// Closed says when a role's people work again.
type Closed struct {
	Role     string
	Opens    time.Time // UTC
	Timezone string    // IANA name, of the role's hours
}

// Plan is what is to be done, in order of importance.
type Plan struct {
	Actions []Action
	// Asked is who is asked for a review once the plan is carried out, and
	// Choices why, as far as is known.
	Asked   []string
	Choices []fact.Choice
	// Next is when time alone changes the plan: a deadline passes, working
	// hours begin, somebody is back. Zero: never.
	Next time.Time
	// Record is the hash of the decision's entry in the audit trail, which its
	// check shows; "" where there is none.
	Record string

	green bool
}

// Options are the facts of the moment that are not the pull request's.
type Options struct {
	// Generation is the one of this decision.
	Generation int64
	// Digest covers everything that a check shows; equal words have equal
	// digests. Its form is [ExternalID]'s.
	Digest func(Shown) string
	// Self is the login of rolecall's App, in the form of fact.Login: what it
	// asked for itself it may withdraw.
	Self string
	// Siblings are the decisions on the other open pull requests that have
	// the same head and the same check: it shows the strictest of them all.
	Siblings []policy.Decision
	// Greens are the checks of the pull request that were written as success,
	// on whatever commit, and not taken back.
	Greens []Green
}

// Make returns the plan for a decision on a pull request. One that is closed
// or merged gets none, but for the reviews that a broken glass still owes.
func Make(d policy.Decision, pull fact.Pull, o Options) Plan {
	if pull.State != "open" {
		p := aftermath(d, pull, o)
		if pull.State == "closed" {
			p.add(left(d, pull, o)...)
		}
		return p
	}
	asking := requests(d, pull, o)
	p := Plan{Asked: asking.asked, Choices: asking.choices, Next: asking.next}
	s := shown(d, pull, o, asking)
	_, conclusion := State(s.Decision)
	p.green = conclusion == "success"
	p.add(check(s, pull, o))
	p.add(left(d, pull, o)...)
	p.add(asking.actions...)
	p.add(assignees(d, pull)...)
	p.add(labels(d, pull)...)
	p.add(latched(d, pull)...)
	p.add(answers(d, pull)...)
	return p
}

// Asks reports whether somebody is asked for a review.
func (p Plan) Asks() bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Kind == Request })
}

// AsksTeams reports whether a team is asked for a review, which GitHub may
// pass on to some of its members.
func (p Plan) AsksTeams() bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Kind == Request && len(a.Teams) > 0 })
}

// Labels reports whether the pull request gets a label that it had not when it
// was decided, which rules may depend on.
func (p Plan) Labels() bool {
	return slices.ContainsFunc(p.Actions, func(a Action) bool { return a.Kind == Label })
}

func (p *Plan) add(actions ...Action) {
	for _, a := range actions {
		if a.Kind != "" {
			p.Actions = append(p.Actions, a)
		}
	}
}
