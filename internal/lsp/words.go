package lsp

import (
	"fmt"
	"strings"

	"github.com/rolecall/rolecall/internal/command"
	"github.com/rolecall/rolecall/policy"
)

type namesOf = policy.NameSchema

// code is text as a block of the policy language.
func code(s string) string { return "```hcl\n" + s + "\n```" }

func elementOf(kind string) string {
	if kind == "" {
		return "an element"
	}
	return "an element of " + kind
}

func argumentDoc(a policy.ArgumentSchema) string {
	var b strings.Builder
	fmt.Fprintf(&b, "`%s` (%s", a.Name, a.Shape)
	switch {
	case a.Needed:
		b.WriteString(", needed")
	case a.Default != "":
		fmt.Fprintf(&b, ", `%s` where left out", a.Default)
	}
	fmt.Fprintf(&b, "): %s.", a.Doc)
	if len(a.Values) > 0 {
		fmt.Fprintf(&b, " One of `%s`.", strings.Join(a.Values, "`, `"))
	}
	return b.String()
}

func blockDoc(b policy.BlockSchema) string {
	head := b.Name
	if b.Label != "" {
		head += ` "` + b.Label + `"`
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n\n%s.\n", code(head+" { … }"), upper(b.Doc))
	for _, a := range b.Args {
		out.WriteString("\n- " + argumentDoc(a))
	}
	for _, inner := range b.Blocks {
		fmt.Fprintf(&out, "\n- block `%s`", inner)
	}
	return out.String()
}

func nameDoc(n policy.NameSchema) string {
	out := fmt.Sprintf("`%s` (%s): %s.", n.Path, n.Type, n.Doc)
	if n.Element != nil {
		out += "\n\nIts elements have " + attributeList(n.Element) + "."
	}
	return out
}

func attributeList(list []policy.AttributeSchema) string {
	var names []string
	for _, a := range list {
		names = append(names, "`"+a.Name+"`")
	}
	return strings.Join(names, ", ")
}

func functionDoc(f policy.FunctionSchema) string {
	return fmt.Sprintf("`%s` (%s): %s.", f.Use, f.Type, f.Doc)
}

func commandDoc(s command.Spec) string {
	return fmt.Sprintf("`%s`: %s By default: %s.", strings.TrimSpace("/"+s.Name+" "+s.Usage), s.Help, s.Who)
}

// roleDoc says what the file says of a role.
func (s *server) roleDoc(d *document, r *blockAt) string {
	return code(strings.TrimSpace(d.text[r.start:min(r.end, len(d.text))]))
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
