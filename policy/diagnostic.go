package policy

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// The values of Diagnostic.Severity.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// HasErrors reports whether one of the diagnostics is an error.
func HasErrors(diags []Diagnostic) bool {
	return slices.ContainsFunc(diags, func(d Diagnostic) bool { return d.Severity == SeverityError })
}

// FormatDiagnostics writes diagnostics as HashiCorp's tools print them: what
// is wrong, where, the line itself, and the remedy. Text from a policy is
// written without control characters, so that it cannot drive a terminal.
func FormatDiagnostics(w io.Writer, diags []Diagnostic, color bool) error {
	var b strings.Builder
	for i, d := range diags {
		if i > 0 {
			b.WriteByte('\n')
		}
		formatDiagnostic(&b, d, color)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func formatDiagnostic(b *strings.Builder, d Diagnostic, color bool) {
	bold, paint, reset := "", "", ""
	if color {
		bold, paint, reset = "\x1b[1m", "\x1b[31m", "\x1b[0m"
		if d.Severity == SeverityWarning {
			paint = "\x1b[33m"
		}
	}
	title := "Error"
	if d.Severity == SeverityWarning {
		title = "Warning"
	}
	fmt.Fprintf(b, "%s%s%s: %s%s%s%s\n", bold+paint, title, reset, bold, printable(d.Summary), reset, "")
	switch {
	case d.Line > 0:
		fmt.Fprintf(b, "\n  on %s line %d", printable(d.Source), d.Line)
		if d.In != "" {
			fmt.Fprintf(b, ", in %s", printable(d.In))
		}
		b.WriteString(":\n")
		if d.Snippet != "" {
			fmt.Fprintf(b, "%4d: %s\n", d.Line, underlined(d, color))
		}
	case d.Source != "":
		fmt.Fprintf(b, "\n  in %s\n", printable(d.Source))
	}
	if d.Detail != "" {
		fmt.Fprintf(b, "\n%s\n", wrap(printable(d.Detail), 78))
	}
}

// underlined is the snippet, with the place itself underlined in colour.
func underlined(d Diagnostic, color bool) string {
	runes := []rune(printable(d.Snippet))
	from, to := d.Column-1, d.EndColumn-1
	if d.EndLine > d.Line {
		to = len(runes)
	}
	if !color || from < 0 || to > len(runes) || from >= to {
		return string(runes)
	}
	return string(runes[:from]) + "\x1b[4m" + string(runes[from:to]) + "\x1b[0m" + string(runes[to:])
}

// printable replaces what a terminal would act on: control characters and
// those that change the direction of text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r < ' ', r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
			return '�'
		}
		return r
	}, s)
}

// wrap breaks s at spaces into lines of at most width characters.
func wrap(s string, width int) string {
	var b strings.Builder
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		column := 0
		for j, word := range strings.Split(line, " ") {
			n := len([]rune(word))
			switch {
			case j == 0:
			case column+1+n > width:
				b.WriteByte('\n')
				column = 0
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += n
		}
	}
	return b.String()
}

// nearest returns the candidate closest to given, "" when none is close.
func nearest(given string, candidates []string) string {
	best, bestDistance := "", 3
	if n := len([]rune(given)); n <= 3 {
		bestDistance = 2
	}
	sorted := slices.Clone(candidates)
	slices.Sort(sorted)
	for _, c := range sorted {
		if strings.EqualFold(c, given) || strings.ReplaceAll(c, "-", "_") == strings.ReplaceAll(given, "-", "_") {
			return c
		}
		if d := levenshtein.Distance(strings.ToLower(given), strings.ToLower(c), nil); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// didYouMean is the sentence that offers the nearest candidate, or lists them
// when none is near and they are few.
func didYouMean(given string, candidates []string) string {
	if n := nearest(given, candidates); n != "" {
		return fmt.Sprintf(" Did you mean %q?", n)
	}
	if len(candidates) == 0 || len(candidates) > 16 {
		return ""
	}
	sorted := slices.Clone(candidates)
	slices.Sort(sorted)
	return " There is " + list(sorted) + "."
}

// list is "a", "a and b", "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// reporter collects the diagnostics of one source.
type reporter struct {
	source string
	lines  []string
	diags  []Diagnostic
	in     string // the block that is being read: rule "go"
	// heredocs is true for files in which they may stand.
	heredocs bool
}

// maxDiagnostics bounds what one source can make us print.
const maxDiagnostics = 100

func newReporter(s *Source) *reporter {
	return &reporter{source: s.Name, lines: strings.Split(string(s.Bytes), "\n")}
}

func (r *reporter) errorf(at hcl.Range, summary, detail string, args ...any) {
	r.add(SeverityError, at, summary, fmt.Sprintf(detail, args...))
}

func (r *reporter) warnf(at hcl.Range, summary, detail string, args ...any) {
	r.add(SeverityWarning, at, summary, fmt.Sprintf(detail, args...))
}

func (r *reporter) add(severity string, at hcl.Range, summary, detail string) {
	d := Diagnostic{Severity: severity, Source: r.source, In: r.in, Summary: summary, Detail: detail}
	if at.Start.Line > 0 {
		d.Line, d.Column = at.Start.Line, at.Start.Column
		d.EndLine, d.EndColumn = at.End.Line, at.End.Column
		if d.Line <= len(r.lines) {
			d.Snippet = shorten(strings.TrimRight(r.lines[d.Line-1], "\r"), 400)
		}
	}
	if len(r.diags) < maxDiagnostics && !slices.Contains(r.diags, d) {
		r.diags = append(r.diags, d)
	}
}

// shorten cuts s to n bytes at most, at a character's edge.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// addHCL takes over what the HCL parser found.
func (r *reporter) addHCL(diags hcl.Diagnostics) {
	for _, d := range diags {
		severity, at := SeverityError, hcl.Range{}
		if d.Severity == hcl.DiagWarning {
			severity = SeverityWarning
		}
		if d.Subject != nil {
			at = *d.Subject
		}
		r.add(severity, at, d.Summary, shorten(d.Detail, 1000))
	}
}

func (r *reporter) failed() bool { return HasErrors(r.diags) }

// sorted returns the diagnostics, errors first, by their place.
func (r *reporter) sorted() []Diagnostic {
	slices.SortStableFunc(r.diags, func(a, b Diagnostic) int {
		if a.Severity != b.Severity {
			return strings.Compare(a.Severity, b.Severity)
		}
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return r.diags
}
