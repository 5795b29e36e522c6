package command

import (
	"fmt"
	"strings"
)

// Document is docs/commands.md: every command, from the grammar.
func Document() string {
	var b strings.Builder
	b.WriteString(`# Commands

<!-- Made from the grammar in internal/command by: go test ./internal/command -update -->

A command stands alone on its line of a comment on the pull request:

` + "```" + `
Looks good to me, but it is Bo's project now.
/assign-dri @bo instances
` + "```" + `

- It has to be a fresh comment by its own author. Once a comment is edited its
  commands have no effect; write a new one. Bots give no commands.
- In a quote, a list, a table, code or HTML it is only text, and so is all that
  follows the first HTML of a comment.
- rolecall answers with a reaction: 👍 when it is done, 😕 when it is refused,
  and then with a short reply that says why.
- Nobody who wrote part of a change can loosen what it needs.
- What loosens is read from the comments again every time, so that it ends when
  its comment is deleted or edited; it ends too when somebody deletes or edits a
  later comment of somebody else's, which may have taken it back. What tightens
  stays: it is kept as a label.
- Several commands in one comment are carried out in their order, ten at most.

| Command | What it does | Who may |
|---|---|---|
`)
	for _, s := range specs {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", strings.ReplaceAll(s.usage(), "|", `\|`), s.Help, s.Who)
	}
	b.WriteString(`
The policy can say otherwise who may give a command, by roles:

` + "```hcl" + `
commands {
  break-glass = ["on-call-engineer", "manager"]
  recheck     = ["cloud-engineer"]
}
` + "```" + `
`)
	for _, s := range specs {
		fmt.Fprintf(&b, "\n## /%s\n\n```\n%s\n```\n\n%s Who may: %s.\n", s.Name, s.usage(), s.Help, s.Who)
		if s.More != "" {
			fmt.Fprintf(&b, "\n%s\n", s.More)
		}
	}
	return b.String()
}

func (s Spec) usage() string { return strings.TrimSpace("/" + s.Name + " " + s.Usage) }
