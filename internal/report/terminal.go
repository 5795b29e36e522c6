package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/rolecall/rolecall/policy"
)

// The codes by which a terminal shows weight and colour.
const (
	bold  = "\x1b[1m"
	faint = "\x1b[2m"
	cyan  = "\x1b[36m"
	reset = "\x1b[0m"
)

// Terminal writes a decision as the check run on GitHub shows it: one line of
// heading, the summary, and with reasons the text part as well.
func Terminal(w io.Writer, d policy.Decision, o Options, reasons, color bool) error {
	out := Check(d, o)
	name := clean(d.Check)
	if color {
		name = bold + name + reset
	}
	s := fmt.Sprintf("%s %s — %s\n\n%s", icon(d.Status), name, out.Title, strings.TrimRight(Plain(out.Summary, color), "\n")+"\n")
	if reasons {
		s += "\n" + Plain(out.Text, color)
	}
	_, err := io.WriteString(w, s)
	return err
}

// Decided is a decision for programs.
type Decided struct {
	Title    string          `json:"title"` // as the check's
	Decision policy.Decision `json:"decision"`
}

// JSON writes a decision for programs: its title, and the whole of it.
func JSON(w io.Writer, d policy.Decision) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(Decided{titles(d).title(d), d})
}

// Plain turns the Markdown that this package writes into text for a terminal:
// tables are set in columns, and marks are dropped or shown as colour. Nothing
// in it can drive the terminal.
func Plain(markdown string, color bool) string {
	p := plainer{color: color}
	for line := range strings.Lines(markdown) {
		p.line(strings.TrimRight(line, "\n"))
	}
	p.flush()
	return p.out.String()
}

type plainer struct {
	out   strings.Builder
	color bool
	fence string     // that ends the block of code; "" outside of one
	table [][]string // not yet written
}

func (p *plainer) paint(code, s string) string {
	if !p.color || s == "" {
		return s
	}
	return code + s + reset
}

func (p *plainer) line(line string) {
	if p.fence != "" {
		if line == p.fence {
			p.fence = ""
			return
		}
		p.out.WriteString("  " + visible(line, maxText) + "\n")
		return
	}
	if strings.HasPrefix(line, "|") {
		if !strings.HasPrefix(line, "|---") {
			p.table = append(p.table, cells(line))
		}
		return
	}
	p.flush()
	rest := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(rest)]
	switch {
	case strings.HasPrefix(rest, "```"):
		p.fence = rest
	case strings.HasPrefix(rest, "<!--"), strings.HasPrefix(rest, "<details>"), strings.HasPrefix(rest, "</details>"):
	case strings.HasPrefix(rest, "#"):
		p.out.WriteString(p.paint(bold, spans(strings.TrimLeft(rest, "# "), nil)) + "\n")
	case strings.HasPrefix(rest, "- "):
		p.out.WriteString(indent + "• " + p.text(rest[2:]) + "\n")
	case strings.HasPrefix(rest, "> "):
		p.out.WriteString(indent + p.paint(faint, "│ ") + p.text(rest[2:]) + "\n")
	default:
		p.out.WriteString(indent + p.text(rest) + "\n")
	}
}

func (p *plainer) text(s string) string {
	return spans(s, func(s string) string { return p.paint(cyan, s) })
}

// cells takes a table's row apart.
func cells(line string) []string {
	const bar = "\x00"
	line = strings.ReplaceAll(line, `\|`, bar)
	var out []string
	for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
		out = append(out, strings.TrimSpace(strings.ReplaceAll(cell, bar, "|")))
	}
	return out
}

// flush writes the table, its columns aligned.
func (p *plainer) flush() {
	var widths []int
	for _, row := range p.table {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(spans(cell, nil)))
		}
	}
	for n, row := range p.table {
		line := ""
		for i, cell := range row {
			show := p.text(cell)
			if n == 0 {
				show = p.paint(faint, spans(cell, nil))
			}
			line += show + strings.Repeat(" ", widths[i]-width(spans(cell, nil))+2)
		}
		p.out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	p.table = nil
}

// width is how many columns s takes: the marks of statuses are two wide.
func width(s string) int {
	n := utf8.RuneCountInString(s)
	for _, r := range s {
		if strings.ContainsRune("✅⏳❌⛔➖❔❗", r) {
			n++
		}
	}
	return n
}

// spans drops the marks of code, bold and italic text; quote shows what was
// code.
func spans(s string, quote func(string) string) string {
	if quote == nil {
		quote = func(s string) string { return s }
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "`")
		b.WriteString(visible(strings.NewReplacer("**", "", "*", "").Replace(before), maxText))
		if !found {
			return b.String()
		}
		run := 1 + len(rest) - len(strings.TrimLeft(rest, "`"))
		fence := strings.Repeat("`", run)
		rest = rest[run-1:]
		inside, after, closed := cutFence(rest, fence)
		if !closed {
			b.WriteString(visible(fence, maxText))
			s = rest
			continue
		}
		if len(inside) > 2 && inside[0] == ' ' && inside[len(inside)-1] == ' ' {
			inside = inside[1 : len(inside)-1]
		}
		b.WriteString(quote(visible(inside, maxText)))
		s = after
	}
}

// cutFence cuts s around the first run of backticks that is just fence.
func cutFence(s, fence string) (inside, after string, ok bool) {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == len(fence) {
			return s[:i], s[i+run:], true
		}
		i += run
	}
	return "", "", false
}
