package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// choices says who is asked, and why it is them.
func (n names) choices() string {
	var b strings.Builder
	for _, c := range n.why {
		if b.Len() == 0 {
			b.WriteString("**Who is asked, and why**\n\n")
		}
		fmt.Fprintf(&b, "- %s: %s.\n", person(c.Who()), n.choice(c))
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// choice says why one person or team was chosen, as it stood then.
func (n names) choice(c fact.Choice) string {
	role := ""
	if c.Role != "" {
		role = " as " + n.role(c.Role)
		if c.Project != "" {
			role += " of " + code(c.Project)
		}
	}
	if c.Team != "" {
		return "the whole team is asked" + role
	}
	var why string
	switch c.Cause {
	case fact.ChosenNext:
		why = "asked" + role + " because the deadline passed"
	case fact.ChosenOnCall:
		why = "on call, and nobody has taken it up" + role + " in time"
	case fact.ChosenByPeople:
		why = "a command asks for them"
	default:
		why = "asked" + role
	}
	parts := []string{count(c.Open, "other open review")}
	if c.Open == 0 {
		parts[0] = "no other open review"
	}
	switch {
	case c.Changed > 0 && c.Reviewed > 0:
		parts = append(parts, fmt.Sprintf("changed %s of these files lately and reviewed %d", count(c.Changed, "line"), c.Reviewed))
	case c.Changed > 0:
		parts = append(parts, fmt.Sprintf("changed %s of these files lately", count(c.Changed, "line")))
	case c.Reviewed > 0:
		parts = append(parts, fmt.Sprintf("reviewed %s of these files lately", count(c.Reviewed, "line")))
	}
	why += ": " + strings.Join(parts, ", ")
	if c.Cause != fact.ChosenFirst && c.Cause != fact.ChosenNext {
		return why
	}
	if c.Others == 0 {
		return why + "; nobody else could be asked"
	}
	var passed []string
	for _, p := range []struct {
		n   int
		why string
	}{{c.Away, "away"}, {c.Busy, "busy"}, {c.OnCall, "on call"}} {
		if p.n > 0 {
			passed = append(passed, fmt.Sprintf("%d %s", p.n, p.why))
		}
	}
	if len(passed) > 0 {
		return fmt.Sprintf("%s; of %s, %s", why, count(c.Others, "other"), strings.Join(passed, ", "))
	}
	return fmt.Sprintf("%s; %s", why, count(c.Others, "other"))
}

// Late is a requirement whose deadline has passed, as [Overdue] tells of it.
type Late struct {
	Role, Project string
	Step          int // 1 remind, 2 the next person, 3 whoever is on call
	Within        time.Duration
	Asked         []string // logins and "org/slug", who are mentioned
	OnCall        string   // login; "" for nobody
	Fresh         []string // who is asked now because of it
}

// Overdue is the comment that reminds of a review that is due. It mentions
// people, so that GitHub tells them.
func Overdue(d policy.Decision, l Late) string {
	n := titles(d)
	what := n.role(l.Role)
	if l.Role == "dri" {
		what = "DRI"
	}
	if l.Project != "" {
		what += " of " + code(l.Project)
	}
	after := working(l.Within * time.Duration(max(l.Step, 1)))
	var b strings.Builder
	switch {
	case l.Step <= 1 && len(l.Asked) == 0:
		fmt.Fprintf(&b, "For %s nobody could be asked for a review as %s: they are away, or cannot be asked.\n", after, what)
	case l.Step <= 1:
		fmt.Fprintf(&b, "%s: this pull request has waited %s for your review as %s.\n", mentions(l.Asked), after, what)
	case l.Step == 2 && len(l.Fresh) > 0:
		fmt.Fprintf(&b, "%s: this pull request has waited %s for a review as %s, so you are asked too.\n", mentions(l.Fresh), after, what)
	case l.Step == 2:
		fmt.Fprintf(&b, "This pull request has waited %s for a review as %s, and there is nobody else to ask.\n", after, what)
	case l.OnCall != "":
		fmt.Fprintf(&b, "%s: you are on call, and nobody has taken up the review as %s for %s. Please find somebody who does.\n", mentions([]string{l.OnCall}), what, after)
	default:
		fmt.Fprintf(&b, "Nobody has taken up the review as %s for %s, and nobody else who is on call could be told.\n", what, after)
	}
	return bounded(b.String(), maxReply)
}

// working is a stretch of working time in words.
func working(d time.Duration) string {
	switch {
	case d < time.Hour:
		return count(max(int(d/time.Minute), 1), "working minute")
	case d%time.Hour == 0:
		return count(int(d/time.Hour), "working hour")
	}
	return fmt.Sprintf("%.1f working hours", d.Hours())
}

// mentions names people and teams so that GitHub notifies them. Anything that
// is no plain name is shown as text.
func mentions(who []string) string {
	var out []string
	for _, w := range who {
		if named(w) {
			out = append(out, "@"+w)
		} else {
			out = append(out, person(w))
		}
	}
	return strings.Join(out, ", ")
}

// named reports whether s has the form of a login or of "org/slug".
func named(s string) bool {
	slashes := 0
	for i, c := range s {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case i > 0 && (c == '-' || c == '_'):
		case i > 0 && c == '/':
			slashes++
		default:
			return false
		}
	}
	return s != "" && slashes <= 1
}
