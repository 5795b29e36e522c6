package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
)

// Policy is a loaded and checked policy: the organisation's floor, where there
// is one, and the repository's own. It is immutable and safe for concurrent
// use.
type Policy struct {
	layers []*layer // floor first; at least one
}

// layer is one policy source. A floor is a layer of its own, with its own
// roles, projects, locals and commands.
type layer struct {
	source   SourceRef
	bytes    []byte
	floor    bool
	observe  bool
	keepers  []string            // role names
	checks   map[string][]string // check group → branch globs
	away     []Absence
	locals   map[string]hcl.Expression
	roles    []*role
	projects []*project
	rules    []*rule
	commands map[string][]string // command → roles that may use it, where the policy says

	base       *layer            // the floor below a repository's policy, whose roles it may require; nil without
	globs      map[string]*globs // by patternKey: every pattern that an expression names
	localPlans map[string]*plan
	localNames map[string][]string // the names that each local mentions, other locals' included
	mentions   []string            // every name that a rule mentions, sorted
	rng        hcl.Range           // the policy block
}

// role returns the role of that name: the layer's own, or its floor's.
func (l *layer) role(name string) *role {
	for ; l != nil; l = l.base {
		for _, r := range l.roles {
			if r.Name == name {
				return r
			}
		}
	}
	return nil
}

func (l *layer) roleNames() []string {
	var out []string
	for ; l != nil; l = l.base {
		for _, r := range l.roles {
			out = append(out, r.Name)
		}
	}
	return out
}

// labelDefault is the role that decides on a label where the policy names
// none: the label security belongs to the role security-engineer.
func (l *layer) labelDefault(label string) string {
	if strings.EqualFold(label, "security") && l.role(roleSecurity) != nil {
		return roleSecurity
	}
	return ""
}

// The roles whose names mean something to the language.
const (
	roleDRI      = "dri"               // held by the projects' DRIs
	roleSecurity = "security-engineer" // decides on the label security by default
)

type role struct {
	RoleDef
	rng hcl.Range
}

type project struct {
	name   string
	files  []string // doublestar globs
	set    *globs   // files, compiled
	dri    string   // login; "" none
	notify []string // logins and "org/slug"
	rng    hcl.Range
}

// rule is one rule block. Its changes and when are nil where left out.
type rule struct {
	name        string
	description string
	changes     hcl.Expression
	when        hcl.Expression
	distinct    bool
	sticky      string // "scope", "patch", "never"
	advice      bool
	require     []*requirement
	rng         hcl.Range

	pick      *plan    // of changes
	condition *scalar  // of when
	mentions  []string // names that changes and when mention, locals' included; sorted
}

func (r *rule) mentionsName(name string) bool {
	_, found := slices.BinarySearch(r.mentions, name)
	return found
}

// requirement is a require block, or an any or all group of them.
type requirement struct {
	kind     string // KindRole, KindAny, KindAll
	children []*requirement

	role      string
	approvals int
	ask       string        // "one", "team", "all", "none"
	within    time.Duration // zero: no deadline
	allow     []string      // subset of "author", "contributor"
	rng       hcl.Range
}
