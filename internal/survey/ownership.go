package survey

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/report"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// fewPeople is how many reachable people a role should have: with one, nobody
// can review that person's own changes.
const fewPeople = 2

// Ownership is what nobody, or too few, answer for in a repository.
type Ownership struct {
	Repository string `json:"repository"`
	Files      int    `json:"files"`
	Covered    int    `json:"covered"` // files that a project covers
	// Uncovered are the folders and files that no project covers: a folder
	// stands for all that is below it.
	Uncovered []Uncovered `json:"uncovered"`
	// Projects is how many the policy names.
	Projects int `json:"projects"`
	// Leaderless are the projects that have no DRI.
	Leaderless []Leaderless `json:"leaderless"`
	Roles      []Reach      `json:"roles"`
}

// Uncovered is one folder, with a slash at its end, or one file.
type Uncovered struct {
	Path  string `json:"path"`
	Files int    `json:"files"`
}

// Leaderless is a project without a DRI.
type Leaderless struct {
	Project string `json:"project"`
	Files   int    `json:"files"` // that it covers
}

// Reach is how many people can be asked as a role.
type Reach struct {
	Role      string   `json:"role"`
	Title     string   `json:"title,omitempty"`
	Holders   []string `json:"holders"`   // who holds it now, sorted
	Reachable []string `json:"reachable"` // and is not away
	// Unknown says why there may be more; "" where all are known.
	Unknown string `json:"unknown,omitempty"`
	// Few is true where fewer than two people can be reached, as far as is
	// known.
	Few bool `json:"few,omitempty"`
}

// Owned surveys a repository with these files. A rotation has one holder at a
// time, and counts by all of its people.
func Owned(repository string, p *policy.Policy, files []string, r fact.Roster, now time.Time) Ownership {
	o := Ownership{Repository: repository, Files: len(files), Projects: len(p.Projects()), Uncovered: []Uncovered{}, Leaderless: []Leaderless{}, Roles: []Reach{}}
	perProject := map[string]int{}
	var bare []string
	total := map[string]int{} // files below a folder
	for _, f := range files {
		for _, dir := range folders(f) {
			total[dir]++
		}
		projects := p.ProjectsOf(f)
		for _, name := range projects {
			perProject[name]++
		}
		if len(projects) == 0 {
			bare = append(bare, f)
		}
	}
	o.Covered = len(files) - len(bare)
	o.Uncovered = append(o.Uncovered, highest(bare, total)...)
	for _, d := range p.Projects() {
		if d.DRI == "" {
			o.Leaderless = append(o.Leaderless, Leaderless{Project: d.Name, Files: perProject[d.Name]})
		}
	}
	for _, d := range p.Roles() {
		if d.Name != "dri" {
			o.Roles = append(o.Roles, reach(d, r, now))
		}
	}
	return o
}

// folders lists the folders that a file is in, the root "" first.
func folders(file string) []string {
	out := []string{""}
	for i, c := range file {
		if c == '/' {
			out = append(out, file[:i+1])
		}
	}
	return out
}

// highest gathers paths under the highest folder of which all files are among
// them.
func highest(paths []string, total map[string]int) []Uncovered {
	in := map[string]int{}
	for _, f := range paths {
		for _, dir := range folders(f) {
			in[dir]++
		}
	}
	var out []Uncovered
	seen := map[string]bool{}
	for _, f := range paths {
		at := Uncovered{Path: f, Files: 1}
		for _, dir := range folders(f) {
			if dir != "" && in[dir] == total[dir] {
				at = Uncovered{Path: dir, Files: in[dir]}
				break
			}
		}
		if !seen[at.Path] {
			seen[at.Path] = true
			out = append(out, at)
		}
	}
	slices.SortFunc(out, func(a, b Uncovered) int {
		if a.Files != b.Files {
			return b.Files - a.Files
		}
		return strings.Compare(a.Path, b.Path)
	})
	return out
}

func reach(d policy.RoleDef, r fact.Roster, now time.Time) Reach {
	out := Reach{Role: d.Name, Title: d.Title, Holders: []string{}, Reachable: []string{}}
	holders := r.Roles[d.Key()]
	for _, h := range holders.List {
		if h.At(now) {
			out.Holders = append(out.Holders, h.Login)
		}
	}
	if d.Rotation != nil {
		out.Holders = append(out.Holders, d.Rotation.Order...)
	}
	slices.Sort(out.Holders)
	out.Holders = slices.Compact(out.Holders)
	for _, login := range out.Holders {
		if !r.People[login].AwayTo.After(now) {
			out.Reachable = append(out.Reachable, login)
		}
	}
	if len(holders.Gaps) > 0 {
		out.Unknown = holders.Gaps[0].Reason
	}
	out.Few = out.Unknown == "" && len(out.Reachable) < fewPeople
	return out
}

// Tables shows the survey.
func (o Ownership) Tables() []report.Table {
	uncovered := report.Table{
		Title:   fmt.Sprintf("%s: what no project covers (%d of %d files)", o.Repository, o.Files-o.Covered, o.Files),
		Columns: []string{"Path", "Files"}, Empty: "every file belongs to a project",
	}
	for _, u := range o.Uncovered {
		uncovered.Add(u.Path, fmt.Sprint(u.Files))
	}
	leaderless := report.Table{Title: "Projects without a DRI", Columns: []string{"Project", "Files"}, Empty: "every project has a DRI"}
	if o.Projects == 0 {
		leaderless.Empty = "the policy names no project"
	}
	for _, l := range o.Leaderless {
		leaderless.Add(l.Project, fmt.Sprint(l.Files))
	}
	roles := report.Table{Title: "Who can be reached", Columns: []string{"Role", "Reachable", "People", "Remark"}, Empty: "the policy has no roles"}
	for _, r := range o.Roles {
		remark := ""
		switch {
		case r.Unknown != "":
			remark = "there may be more: " + r.Unknown
		case len(r.Reachable) == 0:
			remark = "NOBODY"
		case r.Few:
			remark = "ONLY ONE: nobody reviews their own changes"
		}
		roles.Add(r.Role, fmt.Sprintf("%d of %d", len(r.Reachable), len(r.Holders)), strings.Join(r.Reachable, ", "), remark)
	}
	return []report.Table{uncovered, leaderless, roles}
}
