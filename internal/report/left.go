package report

import (
	"fmt"

	"github.com/rolecall/rolecall/policy"
)

// Left returns what a check shows that is taken back: its pull request, on
// which d is the decision now, has left the commit, or the base, that it was
// green for.
func Left(d policy.Decision) Output {
	return Output{
		Title: fmt.Sprintf("#%d has left this commit or its base", d.Pull.Number),
		Summary: fmt.Sprintf("This check was green. #%d now is at %s, to be merged into %s, or is closed; what was said since then is not in this check. "+
			"Should it come back here, it is looked at anew.\n", d.Pull.Number, code(d.Head[:min(len(d.Head), 12)]), code(d.Base)),
	}
}
