package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// owing is a decision on a pull request that was merged by a broken glass, and
// of whose debts so many are open.
func owing(open int, merged time.Time) policy.Decision {
	d := decision(policy.Met)
	d.Glass = &policy.Glass{By: "bo", At: merged.Add(-time.Hour), MergedAt: merged, Debts: []policy.Debt{{Rule: "a", Cleared: open < 1}, {Rule: "b", Cleared: open < 2}}}
	if open > 0 {
		d.Status = policy.Owed
	}
	return d
}

func TestWhatABrokenGlassLeavesToDo(t *testing.T) {
	day := 24 * time.Hour
	broken := fact.GlassNote{Kind: fact.GlassBroken, Comment: 5, By: "bo", Issue: 9}
	note := func(kind string, turn int) fact.GlassNote { return fact.GlassNote{Kind: kind, Turn: turn} }
	for _, tt := range []struct {
		name    string
		state   string
		open    int
		age     time.Duration // since the merge
		notes   []fact.GlassNote
		labels  []string
		unbroke bool
		want    []string
	}{
		{name: "just merged: the check and the label stand", state: "merged", open: 2, notes: []fact.GlassNote{broken}, labels: []string{fact.GlassLabel}},
		{name: "the label is set again", state: "merged", open: 2, notes: []fact.GlassNote{broken}, want: []string{"label break-glass"}},
		{name: "reminded of after three days", state: "merged", open: 1, age: 3 * day, notes: []fact.GlassNote{broken}, labels: []string{"Break-Glass"}, want: []string{"remark reminded 1 #9"}},
		{name: "once", state: "merged", open: 1, age: 9 * day, notes: []fact.GlassNote{broken, note(fact.GlassReminded, 1)}, labels: []string{fact.GlassLabel}},
		{name: "and again a week later", state: "merged", open: 1, age: 10 * day, notes: []fact.GlassNote{broken, note(fact.GlassReminded, 1)}, labels: []string{fact.GlassLabel}, want: []string{"remark reminded 2 #9"}},
		{name: "one reminder after a long pause", state: "merged", open: 1, age: 40 * day, notes: []fact.GlassNote{broken}, labels: []string{fact.GlassLabel}, want: []string{"remark reminded 6 #9"}},
		{name: "reminded of although its note is gone", state: "merged", open: 1, age: 3 * day, labels: []string{fact.GlassLabel}, want: []string{"remark reminded 1"}},
		{name: "cleared", state: "merged", notes: []fact.GlassNote{broken}, labels: []string{fact.GlassLabel}, want: []string{"remark cleared 0 #9"}},
		{name: "once too", state: "merged", notes: []fact.GlassNote{broken, note(fact.GlassCleared, 0)}, labels: []string{fact.GlassLabel}},
		{name: "broken again after it was cleared", state: "merged", notes: []fact.GlassNote{note(fact.GlassCleared, 0), broken}, labels: []string{fact.GlassLabel}, want: []string{"remark cleared 0 #9"}},
		{name: "closed unmerged: its issue is closed", state: "closed", open: 2, notes: []fact.GlassNote{broken}, want: []string{"remark cleared 0 #9"}},
		{name: "closed unmerged without an issue: nothing", state: "closed", open: 2, notes: []fact.GlassNote{{Kind: fact.GlassBroken}}},
		{name: "merged with a whole glass: nothing", state: "merged", unbroke: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := owing(tt.open, now.Add(-tt.age))
			if tt.unbroke {
				d.Glass = nil
			}
			p := pull(checks(run(1, "completed", "success", "d1")), func(p *fact.Pull) {
				p.State, p.MergedAt, p.GlassNotes, p.Labels = tt.state, now.Add(-tt.age), tt.notes, tt.labels
			})
			made := plan.Make(d, p, plan.Options{Generation: 4, Digest: digest, Self: self})
			var got []string
			for _, a := range made.Actions {
				s := string(a.Kind) + " " + a.Label
				if a.Kind == plan.Remark {
					s += a.Note.Kind + " " + string(rune('0'+a.Note.Turn))
					if a.Note.Issue != 0 {
						s += " #" + string(rune('0'+a.Note.Issue))
					}
				}
				got = append(got, strings.TrimSpace(s))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
			// Once done it leaves nothing to do.
			for _, a := range made.Actions {
				if a.Kind == plan.Remark {
					p.GlassNotes = append(p.GlassNotes, a.Note)
				} else {
					p.Labels = append(p.Labels, a.Label)
				}
			}
			if again := plan.Make(d, p, plan.Options{Generation: 5, Digest: digest, Self: self}); len(again.Actions) != 0 {
				t.Errorf("done once more: %+v", again.Actions)
			}
		})
	}
}

func TestABrokenGlassIsASuccessThatIsMarked(t *testing.T) {
	d := decision(policy.Owed, rule(role("cloud-engineer", "ana")))
	d.Glass = &policy.Glass{By: "bo", At: now, Debts: []policy.Debt{{Rule: "go"}}}
	got := summary(plan.Make(d, pull(), plan.Options{Generation: 4, Digest: digest, Self: self}))
	want := []string{"create_check completed/success", "request ana", "label break-glass"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}
