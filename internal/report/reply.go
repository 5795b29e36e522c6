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
		case v.Command.Name == "explain":
			out := Check(d, Options{})
			fmt.Fprintf(&b, "**%s**\n\n%s\n<details><summary>Every reason</summary>\n\n%s\n</details>\n\n",
				code(out.Title), bounded(out.Summary, maxReply/4), bounded(out.Text, maxReply/2))
		}
	}
	return bounded(b.String(), maxReply)
}

// maxReply leaves room for the mark by which a reply is found again.
const maxReply = maxText - 1024
