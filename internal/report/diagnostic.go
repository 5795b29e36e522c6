package report

import (
	"cmp"
	"fmt"
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

// annotations put the diagnostics of a policy that does not load on its lines.
func annotations(d policy.Decision) []Annotation {
	var out []Annotation
	for _, diag := range d.Diagnostics {
		if len(out) == maxAnnotations {
			break
		}
		if diag.Source != policy.RepoPath || diag.Line < 1 {
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
	return out
}
