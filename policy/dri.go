package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// dris is who is the DRI of each project that the change touches, or of the
// pull request itself where it touches none.
type dris struct {
	targets []string // project names in the policy's order, or "" alone
	byName  map[string]*dri
	seats   map[string]*seat
}

// dri is one project's DRI.
type dri struct {
	project *project // nil for the pull request itself
	touched touchedProject
	login   string // "" where nobody is named
	by      string // whose command named them; "" where the policy does
	// delegates approve in the DRI's stead for a time.
	delegates []fact.Holder
	// unknown says why it cannot be told who the DRI is; nobody counts then.
	unknown string
}

func newDRIs(touched []touchedProject, l *layer, pull *fact.Pull) *dris {
	unknown := gapAbout(pull, fact.AboutComments)
	d := &dris{byName: map[string]*dri{}, seats: map[string]*seat{}}
	for _, t := range withFeared(touched, l, pull) {
		d.targets = append(d.targets, t.project.name)
		d.byName[t.project.name] = &dri{project: t.project, touched: t, login: fact.Login(t.project.dri), unknown: unknown}
	}
	if len(d.targets) == 0 {
		d.targets = []string{""}
		d.byName[""] = &dri{unknown: unknown}
	}
	return d
}

// withFeared adds the projects that only files which could not be read may
// touch, in the policy's order.
func withFeared(touched []touchedProject, l *layer, pull *fact.Pull) []touchedProject {
	var out []touchedProject
	for _, p := range l.projects {
		i := slices.IndexFunc(touched, func(t touchedProject) bool { return t.project == p })
		if i >= 0 {
			out = append(out, touched[i])
			continue
		}
		for _, g := range pull.Gaps {
			holds := func(path string) bool { return p.set.match(path, fact.FoldPath(path)) != unmatched }
			aboutFiles := g.About == "" || g.About == fact.AboutFiles
			if aboutFiles && (len(g.Paths) == 0 || slices.ContainsFunc(g.Paths, holds)) {
				out = append(out, touchedProject{project: p, unknown: g.Reason})
				break
			}
		}
	}
	return out
}

// reset takes back what a command named.
func (d *dri) reset() {
	d.login, d.by = "", ""
	if d.project != nil {
		d.login = fact.Login(d.project.dri)
	}
}

// logins returns the DRI as a list, empty where nobody is named.
func (d *dri) logins() []string {
	if d.login == "" {
		return []string{}
	}
	return []string{d.login}
}

// scope is the files that the DRI answers for here.
func (d *dri) scope() Scope {
	if d.project == nil || d.touched.unknown != "" || len(d.touched.paths) == 0 {
		return Scope{All: true}
	}
	return Scope{Paths: d.touched.paths}
}

// seat returns the holders of the role "dri" for one project.
func (d *dris) seat(b *bench, project string) *seat {
	if s := d.seats[project]; s != nil {
		return s
	}
	who := d.byName[project]
	holds := slices.Clone(who.delegates)
	if who.unknown != "" {
		holds = nil
	} else if who.login != "" {
		holds = append(holds, fact.Holder{Login: who.login, Via: cmp.Or(who.via(), "policy")})
	}
	s := newSeat(b.seat(roleDRI).def, holds, b.now)
	s.project, s.unknown = project, who.unknown
	if who.by == "" && who.unknown == "" {
		s.owner = who.login
	}
	d.seats[project] = s
	return s
}

func (d *dri) via() string {
	if d.by == "" {
		return ""
	}
	return "/assign-dri by @" + d.by
}

// results lists the projects touched, with their DRIs.
func (d *dris) results() []ProjectResult {
	out := []ProjectResult{}
	for _, name := range d.targets {
		who := d.byName[name]
		r := ProjectResult{Name: name, DRI: who.logins(), By: who.by, Paths: []string{}}
		if who.project == nil {
			if who.login == "" {
				continue
			}
			out = append(out, r)
			continue
		}
		if r.By == "" {
			r.By = "policy"
		}
		r.Paths = append(r.Paths, who.touched.paths...)
		r.Notify = slices.Clone(who.project.notify)
		out = append(out, r)
	}
	return out
}

// delegation is a hold of the role "dri" from a command until a time.
func delegation(login, by string, from, to time.Time) fact.Holder {
	return fact.Holder{Login: login, From: from, To: to, Via: "/delegate by @" + by}
}

// of returns the logins of a project's DRIs that count here.
func (d *dris) of(project string) []string {
	if d == nil || d.byName[project] == nil {
		return []string{}
	}
	return d.byName[project].logins()
}
