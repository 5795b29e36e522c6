// Package reference writes docs/policy.md, the reference of the policy
// language: what the language's own schema says, in the places of a text that
// is written by hand.
//
// It must never say of the language what the schema knows better: a block, an
// argument, a name, a function or a command stands in the reference because it
// stands there.
package reference

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/policy"
)

//go:embed policy.md.tmpl
var text string

// Write writes the reference as Markdown.
func Write(w io.Writer) error {
	s := policy.NewSchema()
	t, err := template.New("policy.md").Funcs(template.FuncMap{
		"says":      func(name string) (string, error) { return blockDoc(s, name) },
		"takes":     func(name string) (string, error) { return blockTable(s, name) },
		"names":     func(root string) string { return nameTable(s, root) },
		"elements":  func(kind string) (string, error) { return elementTable(s, kind) },
		"functions": func(about bool) string { return functionTable(s, about) },
		"absent":    func() string { return absentTable(s) },
		"commands":  commandTable,
		"bounds":    func() string { return boundTable(s) },
	}).Parse(text)
	if err != nil {
		return fmt.Errorf("the reference's template: %w", err)
	}
	if err := t.Execute(w, nil); err != nil {
		return fmt.Errorf("the reference's template: %w", err)
	}
	return nil
}

// cell makes text fit into a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

// sentence starts a doc with a capital, unless it starts with code or a name.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[:1], "\"`/") {
		return cell(s)
	}
	return cell(strings.ToUpper(s[:1]) + s[1:])
}

// blockDoc says what a block is.
func blockDoc(s policy.Schema, name string) (string, error) {
	b, ok := s.Block(name)
	if !ok {
		return "", fmt.Errorf("there is no block %q", name)
	}
	return sentence(b.Doc) + ".", nil
}

// blockTable lists what a block may hold.
func blockTable(s policy.Schema, name string) (string, error) {
	b, ok := s.Block(name)
	if !ok {
		return "", fmt.Errorf("there is no block %q", name)
	}
	var out strings.Builder
	if len(b.Args) > 0 {
		out.WriteString("| argument | type | default | |\n|---|---|---|---|\n")
	}
	for _, a := range b.Args {
		def := code(a.Default)
		if a.Needed {
			def = "needed"
		}
		doc := cell(a.Doc)
		if len(a.Values) > 0 {
			doc = "`" + strings.Join(a.Values, "`, `") + "`: " + cell(a.Doc)
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", a.Name, cell(a.Shape), def, doc)
	}
	if len(b.Blocks) > 0 {
		fmt.Fprintf(&out, "\nBlocks inside: `%s`.\n", strings.Join(b.Blocks, "`, `"))
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// nameTable lists the names below a root; "" for those that stand alone.
func nameTable(s policy.Schema, root string) string {
	var out strings.Builder
	out.WriteString("| name | type | |\n|---|---|---|\n")
	for _, n := range s.Names {
		top, _, below := strings.Cut(n.Path, ".")
		if root == "" && (below && !standsAlone(s, top) || top == "pull") || root != "" && top != root {
			continue
		}
		doc := cell(n.Doc)
		if n.Contents {
			doc += " †"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", n.Path, cell(n.Type), doc)
	}
	return strings.TrimRight(out.String(), "\n")
}

// standsAlone reports whether a root is in the first table: a name by itself,
// or one that only has files below it.
func standsAlone(s policy.Schema, root string) bool {
	return root == "uncovered" || slices.ContainsFunc(s.Names, func(n policy.NameSchema) bool { return n.Path == root })
}

func elementTable(s policy.Schema, kind string) (string, error) {
	attrs := s.Elements(kind)
	if attrs == nil {
		return "", fmt.Errorf("there are no elements %q", kind)
	}
	var out strings.Builder
	out.WriteString("| attribute | type | |\n|---|---|---|\n")
	for _, a := range attrs {
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", a.Name, cell(a.Type), cell(a.Doc))
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

func functionTable(s policy.Schema, about bool) string {
	var out strings.Builder
	out.WriteString("| function | gives | |\n|---|---|---|\n")
	for _, f := range s.Functions {
		if f.About == about {
			fmt.Fprintf(&out, "| `%s` | %s | %s |\n", cell(f.Use), cell(f.Type), cell(f.Doc))
		}
	}
	return strings.TrimRight(out.String(), "\n")
}

func absentTable(s policy.Schema) string {
	var out strings.Builder
	out.WriteString("| not there | instead |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(s.Absent)) {
		fmt.Fprintf(&out, "| `%s` | %s |\n", name, cell(s.Absent[name]))
	}
	return strings.TrimRight(out.String(), "\n")
}

func commandTable() string {
	var out strings.Builder
	out.WriteString("| command | what it does | who may, by default |\n|---|---|---|\n")
	for _, c := range command.Specs() {
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", cell(strings.TrimSpace("/"+c.Name+" "+c.Usage)), cell(c.Help), cell(c.Who))
	}
	return strings.TrimRight(out.String(), "\n")
}

func boundTable(s policy.Schema) string {
	var out strings.Builder
	out.WriteString("| at most | |\n|---:|---|\n")
	for _, b := range s.Bounds {
		fmt.Fprintf(&out, "| %s | %s |\n", thousands(b.Most), b.What)
	}
	return strings.TrimRight(out.String(), "\n")
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
