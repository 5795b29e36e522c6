package plan

import (
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Green is a check of the pull request's that shows success, or may.
type Green struct {
	Head  string // SHA of the commit that it is on
	Check string // its name
}

// leftDigest stands in the external_id of a check that was taken back.
const leftDigest = "left"

// left takes back the greens of commits and bases that the pull request has
// left. Nobody looks at them any longer, and whoever pushes an earlier commit
// again, turns back to an earlier base or opens the pull request again would
// find them waiting, whatever was said meanwhile: GitHub merges on them before
// anybody has looked.
func left(d policy.Decision, pull fact.Pull, o Options) (actions []Action) {
	for _, g := range o.Greens {
		if pull.State == "open" && g.Head == d.Head && g.Check == d.Check {
			continue
		}
		actions = append(actions, Action{
			Kind: RevokeCheck,
			Check: Check{
				Name: g.Check, SHA: g.Head, Status: "completed", Conclusion: "cancelled",
				ExternalID: ExternalID{Number: pull.Number, Generation: o.Generation, Digest: leftDigest},
				Shown:      Shown{Decision: d},
			},
			Why: "the pull request has left what this check was green for",
		})
	}
	return actions
}

// Green reports whether the check is to show success once the plan is done.
func (p Plan) Green() bool { return p.green }
