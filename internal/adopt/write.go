package adopt

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/rolecall/rolecall/policy"
)

// writer writes a policy's text.
type writer struct{ b strings.Builder }

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format, args...)
	w.b.WriteByte('\n')
}

// comment writes text as comment lines, broken at about 78 characters.
func (w *writer) comment(text string) {
	for _, line := range strings.Split(text, "\n") {
		indent, column := "", 1
		if strings.HasPrefix(line, "- ") {
			indent = "  "
		}
		if rest := strings.TrimLeft(line, " "); rest != line {
			w.b.WriteString("# " + printable(line) + "\n")
			continue
		}
		w.b.WriteByte('#')
		for _, word := range strings.Fields(printable(line)) {
			n := utf8.RuneCountInString(word)
			if column > 2 && column+1+n > 78 {
				w.b.WriteString("\n#" + indent)
				column = 1 + len(indent)
			}
			w.b.WriteString(" " + word)
			column += 1 + n
		}
		w.b.WriteByte('\n')
	}
}

// head writes what comes before the rules: what is different, the policy block
// and the roles.
func (w *writer) head(found []Note, keepers *role, roles []*role) {
	if len(found) > 0 {
		w.line("#")
		w.comment("What is different:")
		for _, n := range found {
			w.comment("- " + n.String())
		}
	}
	w.line("")
	w.policyBlock(keepers)
	for _, r := range roles {
		w.role(r, keepers)
	}
}

// printable replaces what would end a comment or drive a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r == utf8.RuneError {
			return '·'
		}
		return r
	}, s)
}

// quote writes a text as the language does.
func quote(s string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes())
}

func quoteAll(list []string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = quote(s)
	}
	return strings.Join(out, ", ")
}

// policyBlock writes the policy block.
func (w *writer) policyBlock(keepers *role) {
	w.line("policy {\n  keepers = [%s] # who must approve a change of this file and its tests", quote(keepers.name))
	w.line("  mode = \"enforce\" # \"observe\" decides and explains, and never blocks\n}\n")
}

// role writes a role; keepers stand in where it has no members.
func (w *writer) role(r, keepers *role) {
	for _, c := range r.comment {
		w.comment(c)
	}
	w.line("role %s {", quote(r.name))
	if r.title != "" && r.title != r.name {
		w.line("  title = %s", quote(r.title))
	}
	if len(r.members) > 0 {
		w.line("  members = [%s]", quoteAll(r.members))
	}
	if r.standIn && r != keepers {
		w.line("  otherwise = %s # until somebody is named here", quote(keepers.name))
	}
	w.line("}\n")
}

// finish formats the text and makes sure that it loads.
func (w *writer) finish(name string, found []Note) (Import, error) {
	text := []byte(w.b.String())
	formatted, diags := policy.Format(&policy.Source{Name: name, Bytes: text})
	if !policy.HasErrors(diags) {
		text = formatted
		_, diags = policy.Load(nil, &policy.Source{Name: name, Bytes: text})
	}
	for _, d := range diags {
		if d.Severity == policy.SeverityError {
			return Import{Policy: text, Notes: found}, fmt.Errorf("the policy made of %s does not load: line %d: %s: %s", name, d.Line, d.Summary, d.Detail)
		}
	}
	return Import{Policy: text, Notes: found}, nil
}
