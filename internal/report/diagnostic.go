package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy"
)

// maxDiagnostics is how many diagnostics of a policy a check prints.
const maxDiagnostics = 20

// diagnostics prints what is wrong with a policy as the command line does.
func diagnostics(b *strings.Builder, all []policy.Diagnostic) {
	if len(all) == 0 {
		return
	}
	var text strings.Builder
	_ = policy.FormatDiagnostics(&text, all[:min(len(all), maxDiagnostics)], false) // a Builder takes all
	var lines []string
	for line := range strings.Lines(text.String()) {
		lines = append(lines, visible(strings.TrimRight(line, "\n"), maxText/(8*maxDiagnostics)))
	}
	body := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(3, longestRun(body, '`')+1))
	fmt.Fprintf(b, "%s\n%s\n%s\n", fence, body, fence)
	if more := len(all) - maxDiagnostics; more > 0 {
		fmt.Fprintf(b, "\nand %d more.\n", more)
	}
}

// inForce reports whether a policy was there to decide by.
func inForce(d policy.Decision) bool {
	return !slices.ContainsFunc(d.Notes, func(r policy.Reason) bool { return r.Code == policy.PolicyUnreadable })
}

// proposal says what becomes of the policy once the pull request is merged.
func proposal(b *strings.Builder, d policy.Decision) {
	if d.Proposal == nil {
		return
	}
	defer failedTests(b, d)
	if len(d.Proposal.Paths) == 0 {
		if len(d.Proposal.Diagnostics) == 0 {
			b.WriteString("> The policy's tests change.\n\n")
			return
		}
		diagnostics(b, d.Proposal.Diagnostics)
		b.WriteString("\n")
		return
	}
	var files []string
	for _, path := range d.Proposal.Paths {
		files = append(files, code(path))
	}
	of := "The new version of " + strings.Join(files, " and ")
	switch {
	case !d.Proposal.Loads():
		fmt.Fprintf(b, "> %s does not load: once it is merged, no pull request can be.\n\n", of)
	case len(d.Proposal.Diagnostics) > 0:
		fmt.Fprintf(b, "> %s loads, with %s.\n\n", of, count(len(d.Proposal.Diagnostics), "warning"))
	default:
		fmt.Fprintf(b, "> %s loads.\n\n", of)
	}
	if len(d.Proposal.Diagnostics) > 0 {
		diagnostics(b, d.Proposal.Diagnostics)
		b.WriteString("\n")
	}
}

// annotations put the diagnostics of the policy that a pull request brings on
// its lines.
func annotations(p policy.Proposal) []Annotation {
	var out []Annotation
	for _, diag := range p.Diagnostics {
		if len(out) == maxAnnotations {
			break
		}
		if diag.Line < 1 {
			continue
		}
		level := "failure"
		if diag.Severity == policy.SeverityWarning {
			level = "warning"
		}
		out = append(out, Annotation{
			Path: diag.Source, StartLine: diag.Line, EndLine: max(diag.Line, diag.EndLine), Level: level,
			Title: cut(clean(diag.Summary), 255), Message: cmp.Or(clean(diag.Detail), clean(diag.Summary), "this cannot be used"),
		})
	}
	return append(out, testAnnotations(p, maxAnnotations-len(out))...)
}
