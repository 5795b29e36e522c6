package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// Findings writes what a change does, for people, with what could not be told
// beside it.
func Findings(w io.Writer, pull fact.Pull, color bool) error {
	var b strings.Builder
	found := pull.Findings
	fmt.Fprintf(&b, "# %s: %s, %s, %s to %s\n", code(cmp.Or(pull.Title, "no commit of its own")), count(len(pull.Commits), "commit"),
		count(len(pull.Files), "file"), sha(pull.MergeBase), sha(pull.Head.SHA))
	for _, g := range pull.Gaps {
		fmt.Fprintf(&b, "> Not everything could be read: %s%s.\n", plain(g.Reason), listed(", in ", g.Paths, len(g.Paths)))
	}
	changedFiles(&b, pull)
	section(&b, "Terraform resources", found.Terraform.Resources, func(r fact.Resource) string {
		s := r.Action + " " + code(r.Address)
		if r.From != "" {
			s += " from " + code(r.From)
		}
		s += " in " + code(cmp.Or(r.Dir, "."))
		if r.Kind.IsKnown() {
			s += " (" + plain(strings.Replace(r.Kind.Value, "data", "data store", 1)) + ")"
		} else {
			s += " (of a kind that cannot be told: " + plain(r.Kind.Unknown) + ")"
		}
		for _, k := range r.Risks {
			s += "\n  - " + plain(k.Name) + ": " + code(k.Detail)
		}
		return s
	})
	section(&b, "Terraform modules", found.Terraform.Modules, func(m fact.Module) string {
		name := code(m.Name)
		if m.From != "" {
			name += " from " + code(m.From)
		}
		return m.Action + " " + name + " in " + code(cmp.Or(m.Dir, ".")) + fromTo(told(m.FromSource), told(m.Source)) + fromTo(told(m.FromVersion), told(m.Version))
	})
	section(&b, "Terraform providers", found.Terraform.Providers, func(p fact.Provider) string {
		return p.Action + " " + code(cmp.Or(p.Source, p.Name)) + fromTo(p.From, p.To)
	})
	section(&b, "Terraform settings", found.Terraform.Settings, func(s fact.Setting) string {
		return s.Action + " " + code(strings.TrimSpace(s.Block+" "+s.Name)) + " in " + code(cmp.Or(s.Dir, "."))
	})
	section(&b, "Go packages", found.Go.Packages, func(p fact.GoPackage) string {
		return p.Action + " " + code(cmp.Or(p.Dir, ".")) + " (" + code(p.Name) + ")"
	})
	section(&b, "Exported Go API", found.Go.Exported, func(x fact.GoExport) string {
		return x.Action + " " + plain(x.Kind) + " " + code(x.Package+"."+x.Name)
	})
	section(&b, "Go functions", found.Go.Functions, func(f fact.GoFunc) string {
		return f.Action + " " + code(f.Name) + " in " + code(cmp.Or(f.Dir, "."))
	})
	section(&b, "Newly used in Go", found.Go.Uses, func(u fact.GoUse) string { return code(u.What) })
	section(&b, "Dependencies", found.Dependencies, func(d fact.Dependency) string {
		s := d.Action + " " + code(d.Name) + fromTo(d.From, d.To) + " (" + plain(d.Ecosystem)
		if d.Detail != "" {
			s += ", " + plain(d.Detail)
		}
		return s + ")"
	})
	section(&b, "Workflows", found.Workflows, func(x fact.Workflow) string {
		s := x.Action + " " + code(x.Path)
		for _, more := range []struct {
			what string
			list []string
		}{{"new trigger", x.Triggers}, {"new permission", x.Permissions}, {"new secret", x.Secrets}, {"outsiders' text in a script", x.Injections}, {"not pinned", x.Unpinned}} {
			for _, v := range more.list {
				s += "\n  - " + more.what + ": " + code(v)
			}
		}
		return s
	})
	_, err := io.WriteString(w, Plain(b.String(), color))
	return err
}

// changedFiles lists the files with what is known of each.
func changedFiles(b *strings.Builder, pull fact.Pull) {
	if len(pull.Files) == 0 {
		b.WriteString("\nNo file changes.\n")
		return
	}
	b.WriteString("\n**Files**\n\n")
	for i, f := range pull.Files {
		fmt.Fprintf(b, "- %s %s", f.Status, code(f.Path))
		if f.PreviousPath != "" {
			fmt.Fprintf(b, " from %s", code(f.PreviousPath))
		}
		fmt.Fprintf(b, " +%d −%d", f.Additions, f.Deletions)
		if f.Status != fact.Added && f.Status != fact.Removed && f.Base.Value.Mode != f.Head.Value.Mode {
			fmt.Fprintf(b, ", mode %s → %s", f.Base.Value.Mode, f.Head.Value.Mode)
		}
		if i < len(pull.Findings.Files) {
			about := pull.Findings.Files[i]
			for _, is := range []struct {
				what string
				m    fact.Maybe[bool]
			}{{"generated", about.Generated}, {"cosmetic", about.Cosmetic}} {
				switch {
				case !is.m.IsKnown():
					fmt.Fprintf(b, ", perhaps %s: %s", is.what, plain(is.m.Unknown))
				case is.m.Value:
					fmt.Fprintf(b, ", %s", is.what)
				}
			}
		}
		b.WriteString("\n")
	}
}

// section lists what was found, and what could not be looked at.
func section[T any](b *strings.Builder, title string, l fact.List[T], say func(T) string) {
	if len(l.Items)+len(l.Gaps) == 0 {
		return
	}
	fmt.Fprintf(b, "\n**%s**\n\n", title)
	for _, v := range l.Items {
		fmt.Fprintf(b, "- %s\n", say(v))
	}
	seen := map[string]bool{}
	for _, g := range l.Gaps {
		line := fmt.Sprintf("- and what cannot be told: %s%s\n", plain(g.Reason), listed(", in ", g.Paths, len(g.Paths)))
		if !seen[line] {
			b.WriteString(line)
		}
		seen[line] = true
	}
}

func told(m fact.Maybe[string]) string {
	if !m.IsKnown() {
		return "?"
	}
	return m.Value
}

func fromTo(from, to string) string {
	shown := slices.DeleteFunc([]string{from, to}, func(s string) bool { return s == "" })
	switch {
	case len(shown) == 0:
		return ""
	case from == to || len(shown) == 1:
		return " " + code(shown[0])
	}
	return " " + code(from) + " → " + code(to)
}
