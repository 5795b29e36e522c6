package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolecall/rolecall/policy/fact"
)

// maxDoes is how many lines a check has of what the change does.
const maxDoes = 12

// does says what a change does where that takes a reviewer's eye, the worst
// first: what is risky, what it lets in, and the resources by what they are. It
// is what the policy had looked at, and no list of all.
func does(f fact.Findings) string {
	var all []string
	for _, r := range f.Terraform.Resources.Items {
		for _, k := range r.Risks {
			all = append(all, fmt.Sprintf("**%s**: %s %s: %s", plain(strings.ReplaceAll(k.Name, "-", " ")), verb(r.Action), resource(r), code(k.Detail)))
		}
	}
	for _, w := range f.Workflows.Items {
		if len(w.Injections) > 0 {
			all = append(all, fmt.Sprintf("**script injection**: %s puts what outsiders write into a script%s", code(w.Path), listed(": ", w.Injections, len(w.Injections))))
		}
	}
	for _, w := range f.Workflows.Items {
		for _, part := range []struct {
			what string
			list []string
		}{{"new trigger", w.Triggers}, {"new permission", w.Permissions}, {"new secret", w.Secrets}, {"not pinned", w.Unpinned}} {
			if len(part.list) > 0 {
				all = append(all, fmt.Sprintf("%s in %s%s", part.what, code(w.Path), listed(": ", part.list, len(part.list))))
			}
		}
	}
	var uses []string
	for _, u := range f.Go.Uses.Items {
		if !u.Test {
			uses = append(uses, u.What)
		}
	}
	if len(uses) > 0 {
		all = append(all, "newly used in Go"+listed(": ", uses, len(uses)))
	}
	for _, d := range f.Dependencies.Items {
		if d.Direct {
			all = append(all, fmt.Sprintf("%s %s%s (%s)", verb(d.Action), code(d.Name), fromTo(d.From, d.To), plain(d.Ecosystem)))
		}
	}
	all = append(all, kinds(f.Terraform.Resources.Items)...)
	if len(all) == 0 {
		return ""
	}
	all = unique(all)
	var b strings.Builder
	b.WriteString("**What it does**\n\n")
	for _, s := range all[:min(len(all), maxDoes)] {
		fmt.Fprintf(&b, "- %s.\n", upper(s))
	}
	if more := len(all) - maxDoes; more > 0 {
		fmt.Fprintf(&b, "- … and %d more: `rolecall diff` lists all.\n", more)
	}
	return b.String() + "\n"
}

func resource(r fact.Resource) string {
	if r.Dir == "" {
		return code(r.Address)
	}
	return code(r.Address) + " in " + code(r.Dir)
}

// kinds names the resources by what they are and what becomes of them.
func kinds(list []fact.Resource) []string {
	by := map[[2]string][]string{}
	var keys [][2]string
	for _, r := range list {
		if r.Data {
			continue
		}
		kind := "what nobody knows the kind of"
		if r.Kind.IsKnown() {
			kind = strings.Replace(r.Kind.Value, "data", "data store", 1)
		}
		key := [2]string{kind, r.Action}
		if by[key] == nil {
			keys = append(keys, key)
		}
		by[key] = append(by[key], r.Address)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%s %s%s", verb(k[1]), plain(k[0]), listed(": ", by[k], len(by[k]))))
	}
	return out
}

// verbs are the actions of findings as a sentence has them.
var verbs = map[string]string{
	fact.Create: "creates", fact.Update: "changes", fact.Delete: "deletes", fact.Move: "moves", fact.Replace: "replaces", fact.Import: "imports",
	fact.Forget: "forgets", "add": "adds", "remove": "removes", "upgrade": "upgrades", "downgrade": "downgrades", "change": "changes",
}

func verb(action string) string { return cmp.Or(verbs[action], plain(action)) }

// unique drops what is said twice.
func unique(list []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}
