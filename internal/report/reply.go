package report

import (
	"fmt"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// Command is how one command is shown to people.
type Command struct{ Usage, Help, Who string }

// Reply answers the commands of one comment: why those that were refused were,
// the list of commands for /help, and every reason for /explain.
func Reply(d policy.Decision, verdicts []policy.CommandVerdict, commands []Command) string {
	n := titles(d)
	var b strings.Builder
	for _, v := range verdicts {
		switch {
		case !v.Accepted:
			fmt.Fprintf(&b, "%s was not done: %s.\n\n", code(v.Command.Text), strings.TrimPrefix(n.verdict(v), ineffective+": "))
		case v.Command.Name == "help":
			b.WriteString("| Command | What it does | Who may |\n|---|---|---|\n")
			for _, c := range commands {
				fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(c.Usage, "|", `\|`), c.Help, c.Who)
			}
			b.WriteString("\n")
		case v.Command.Name == "break-glass":
			if d.Glass != nil {
				fmt.Fprintf(&b, "%s.\n\n", n.broken(d))
				n.listDebts(&b, d.Glass, person)
				b.WriteString("\n")
			}
		case v.Command.Name == "assign-dri":
			n.patch(&b, v)
		case v.Command.Name == "explain":
			out := Check(d, Options{})
			fmt.Fprintf(&b, "**%s**\n\n%s\n<details><summary>Every reason</summary>\n\n%s\n</details>\n\n",
				code(out.Title), bounded(out.Summary, maxReply/4), bounded(out.Text, maxReply/2))
		}
	}
	return bounded(b.String(), maxReply)
}

// patch shows the ready change of a policy file, to be applied by hand, or
// says that none is needed.
func (n names) patch(b *strings.Builder, v policy.CommandVerdict) {
	for _, r := range v.Reasons {
		if r.Code == policy.PatchReady || r.Code == policy.PatchSame {
			fmt.Fprintf(b, "%s.\n\n", upper(n.words(r)))
		}
	}
	if v.Patch != "" {
		fence := strings.Repeat("`", max(3, longestRun(v.Patch, '`')+1))
		fmt.Fprintf(b, "%sdiff\n%s%s\n\n", fence, v.Patch, fence)
	}
}

// maxReply leaves room for the mark by which a reply is found again.
const maxReply = maxText - 1024
