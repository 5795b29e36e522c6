package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Merge is what the record tells of one merged pull request: the last decision
// on what was merged, and all that it rests on.
type Merge struct {
	Repository string `json:"repository"` // "owner/repo"
	Number     int    `json:"number"`
	URL        string `json:"url"`
	Title      string `json:"title"`
	Author     string `json:"author"`
	// SeenMerged is when rolecall first saw it merged.
	SeenMerged time.Time `json:"seen_merged"`
	Base       string    `json:"base"` // branch
	Head       string    `json:"head"` // SHA that was merged
	// Status is that of the last decision before the merge on that head:
	// anything but "met" or "idle" means that it was merged without what the
	// policy asked for. It is "none" where no decision was made on the head.
	Status  policy.Status `json:"status"`
	Decided time.Time     `json:"decided,omitzero"`
	// Record is the hash of that decision's entry in the audit trail.
	Record   string             `json:"record,omitempty"`
	Policies []store.PolicyKept `json:"policies"`
	Required []Required         `json:"required"`
	// Roles is who held each role at that time. Nil: the facts are retired.
	Roles map[string][]fact.Holder `json:"roles"`
	// Projects are those that were touched, with their DRIs.
	Projects []policy.ProjectResult `json:"projects"`
	Reviews  []policy.ReviewVerdict `json:"reviews"`
	// BreakGlass tells of the glass that was broken; nil where it was not.
	BreakGlass *Glass `json:"break_glass,omitempty"`
	// MergeGroup is the last merge group that held its head; nil where none did.
	MergeGroup *MergeGroup `json:"merge_group,omitempty"`
}

// MergeGroup is what was decided on a merge group.
type MergeGroup struct {
	Head       string        `json:"head"`
	Decided    time.Time     `json:"decided"`
	Status     policy.Status `json:"status"` // of the one that needed most done
	Conclusion string        `json:"conclusion"`
	Pulls      []int         `json:"pulls"`
	Record     string        `json:"record"` // hash of its entry
	// Own is what was decided on this pull request then.
	Own policy.Status `json:"own"`
}

// group is the last merge group that held the pull request with that head, up
// to a time.
func group(ctx context.Context, s *store.Store, ref fact.Ref, head string, until time.Time) (*MergeGroup, error) {
	entries, err := s.GroupEntries(ctx, ref)
	if err != nil {
		return nil, err
	}
	var last *MergeGroup
	for _, e := range entries {
		var g store.GroupEntry
		if e.At.After(until) || json.Unmarshal(raw(e), &g) != nil {
			continue
		}
		m := &MergeGroup{Head: g.Head, Decided: e.At, Status: g.Status, Conclusion: g.Conclusion, Record: e.Link.Hash}
		for _, p := range g.Pulls {
			m.Pulls = append(m.Pulls, p.Number)
			if p.Number == ref.Number && p.Head == head {
				m.Own = p.Status
			}
		}
		if m.Own != "" {
			last = m
		}
	}
	return last, nil
}

// columns are the last of a merge's row.
func (g *MergeGroup) columns() []string {
	if g == nil {
		return []string{"", "", ""}
	}
	return []string{g.Head, g.Conclusion, g.Record}
}

// Required is one requirement of a rule that was in force.
type Required struct {
	Rule    string            `json:"rule"`
	Advice  bool              `json:"advice,omitempty"`
	Role    string            `json:"role"`
	Project string            `json:"project,omitempty"`
	StandIn string            `json:"stand_in,omitempty"` // role that was asked in its place
	Need    int               `json:"need"`
	Status  policy.Status     `json:"status"`
	Counted []policy.Approval `json:"counted"`
}

// Merges calls f for each pull request that was seen merged from since on,
// oldest first.
func Merges(ctx context.Context, s *store.Store, since time.Time, f func(Merge) error) error {
	merged, err := s.Merged(ctx, since)
	if err != nil {
		return err
	}
	for _, e := range merged {
		m, err := merge(ctx, s, e)
		if err != nil {
			return fmt.Errorf("export %s: %w", e.Ref, err)
		}
		if err := f(m); err != nil {
			return err
		}
	}
	return nil
}

// merge finds the last decision on the merged head that was made while the
// pull request was open.
func merge(ctx context.Context, s *store.Store, seen store.Entry) (Merge, error) {
	entries, err := Entries(ctx, s, seen.Ref)
	if err != nil {
		return Merge{}, err
	}
	var at store.DecisionEntry
	if err := json.Unmarshal(raw(seen), &at); err != nil {
		return Merge{}, err
	}
	m := Merge{
		Repository: seen.Ref.Owner + "/" + seen.Ref.Repo, Number: seen.Ref.Number, SeenMerged: seen.At, Base: at.Base, Head: at.Head,
		Status: "none", Policies: []store.PolicyKept{}, Required: []Required{}, Projects: []policy.ProjectResult{}, Reviews: []policy.ReviewVerdict{},
	}
	generation := at.Generation // for title and author, where there is nothing better
	var after []recorded
	for _, e := range entries {
		var d store.DecisionEntry
		if e.Kind != store.KindDecision || json.Unmarshal(raw(e), &d) != nil {
			continue
		}
		if d.State == "merged" {
			after = append(after, recorded{d.Generation, e.Link.Hash})
		}
		if d.State != "open" || d.Head != at.Head || d.Base != at.Base || d.Generation > at.Generation {
			continue
		}
		generation = d.Generation
		m.Status, m.Decided, m.Record, m.Policies = d.Status, e.At, e.Link.Hash, d.Policies
	}
	if m.MergeGroup, err = group(ctx, s, seen.Ref, at.Head, seen.At); err != nil {
		return m, err
	}
	d, ok, err := s.DecisionOf(ctx, seen.Ref, generation)
	if err != nil || !ok {
		return m, err
	}
	m.Repository = d.Ref.Owner + "/" + d.Ref.Repo
	if !d.Retired {
		m.URL, m.Title, m.Author = d.Pull.URL, d.Pull.Title, d.Pull.Author.Login
		m.Roles = holders(d.Pull)
	}
	var decisions []told
	if m.Status != "none" {
		decisions = append(decisions, told{d.Decision, m.Record})
	}
	for _, r := range after {
		later, ok, err := s.DecisionOf(ctx, seen.Ref, r.generation)
		if err != nil {
			return m, err
		}
		if ok {
			decisions = append(decisions, told{later.Decision, r.hash})
		}
	}
	m.BreakGlass = broken(decisions)
	if m.Status == "none" {
		return m, nil
	}
	m.Reviews = append(m.Reviews, d.Decision.Reviews...)
	m.Projects = append(m.Projects, d.Decision.Projects...)
	for _, rule := range d.Decision.Rules {
		if rule.InForce {
			m.Required = required(m.Required, rule, rule.Require)
		}
	}
	return m, nil
}

// recorded names a decision, and the hash of its entry.
type recorded struct {
	generation int64
	hash       string
}

// required lists the role requirements of a rule, those of groups included.
func required(list []Required, rule policy.RuleResult, of []policy.Requirement) []Required {
	for _, r := range of {
		if r.Kind != policy.KindRole {
			list = required(list, rule, r.Children)
			continue
		}
		list = append(list, Required{
			Rule: rule.Name, Advice: rule.Advice, Role: r.Role, Project: r.Project, StandIn: r.StandIn,
			Need: r.Need, Status: r.Status, Counted: append([]policy.Approval{}, r.Counted...),
		})
	}
	return list
}

// holders is who held each role at the moment of the facts.
func holders(p fact.Pull) map[string][]fact.Holder {
	out := map[string][]fact.Holder{}
	for role, h := range p.Roster.Roles {
		list := []fact.Holder{}
		for _, x := range h.List {
			if x.At(p.Now) {
				list = append(list, x)
			}
		}
		slices.SortFunc(list, func(a, b fact.Holder) int { return strings.Compare(a.Login, b.Login) })
		out[role] = list
	}
	return out
}

// Entries lists all entries of a pull request, oldest first.
func Entries(ctx context.Context, s *store.Store, ref fact.Ref) ([]store.Entry, error) {
	const page = 1000
	var all []store.Entry
	for after := int64(0); ; {
		list, err := s.AuditEntries(ctx, ref, after, page)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		if len(list) < page {
			return all, nil
		}
		after = list[len(list)-1].ID
	}
}

// Before returns the decision before d on its pull request, and whether there
// is one, from the pull request's entries.
func Before(ctx context.Context, s *store.Store, d store.Decision, entries []store.Entry) (store.Decision, bool, error) {
	var generation int64
	for _, e := range entries {
		var at store.DecisionEntry
		if e.Kind == store.KindDecision && json.Unmarshal(raw(e), &at) == nil && at.Generation < d.Generation {
			generation = max(generation, at.Generation)
		}
	}
	if generation == 0 {
		return store.Decision{}, false, nil
	}
	return s.DecisionOf(ctx, d.Ref, generation)
}

// Columns are the headings of [Merge.Rows].
var Columns = []string{
	"repository", "number", "url", "title", "author", "seen_merged", "base", "head", "status", "policies", "record",
	"rule", "role", "project", "requirement_status", "holders", "approved_by", "via", "review", "approved_commit", "approved_at",
	"glass_broken_by", "glass_confirmed_by", "glass_broken_at", "glass_reason", "glass_skipped",
	"merge_group", "merge_group_conclusion", "merge_group_record",
}

// Rows is the pull request as a table: a row for each approval that counted,
// and for each requirement without one; one row where nothing was required.
func (m Merge) Rows() [][]string {
	var policies []string
	for _, p := range m.Policies {
		policies = append(policies, p.Name+"@"+cmp.Or(p.Blob, p.SHA256))
	}
	head := []string{
		m.Repository, fmt.Sprint(m.Number), m.URL, m.Title, m.Author, m.SeenMerged.Format(time.RFC3339), m.Base, m.Head, string(m.Status),
		strings.Join(policies, " "), m.Record,
	}
	row := func(r Required, a policy.Approval) []string {
		var who []string
		for _, h := range m.Roles[r.Role] {
			who = append(who, h.Login)
		}
		for _, p := range m.Projects {
			if r.Role == "dri" && p.Name == r.Project {
				who = append(who, p.DRI...)
			}
		}
		review, at := "", ""
		if a.Review != 0 {
			review = fmt.Sprint(a.Review)
		}
		if !a.At.IsZero() {
			at = a.At.Format(time.RFC3339)
		}
		return slices.Concat(head, []string{r.Rule, r.Role, r.Project, string(r.Status), strings.Join(who, " "), a.By, a.Via, review, a.Commit, at}, m.BreakGlass.columns(), m.MergeGroup.columns())
	}
	var rows [][]string
	for _, r := range m.Required {
		for _, a := range r.Counted {
			rows = append(rows, row(r, a))
		}
		if len(r.Counted) == 0 {
			rows = append(rows, row(r, policy.Approval{}))
		}
	}
	if rows == nil {
		rows = append(rows, row(Required{}, policy.Approval{}))
	}
	return rows
}
