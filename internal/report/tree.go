package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// branch is a line of a tree, in Markdown, with what hangs below it.
type branch struct {
	text  string
	below []branch
}

func (b *branch) add(format string, args ...any) *branch {
	b.below = append(b.below, branch{text: fmt.Sprintf(format, args...)})
	return &b.below[len(b.below)-1]
}

// Tree writes a decision as a tree for a terminal: every rule and why it is in
// force or not, its requirements and who may meet them, every review and what
// it counts for or why it does not, and who is left out; and what became of
// the policy that the change proposes.
func Tree(w io.Writer, d policy.Decision, color bool) error {
	n := titles(d)
	p := plainer{color: color}
	name := clean(d.Check)
	if color {
		name = bold + name + reset
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s %s — %s\n", icon(d.Status), name, n.title(d))
	grow(&out, &p, n.tree(d), "")
	if d.Proposal != nil {
		var b strings.Builder
		proposal(&b, d)
		out.WriteString("\n" + strings.TrimRight(Plain(b.String(), color), "\n") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func grow(out *strings.Builder, p *plainer, branches []branch, indent string) {
	for i, b := range branches {
		turn, on := "├─ ", "│  "
		if i == len(branches)-1 {
			turn, on = "└─ ", "   "
		}
		out.WriteString(p.paint(faint, indent+turn) + p.text(b.text) + "\n")
		grow(out, p, b.below, indent+on)
	}
}

func (n names) tree(d policy.Decision) []branch {
	var root branch
	for _, s := range n.odd(d, Options{}) {
		root.add("%s", s)
	}
	for _, diag := range d.Diagnostics {
		root.add("%s line %d: %s: %s", code(diag.Source), diag.Line, clean(diag.Summary), code(diag.Detail))
	}
	for _, rule := range d.Rules {
		n.ruleBranch(&root, rule)
	}
	n.reviewBranches(&root, d)
	n.peopleBranches(&root, d)
	return root.below
}

func (n names) ruleBranch(root *branch, rule policy.RuleResult) {
	b := root.add("%s %s", icon(rule.Status), code(rule.Name))
	if rule.Floor {
		b.text += ", the organisation's"
	}
	if rule.Advice {
		b.text += ", advice"
	}
	if !rule.InForce {
		b.text += ", not in force: " + n.because(rule.Reasons)
		return
	}
	force, other := n.reasons(rule)
	if len(force) > 0 {
		why := b.add("in force: %s", strings.Join(force, "; "))
		for _, e := range concerned(rule) {
			why.add("%s", e)
		}
	}
	for _, why := range other {
		b.add("%s", why)
	}
	if rule.Distinct {
		b.add("each of its requirements needs a different person")
	}
	for _, r := range rule.Require {
		n.requirementBranch(b, r)
	}
}

func (n names) requirementBranch(above *branch, r policy.Requirement) {
	var b *branch
	switch r.Kind {
	case policy.KindAny:
		b = above.add("%s one of these", icon(r.Status))
	case policy.KindAll:
		b = above.add("%s all of these", icon(r.Status))
	default:
		b = above.add("%s %s: %s", icon(r.Status), n.asRole(r), n.stateOf(r))
		if who := n.who(r); who != "" {
			b.text += " — " + who
		}
	}
	for _, reason := range r.Reasons {
		if reason.Code == policy.ApprovalsMissing && reason.Of <= 1 {
			continue // the line above says so
		}
		b.add("%s", n.words(reason))
	}
	for _, child := range r.Children {
		n.requirementBranch(b, child)
	}
}

func (n names) reviewBranches(root *branch, d policy.Decision) {
	if len(d.Reviews) == 0 {
		return
	}
	all := root.add("reviews")
	for _, v := range d.Reviews {
		b := all.add("%s %s", person(v.By), did(v.State))
		if v.Commit != "" {
			b.text += " at " + sha(v.Commit)
		}
		var counts []string
		for _, c := range v.Counts {
			counts = append(counts, n.role(c.Role)+ofProject(c.Project)+" in "+code(c.Rule))
		}
		if len(counts) > 0 {
			b.text += ": counts as " + strings.Join(counts, ", ")
		} else {
			b.text += ": does not count"
		}
		for _, r := range v.Reasons {
			b.add("%s", n.words(r))
		}
	}
}

// peopleBranches are who is left out, who leads, and what people ordered.
func (n names) peopleBranches(root *branch, d policy.Decision) {
	if len(d.Excluded) > 0 {
		b := root.add("whose approval does not count by default")
		for _, e := range d.Excluded {
			b.add("%s: %s", excludedName(e), n.excludedFor(e))
		}
	}
	if len(d.Projects) > 0 {
		b := root.add("projects touched")
		for _, p := range d.Projects {
			name := "this pull request"
			if p.Name != "" {
				name = code(p.Name)
			}
			who := "no DRI is named"
			if len(p.DRI) > 0 {
				who = "DRI " + people(p.DRI)
				if p.By != "" && p.By != "policy" {
					who += ", assigned by " + person(p.By)
				}
			}
			b.add("%s: %s (%s)", name, who, count(len(p.Paths), "file"))
		}
	}
	if len(d.Commands) > 0 {
		b := root.add("commands")
		for _, v := range d.Commands {
			b.add("%s by %s: %s", code(v.Command.Text), person(v.Command.By.Login), n.verdict(v))
		}
	}
	if len(d.Labels) > 0 {
		var labels []string
		for _, l := range d.Labels {
			labels = append(labels, code(l.Label))
		}
		root.add("labels in force: %s", strings.Join(labels, ", "))
	}
}

func (n names) because(reasons []policy.Reason) string {
	var why []string
	for _, r := range reasons {
		why = append(why, n.words(r))
	}
	return strings.Join(why, "; ")
}
