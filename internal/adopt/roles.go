package adopt

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// role is a role of the new policy.
type role struct {
	name    string
	title   string
	members []string // "@login" and "@org/team", in the order of the file
	comment []string // lines above it
	// standIn is true where nobody can be named as a member, so that the
	// keepers stand in.
	standIn bool
}

// roles names roles, each set of members once.
type roles struct {
	list  []*role
	byKey map[string]*role
}

// reserved are names that give a role rights in comments which no other
// tool's file meant to give.
var reserved = []string{"dri", "manager", "cloud-engineer", "security-engineer", "on-call-engineer"}

// of returns the role of these members, named by hint where members do not
// name it. Roles with different variants are apart, whoever is in them.
func (r *roles) of(members []string, variant, hint string) *role {
	sorted := make([]string, len(members))
	for i, m := range members {
		sorted[i] = strings.ToLower(m)
	}
	slices.Sort(sorted)
	key := strings.Join(slices.Compact(sorted), " ") + "\x00" + variant
	if len(members) == 0 {
		key += hint
	}
	if found := r.byKey[key]; found != nil {
		return found
	}
	made := &role{members: slices.Clone(members), standIn: len(members) == 0}
	made.name, made.title = nameRole(members, hint)
	if variant != "" {
		made.name, made.title = shortened(made.name+"-"+slug(variant)), made.title+" ("+variant+")"
	}
	if slices.Contains(reserved, made.name) {
		made.name += "-team"
	}
	base := made.name
	for n := 2; slices.ContainsFunc(r.list, func(o *role) bool { return o.name == made.name }); n++ {
		made.name = fmt.Sprintf("%s-%d", shortened(base), n)
	}
	if r.byKey == nil {
		r.byKey = map[string]*role{}
	}
	r.byKey[key] = made
	r.list = append(r.list, made)
	return made
}

// nameRole names a role by its members: after their teams and logins where
// these are few.
func nameRole(members []string, hint string) (name, title string) {
	var slugs, titles []string
	for _, m := range members {
		_, last, isTeam := strings.Cut(strings.TrimPrefix(m, "@"), "/")
		if !isTeam {
			last = strings.TrimPrefix(m, "@")
			titles = append(titles, m)
		} else {
			titles = append(titles, titled(last))
		}
		slugs = append(slugs, slug(last))
	}
	slices.Sort(slugs)
	switch joined := strings.Join(slices.Compact(slugs), "-or-"); {
	case len(members) == 0:
		return cmpOr(shortened(slug(hint)), "owners"), hint
	case len(members) <= 3 && len(joined) <= 50 && joined != "":
		return joined, strings.Join(titles, " or ")
	}
	return cmpOr(shortened(slugs[0]), "owners") + "-or-others", fmt.Sprintf("%s or %d others", titles[0], len(members)-1)
}

func cmpOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a role's name of a text.
func slug(s string) string {
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(s), "-"), "-")
}

func shortened(s string) string {
	return strings.Trim(s[:min(len(s), 50)], "-")
}

// titled makes "Cloud Platform" of "cloud-platform".
func titled(s string) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	if len(words) == 0 {
		return s
	}
	return strings.Join(words, " ")
}
