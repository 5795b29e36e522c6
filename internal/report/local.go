package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Local writes a decision on a local range: what is required, by whom, what the
// change does, and in a line for each rule why; with reasons, everything that
// the check's text says.
func Local(w io.Writer, d policy.Decision, f fact.Findings, reasons, color bool) error {
	if err := Terminal(w, d, Options{Findings: f}, reasons, color); err != nil || reasons {
		return err
	}
	_, err := io.WriteString(w, Plain(titles(d).brief(d), color))
	return err
}

// Markdown writes the check's summary and text below its title.
func Markdown(w io.Writer, d policy.Decision, f fact.Findings) error {
	out := Check(d, Options{Findings: f})
	_, err := fmt.Fprintf(w, "# %s\n\n%s\n%s", prose(out.Title), out.Summary, out.Text)
	return err
}

// brief says in a line for each rule in force why it is.
func (n names) brief(d policy.Decision) string {
	var b strings.Builder
	var idle []string
	for _, rule := range d.Rules {
		if !rule.InForce {
			if rule.Name != policy.KeepersRule {
				idle = append(idle, code(rule.Name))
			}
			continue
		}
		force, other := n.reasons(rule)
		if b.Len() == 0 {
			b.WriteString("\n**Why**\n\n")
		}
		fmt.Fprintf(&b, "- %s: %s.\n", code(rule.Name), strings.Join(slices.Concat(force, other), "; "))
		for _, e := range concerned(rule) {
			fmt.Fprintf(&b, "  - %s\n", e)
		}
	}
	if len(idle) > 0 {
		fmt.Fprintf(&b, "\nNot in force: %s.\n", strings.Join(idle, ", "))
	}
	for i, e := range d.Excluded {
		if i == 0 {
			b.WriteString("\nWhose approval will not count:\n")
		}
		fmt.Fprintf(&b, "- %s: %s.\n", excludedName(e), n.excludedFor(e))
	}
	return b.String()
}

func excludedName(e policy.Exclusion) string {
	if e.Person.Login == "" {
		return code(strings.TrimSpace(e.Person.Name + " <" + e.Person.Email + ">"))
	}
	return person(e.Person.Login)
}

// Visible makes text from outside one line that cannot drive a terminal.
func Visible(s string) string { return clean(s) }
