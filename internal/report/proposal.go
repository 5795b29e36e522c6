package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// failedTests says which tests of its own the proposed policy does not pass.
func failedTests(b *strings.Builder, d policy.Decision) {
	p, effect := d.Proposal, "and so is not let through: "
	if d.Observe {
		effect = "so "
	}
	switch {
	case len(p.Failed) == 0 && p.Tests == 0:
		return
	case len(p.Failed) == 0:
		fmt.Fprintf(b, "> It passes its %s.\n\n", count(p.Tests, "test"))
		return
	}
	fmt.Fprintf(b, "> It does not pass its own tests, %smend the policy, or the tests with it. `rolecall test` shows each decision.\n\n", effect)
	for _, f := range p.Failed {
		place := f.Source
		if f.Line > 0 {
			place += fmt.Sprintf(":%d", f.Line)
		}
		fmt.Fprintf(b, "- %s", code(place))
		if f.Name != "" {
			fmt.Fprintf(b, " %s", code(f.Name))
		}
		fmt.Fprintf(b, ": %s\n", code(f.Message))
	}
	b.WriteString("\n")
}

// testAnnotations put failed tests on their lines.
func testAnnotations(p policy.Proposal, room int) []Annotation {
	var out []Annotation
	for _, f := range p.Failed {
		if len(out) == room {
			break
		}
		if f.Line < 1 {
			continue
		}
		out = append(out, Annotation{
			Path: f.Source, StartLine: f.Line, EndLine: f.Line, Level: "failure",
			Title: cut(cmp.Or(clean(f.Name), "This file of tests does not load"), 255), Message: cmp.Or(clean(f.Message), "it fails"),
		})
	}
	return out
}

// maxDifferences is how many pull requests the table of an impact names.
const maxDifferences = 50

// impact says what the proposed policy would decide differently.
func (n names) impact(b *strings.Builder, p *policy.Proposal) {
	if p == nil || p.Impact == nil {
		return
	}
	i := p.Impact
	b.WriteString("\n**What the new version would change**\n\n")
	of, where := "of this repository", ""
	if i.Floor {
		of, where = "of the organisation's repositories", " in the organisation's repositories"
	}
	switch different := len(i.Different) + i.Hidden; {
	case i.Replayed == 0 && len(i.Skipped) == 0:
		fmt.Fprintf(b, "No other pull request %s is on record yet, so there is nothing to replay it on.\n", of)
	case i.Replayed > 0 && different == 0:
		fmt.Fprintf(b, "Replayed on %s decided last%s: none would be decided differently.\n", count(i.Replayed, "pull request"), where)
	case i.Replayed > 0:
		fmt.Fprintf(b, "Replayed on %s decided last%s: %d would be decided differently.\n", count(i.Replayed, "pull request"), where, different)
	}
	if i.Hidden > 0 {
		fmt.Fprintf(b, "\n%s of these: in repositories that are not public, and so are not named here, where everybody can read.\n", upper(count(i.Hidden, "pull request")))
	}
	for _, s := range i.Skipped {
		fmt.Fprintf(b, "\n%s could not be replayed: %s.\n", upper(count(s.Count, "pull request")), code(s.Reason))
	}
	if len(i.Different) == 0 {
		return
	}
	b.WriteString("\n| Pull request | Now | Then | Roles | Why |\n|---|---|---|---|---|\n")
	for k, d := range i.Different {
		if k == maxDifferences {
			fmt.Fprintf(b, "\nand %d more.\n", len(i.Different)-k)
			return
		}
		name := fmt.Sprintf("#%d", d.Number)
		if d.Repo != "" {
			name = code(d.Repo + name)
		}
		if d.Title != "" {
			name += " " + code(cut(clean(d.Title), 80))
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, stateWord(d.Before), stateWord(d.After), rolesOf(d), n.whyDifferent(d))
	}
}

func stateWord(s policy.Status) string {
	words := map[policy.Status]string{
		policy.Met: "met", policy.Idle: "met", policy.Waiting: "waiting", policy.Refused: "changes requested", policy.Stuck: "nobody can approve", policy.Broken: "broken",
	}
	return icon(s) + " " + cmp.Or(words[s], "not known")
}

// rolesOf is what is asked for besides, and what no longer is.
func rolesOf(d policy.Difference) string {
	var out []string
	for _, a := range d.Gained {
		out = append(out, "+ "+code(a.Called))
	}
	for _, a := range d.Lost {
		out = append(out, "− "+code(a.Called))
	}
	if len(out) == 0 {
		return "the same"
	}
	return strings.Join(out, ", ")
}

// whyDifferent is the first reason.
func (n names) whyDifferent(d policy.Difference) string {
	if d.Broken != "" {
		return "its repository's policy would no longer load: " + code(d.Broken)
	}
	for _, a := range d.Gained {
		if len(a.Reasons) > 0 {
			return code(a.Rule) + ": " + n.words(a.Reasons[0])
		}
	}
	for _, a := range d.Gained {
		return code(a.Rule) + " asks"
	}
	for _, a := range d.Lost {
		return code(a.Rule) + " no longer asks"
	}
	return "its requirements are met otherwise"
}

// Different writes what two policies decide differently on one pull request,
// for a terminal.
func Different(d policy.Difference, color bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "- %s → %s\n", stateWord(d.Before), stateWord(d.After))
	for _, l := range []struct {
		word string
		list []policy.Asked
	}{{"asks besides for", d.Gained}, {"no longer asks for", d.Lost}} {
		for _, a := range l.list {
			var why []string
			for _, r := range a.Reasons {
				why = append(why, Words(r))
			}
			fmt.Fprintf(&b, "- %s %s, in %s: %s\n", l.word, code(a.Called), code(a.Rule), strings.Join(why, "; "))
		}
	}
	return Plain(b.String(), color)
}
