package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// text is every reason behind a decision, rule by rule and review by review.
func (n names) text(d policy.Decision) string {
	var b strings.Builder
	n.debts(&b, d.Glass)
	for _, rule := range d.Rules {
		if rule.InForce {
			n.rule(&b, rule)
		}
	}
	n.idle(&b, d)
	n.reviews(&b, d)
	n.excluded(&b, d)
	n.projects(&b, d)
	n.commands(&b, d)
	n.kept(&b, d)
	n.sources(&b, d)
	return b.String()
}

func (n names) rule(b *strings.Builder, rule policy.RuleResult) {
	fmt.Fprintf(b, "### %s %s", icon(rule.Status), code(rule.Name))
	if rule.Floor {
		b.WriteString(" (the organisation's)")
	}
	if rule.Advice {
		b.WriteString(" (advice: it never blocks)")
	}
	b.WriteString("\n\n")
	if rule.Description != "" {
		fmt.Fprintf(b, "%s\n\n", prose(rule.Description))
	}
	force, other := n.reasons(rule)
	if len(force) > 0 {
		fmt.Fprintf(b, "- In force: %s.\n", strings.Join(force, "; "))
		for _, e := range concerned(rule) {
			fmt.Fprintf(b, "  - %s\n", e)
		}
	}
	for _, why := range other {
		fmt.Fprintf(b, "- %s.\n", upper(why))
	}
	if rule.Distinct {
		b.WriteString("- Each of its requirements needs a different person.\n")
	}
	for _, r := range rule.Require {
		n.requirement(b, r, 0)
	}
	b.WriteString("\n")
}

// reasons are why a rule is in force, and what else there is to say of it.
func (n names) reasons(rule policy.RuleResult) (force, other []string) {
	for _, r := range rule.Reasons {
		if aboutForce(r.Code) {
			force = append(force, n.words(r))
		} else {
			other = append(other, n.words(r))
		}
	}
	return force, other
}

// concerned lists what a rule is about, where its reasons do not name all of
// it already.
func concerned(rule policy.RuleResult) []string {
	if len(rule.Elements) <= maxPaths && !slices.ContainsFunc(rule.Elements, elsewhere) {
		return nil
	}
	var out []string
	for i, e := range rule.Elements {
		if i == maxElements {
			return append(out, fmt.Sprintf("… and %d more", len(rule.Elements)-i))
		}
		text := code(e.Summary)
		if e.Unknown != "" {
			text += ", which cannot be told: " + code(e.Unknown)
		}
		out = append(out, text)
	}
	return out
}

// aboutForce reports whether a rule's reason says why it is in force; the
// others are about its requirements.
func aboutForce(c policy.Code) bool {
	switch c {
	case policy.TooFewDistinct, policy.TooManyAlternatives, policy.NoProjectTouched, policy.Observed:
		return false
	}
	return true
}

// elsewhere reports whether an element says more than the name of its file.
func elsewhere(e policy.Element) bool {
	return e.Unknown != "" || len(e.Paths) != 1 || e.Summary != e.Paths[0]
}

func (n names) requirement(b *strings.Builder, r policy.Requirement, depth int) {
	indent := strings.Repeat("  ", depth)
	switch r.Kind {
	case policy.KindAny, policy.KindAll:
		word := map[string]string{policy.KindAny: "One", policy.KindAll: "All"}[r.Kind]
		fmt.Fprintf(b, "%s- %s %s of these:\n", indent, icon(r.Status), word)
	default:
		fmt.Fprintf(b, "%s- %s %s", indent, icon(r.Status), n.role(r.Role))
		if r.Project != "" {
			fmt.Fprintf(b, " of the project %s", code(r.Project))
		}
		fmt.Fprintf(b, ": %s", n.stateOf(r))
		if who := n.who(r); who != "" {
			fmt.Fprintf(b, " — %s", who)
		}
		b.WriteString("\n")
	}
	for _, reason := range r.Reasons {
		if reason.Code == policy.ApprovalsMissing && reason.Of <= 1 {
			continue // the line above says so
		}
		fmt.Fprintf(b, "%s  - %s.\n", indent, upper(n.words(reason)))
	}
	for _, child := range r.Children {
		n.requirement(b, child, depth+1)
	}
}

func (n names) idle(b *strings.Builder, d policy.Decision) {
	head := "### Not in force\n\n"
	var untouched []string
	for _, rule := range d.Rules {
		if rule.InForce {
			continue
		}
		if len(rule.Reasons) == 1 && rule.Reasons[0].Code == policy.ChangesEmpty {
			untouched = append(untouched, code(rule.Name))
			continue
		}
		fmt.Fprintf(b, "%s- %s: %s.\n", head, code(rule.Name), n.because(rule.Reasons))
		head = ""
	}
	if len(untouched) > 0 {
		fmt.Fprintf(b, "%s- Nothing changes that these are about: %s.\n", head, strings.Join(untouched, ", "))
		head = ""
	}
	if head == "" {
		b.WriteString("\n")
	}
}

func (n names) reviews(b *strings.Builder, d policy.Decision) {
	if len(d.Reviews) == 0 {
		return
	}
	b.WriteString("### Reviews\n\n")
	for _, v := range d.Reviews {
		fmt.Fprintf(b, "- %s %s", person(v.By), did(v.State))
		if v.Commit != "" {
			fmt.Fprintf(b, " at %s", sha(v.Commit))
		}
		if len(v.Counts) > 0 {
			var for_ []string
			for _, c := range v.Counts {
				for_ = append(for_, n.role(c.Role)+ofProject(c.Project)+" in "+code(c.Rule))
			}
			fmt.Fprintf(b, ": counts as %s", strings.Join(for_, ", "))
		}
		b.WriteString("\n")
		for _, r := range v.Reasons {
			fmt.Fprintf(b, "  - %s.\n", upper(n.words(r)))
		}
	}
	b.WriteString("\n")
}

// did says what the author of a review did.
func did(state string) string {
	if state == fact.ChangesRequested {
		return "requested changes"
	}
	return plain(strings.ReplaceAll(state, "_", " "))
}

// excludedFor is why somebody's approval does not count, without naming them
// again.
func (n names) excludedFor(e policy.Exclusion) string {
	why := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		why[i] = strings.TrimPrefix(n.words(r), person(e.Person.Login)+" ")
	}
	return strings.Join(why, "; ")
}

func (n names) excluded(b *strings.Builder, d policy.Decision) {
	if len(d.Excluded) == 0 {
		return
	}
	b.WriteString("### Whose approval does not count by default\n\n")
	for _, e := range d.Excluded {
		fmt.Fprintf(b, "- %s: %s.\n", excludedName(e), n.excludedFor(e))
	}
	b.WriteString("\n")
}

func (n names) projects(b *strings.Builder, d policy.Decision) {
	if len(d.Projects) == 0 {
		return
	}
	b.WriteString("### Projects touched\n\n")
	for _, p := range d.Projects {
		if p.Name == "" {
			b.WriteString("- this pull request")
		} else {
			fmt.Fprintf(b, "- %s", code(p.Name))
		}
		switch {
		case len(p.DRI) == 0:
			b.WriteString(": no DRI is named")
		case p.By == "policy" || p.By == "":
			fmt.Fprintf(b, ": DRI %s, by the policy", people(p.DRI))
		default:
			fmt.Fprintf(b, ": DRI %s, assigned by %s", people(p.DRI), person(p.By))
		}
		fmt.Fprintf(b, " (%s)\n", count(len(p.Paths), "file"))
	}
	b.WriteString("\n")
}

func (n names) commands(b *strings.Builder, d policy.Decision) {
	if len(d.Commands) == 0 {
		return
	}
	b.WriteString("### Commands\n\n")
	for _, v := range d.Commands {
		fmt.Fprintf(b, "- %s by %s: %s\n", code(v.Command.Text), person(v.Command.By.Login), n.verdict(v))
	}
	b.WriteString("\n")
}

const ineffective = "without effect"

func (n names) verdict(v policy.CommandVerdict) string {
	if v.Accepted {
		return "accepted"
	}
	var why []string
	for _, r := range v.Reasons {
		why = append(why, n.words(r))
	}
	if len(why) == 0 {
		return ineffective
	}
	return ineffective + ": " + strings.Join(why, "; ")
}

func (n names) kept(b *strings.Builder, d policy.Decision) {
	head := "### Labels that stay in force\n\n"
	for _, l := range d.Labels {
		if !l.Kept {
			continue
		}
		fmt.Fprintf(b, "%s- %s", head, code(l.Label))
		if l.By != "" {
			fmt.Fprintf(b, ": %s removed it and may not decide on it", person(l.By))
		}
		b.WriteString("\n")
		head = ""
	}
	if head == "" {
		b.WriteString("\n")
	}
}

func (n names) sources(b *strings.Builder, d policy.Decision) {
	b.WriteString("### Policy\n\n")
	for _, s := range d.Policy {
		fmt.Fprintf(b, "- %s", code(s.Name))
		if s.Blob != "" {
			fmt.Fprintf(b, " at blob %s", code(cut(s.Blob, 12)))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(b, "- Decided for %s, base %s.\n", sha(d.Head), code(d.Base))
}
