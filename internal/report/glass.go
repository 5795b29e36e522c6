package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// moment is how times are written: to the minute, UTC.
const moment = "2006-01-02 15:04 UTC"

// glassTitle is the check's title while a broken glass lets a change through.
func (n names) glassTitle(g *policy.Glass) string {
	who := "SOMEBODY"
	if g.By != "" {
		who = clean(g.By)
	}
	return "GLASS BROKEN BY " + who + ". SKIPPED AND OWED: " + strings.Join(n.owed(g), ", ")
}

// owed names the roles whose reviews are owed, once each, in plain text.
func (n names) owed(g *policy.Glass) []string {
	var out []string
	for _, d := range g.Open() {
		if s := n.debtor(d, clean); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// debtor names whose review a debt is, with roles and projects shown by show.
func (n names) debtor(d policy.Debt, show func(string) string) string {
	var roles []string
	for i, r := range d.Roles {
		name := r
		switch {
		case i < len(d.Titles) && d.Titles[i] != "":
			name = d.Titles[i]
		case r == "dri":
			name = "DRI"
		}
		roles = append(roles, show(name))
	}
	s := strings.Join(roles, " or ")
	if d.Project != "" {
		s += " of " + show(d.Project)
	}
	return s
}

// broken says in the check, and in the answer to the command, who broke the
// glass, when, why, and what that skipped.
func (n names) broken(d policy.Decision) string {
	g := d.Glass
	var b strings.Builder
	fmt.Fprintf(&b, "**THE GLASS IS BROKEN** by %s at %s", person(g.By), g.At.UTC().Format(moment))
	if g.Second != "" {
		fmt.Fprintf(&b, ", confirmed by %s", person(g.Second))
	}
	if g.Reason != "" {
		fmt.Fprintf(&b, ", because: %s", code(g.Reason))
	} else {
		b.WriteString("; the comment that says why is gone")
	}
	switch open := g.Open(); {
	case len(g.Debts) == 0:
		b.WriteString(". Nothing was skipped")
	case len(open) == 0:
		b.WriteString(". **EVERY REVIEW THAT IT SKIPPED HAS BEEN GIVEN SINCE**")
	case d.Status == policy.Owed:
		fmt.Fprintf(&b, ". **THE REVIEWS OF %s ARE SKIPPED**, and owed after the merge", strings.Join(n.debtors(open), ", "))
	default:
		fmt.Fprintf(&b, ". It skips the reviews of %s, which are owed after the merge, and does not reach the rest", strings.Join(n.debtors(open), ", "))
	}
	if g.Issue != 0 {
		fmt.Fprintf(&b, " (tracked in #%d)", g.Issue)
	}
	return b.String()
}

func (n names) debtors(debts []policy.Debt) []string {
	var out []string
	for _, d := range debts {
		if s := n.debtor(d, plain); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// debts lists every requirement that was skipped.
func (n names) debts(b *strings.Builder, g *policy.Glass) {
	if g == nil || len(g.Debts) == 0 {
		return
	}
	b.WriteString("### Skipped by the broken glass\n\n")
	n.listDebts(b, g, person)
	b.WriteString("\nWhoever wrote part of the change, and whoever broke the glass, clears nothing.\n\n")
}

func (n names) listDebts(b *strings.Builder, g *policy.Glass, who func(string) string) {
	for _, d := range g.Debts {
		if d.Cleared {
			fmt.Fprintf(b, "- ✅ %s (rule %s): reviewed by %s.\n", n.debtor(d, plain), code(d.Rule), people(d.By))
			continue
		}
		fmt.Fprintf(b, "- ⏳ %s (rule %s): owed", n.debtor(d, plain), code(d.Rule))
		if len(d.May) == 0 {
			b.WriteString("; nobody can give it as things stand")
		}
		for i, login := range d.May[:min(len(d.May), maxPeople)] {
			b.WriteString([]string{" by ", ", or "}[min(i, 1)] + who(login))
		}
		b.WriteString(".\n")
	}
}

// mention calls a person, which code does not. Nothing but what GitHub lets a
// login be made of is mentioned.
func mention(login string) string {
	allowed := func(r rune) bool { return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_' }
	for _, r := range login {
		if !allowed(r) {
			return person(login)
		}
	}
	return "@" + login
}

// DebtIssue is the title and text of the issue that tracks what a broken glass
// owes.
func DebtIssue(d policy.Decision) (title, body string) {
	n := titles(d)
	var b strings.Builder
	fmt.Fprintf(&b, "#%d: %s.\n\n", d.Pull.Number, n.broken(d))
	n.listDebts(&b, d.Glass, person)
	fmt.Fprintf(&b, "\nEach is cleared by an approving review on #%d. rolecall closes this issue once all are.\n", d.Pull.Number)
	return fmt.Sprintf("Reviews are owed for #%d: its glass was broken", d.Pull.Number), bounded(b.String(), maxReply)
}

// DebtReminder asks, for the turn-th time, for the reviews that are owed.
func DebtReminder(d policy.Decision, turn int) string {
	n := titles(d)
	var b strings.Builder
	fmt.Fprintf(&b, "Reminder %d. %s.\n\n", turn, n.broken(d))
	n.listDebts(&b, d.Glass, mention)
	b.WriteString("\nAn approving review of this pull request clears it, merged as it is.\n")
	return bounded(b.String(), maxReply)
}

// DebtCleared says that nothing is owed any more.
func DebtCleared(d policy.Decision, merged bool) string {
	if !merged || d.Glass == nil {
		return "This pull request was closed without being merged: nothing is owed for its broken glass.\n"
	}
	n := titles(d)
	var b strings.Builder
	b.WriteString("Nothing is owed any more for the broken glass.\n\n")
	n.listDebts(&b, d.Glass, person)
	return bounded(b.String(), maxReply)
}
