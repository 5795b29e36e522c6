package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// choose plans a pull request that waits for one Cloud Engineer.
func choose(people map[string]fact.Presence, r policy.Requirement, change ...func(*fact.Pull)) plan.Plan {
	change = append([]func(*fact.Pull){checks(run(1, "in_progress", "", "d1")), func(p *fact.Pull) { p.Roster.People = people }}, change...)
	return plan.Make(decision(policy.Waiting, rule(r)), pull(change...), plan.Options{Digest: digest, Self: self})
}

// shownOf is what the check of the same is to say.
func shownOf(r policy.Requirement, change ...func(*fact.Pull)) (said plan.Shown) {
	plan.Make(decision(policy.Waiting, rule(r)), pull(change...), plan.Options{Self: self, Digest: func(s plan.Shown) string {
		said = s
		return digest(s)
	}})
	return said
}

func TestWhomToAsk(t *testing.T) {
	away := fact.Presence{AwayTo: now.Add(time.Hour)}
	for _, c := range []struct {
		name   string
		people map[string]fact.Presence
		want   string
	}{
		{"who has the fewest open reviews", map[string]fact.Presence{"ana": {Open: 2}, "bo": {Open: 1}, "cy": {Open: 2}}, "bo"},
		{"who knows the files, of equals", map[string]fact.Presence{"ana": {Changed: 3}, "bo": {Changed: 14}, "cy": {}}, "bo"},
		{"who knows the files, at one review more", map[string]fact.Presence{"ana": {Open: 1}, "bo": {Open: 2, Changed: 14}, "cy": {Open: 1}}, "bo"},
		{"not who knows the files, at three reviews more", map[string]fact.Presence{"ana": {Open: 1}, "bo": {Open: 4, Changed: 14}, "cy": {Open: 2}}, "ana"},
		{"who knows them a little, before a stranger with as much to do", map[string]fact.Presence{"ana": {Open: 4}, "bo": {Open: 9, Changed: 100}, "cy": {Open: 4, Changed: 5}}, "cy"},
		{"who reviewed them, too", map[string]fact.Presence{"cy": {Reviewed: 30}}, "cy"},
		{"who was asked least lately, of equals", map[string]fact.Presence{"ana": {Recent: 3}, "bo": {Recent: 3}, "cy": {Recent: 2}}, "cy"},
		{"nobody who is busy", map[string]fact.Presence{"ana": {Busy: true}, "bo": {Busy: true, Changed: 50}, "cy": {Open: 9}}, "cy"},
		{"nobody who is on call for something else", map[string]fact.Presence{"ana": {OnCall: []string{"on-call"}}, "bo": {OnCall: []string{"on-call"}, Changed: 50}, "cy": {Open: 9}}, "cy"},
		{"who is on call before who is busy", map[string]fact.Presence{"ana": {Busy: true}, "bo": {Busy: true}, "cy": {OnCall: []string{"on-call"}}}, "cy"},
		{"nobody who is away", map[string]fact.Presence{"ana": away, "bo": away}, "cy"},
		{"nobody who has no access", map[string]fact.Presence{"ana": {NoAccess: true}, "bo": {Open: 5}, "cy": {NoAccess: true}}, "bo"},
		{"nobody at all", map[string]fact.Presence{"ana": away, "bo": away, "cy": away}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := choose(c.people, role("cloud", "ana", "bo", "cy"))
			var want []string
			if c.want != "" {
				want = []string{"request " + c.want}
			}
			if diff := cmp.Diff(want, summary(p)); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheRoleOnCallAsksWhoIsOnCall(t *testing.T) {
	r := role("on-call", "ana")
	if got := summary(choose(map[string]fact.Presence{"ana": {OnCall: []string{"on-call"}}}, r)); !slices.Equal(got, []string{"request ana"}) {
		t.Errorf("%v", got)
	}
}

func TestAChoiceSaysWhy(t *testing.T) {
	p := choose(map[string]fact.Presence{
		"ana": {Open: 2, Changed: 14, Reviewed: 3}, "bo": {Busy: true}, "cy": {AwayTo: now.Add(time.Hour)}, "dee": {OnCall: []string{"on-call"}}, "eve": {Open: 5},
	}, role("cloud", "ana", "bo", "cy", "dee", "eve"))
	want := []fact.Choice{{Login: "ana", Role: "cloud", Open: 2, Changed: 14, Reviewed: 3, Others: 4, Busy: 1, Away: 1, OnCall: 1}}
	if diff := cmp.Diff(want, p.Choices); diff != "" {
		t.Errorf("choices (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, p.Actions[0].Choices); diff != "" {
		t.Errorf("of the action (-want +got):\n%s", diff)
	}
}

func TestAChoiceIsTheOldOneOnlyWhileItIsWhatTheReviewerIsNeededFor(t *testing.T) {
	ask := func(was string) []fact.Choice {
		p := choose(map[string]fact.Presence{"ana": {Open: 2}, "bo": {Open: 9}}, role("cloud", "ana", "bo"), asked(self, "ana"), func(p *fact.Pull) {
			p.Choices = []fact.Choice{{Login: "ana", Role: was, Others: 7}}
		})
		if got := summary(p); got != nil {
			t.Errorf("asked as %s, and now: %v", was, got)
		}
		return p.Choices
	}
	if diff := cmp.Diff([]fact.Choice{{Login: "ana", Role: "cloud", Others: 7}}, ask("cloud")); diff != "" {
		t.Errorf("of the role that is missing (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]fact.Choice{{Login: "ana", Role: "cloud", Open: 2, Others: 1}}, ask("dri")); diff != "" {
		t.Errorf("of one that is not hers any more (-want +got):\n%s", diff)
	}
}

func TestNobodyIsSwappedWithoutACause(t *testing.T) {
	worse := map[string]fact.Presence{"ana": {Open: 20, Busy: true, OnCall: []string{"on-call"}}, "bo": {Changed: 100}, "cy": {}}
	if got := summary(choose(worse, role("cloud", "ana", "bo", "cy"), asked(self, "ana"))); got != nil {
		t.Errorf("who is asked already: %v", got)
	}
	gone := map[string]fact.Presence{"ana": {AwayTo: now.Add(48 * time.Hour)}}
	if got := summary(choose(gone, role("cloud", "ana", "bo"), asked(self, "ana"))); !slices.Equal(got, []string{"request bo"}) {
		t.Errorf("who went away: %v", got)
	}
	if got := summary(choose(nil, role("cloud", "bo", "cy"), asked(self, "ana"))); len(got) != 2 || got[0] != "withdraw ana" {
		t.Errorf("who left the team: %v", got)
	}
	removed := func(p *fact.Pull) {
		p.RequestEvents = []fact.RequestEvent{{Login: "ana", Added: true, By: fact.Person{Login: self}, At: now.Add(-time.Hour)}, {Login: "ana", By: fact.Person{Login: "dan"}, At: now.Add(-time.Minute)}}
	}
	if got := summary(choose(map[string]fact.Presence{"ana": {Changed: 99}}, role("cloud", "ana", "bo"), removed)); !slices.Equal(got, []string{"request bo"}) {
		t.Errorf("who was removed: %v", got)
	}
}

// office are the hours from nine to five in Berlin, Monday to Friday.
func office() *fact.Hours {
	return &fact.Hours{Timezone: "Europe/Berlin", Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * time.Hour, To: 17 * time.Hour}
}

// roster sets the hours of the role cloud, and who is on call.
func roster(hours *fact.Hours, duty ...fact.Holder) func(*fact.Pull) {
	return func(p *fact.Pull) {
		p.Roster.Roles = map[string]fact.Holders{"cloud": {Hours: hours}}
		if len(duty) > 0 {
			p.Roster.Roles["on-call-engineer"] = fact.Holders{OnCall: true, List: duty}
		}
	}
}

func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestOutsideOfWorkingHoursARequestWaits(t *testing.T) {
	saturday := func(p *fact.Pull) { p.Now = moment("2026-03-07T12:00:00Z") }
	p := choose(nil, role("cloud", "ana", "bo"), roster(office()), saturday)
	if got := summary(p); got != nil || !p.Next.Equal(moment("2026-03-09T08:00:00Z")) {
		t.Errorf("on a Saturday: %v, and next at %v", got, p.Next)
	}
	if got := shownOf(role("cloud", "ana", "bo"), roster(office()), saturday).Closed; !slices.Equal(got, []plan.Closed{{Role: "cloud", Opens: moment("2026-03-09T08:00:00Z"), Timezone: "Europe/Berlin"}}) {
		t.Errorf("the check says that they work again at %v", got)
	}
	if got := shownOf(role("cloud", "ana", "bo"), roster(office()), saturday, asked(self, "ana")).Closed; got != nil {
		t.Errorf("somebody is asked, and the check says that nobody is before %v", got)
	}
	if got := summary(choose(nil, role("cloud", "ana", "bo"), roster(office()), saturday, asked(self, "ana"))); got != nil {
		t.Errorf("who is asked stays asked: %v", got)
	}
	team := role("cloud", "ana", "bo")
	team.Ask = "team"
	if got := summary(choose(nil, team, roster(office()), saturday)); got != nil {
		t.Errorf("a team: %v", got)
	}
	monday := choose(nil, role("cloud", "ana"), roster(office()), func(p *fact.Pull) { p.Now = moment("2026-03-09T08:00:00Z") })
	if got := summary(monday); !slices.Equal(got, []string{"request ana"}) {
		t.Errorf("on Monday: %v", got)
	}
	// Or it goes to the alternative that the policy names.
	either := policy.Requirement{Kind: policy.KindAny, Status: policy.Waiting, Children: []policy.Requirement{role("cloud", "ana"), role("on-call-engineer", "cy")}}
	if got := summary(choose(nil, either, roster(office(), fact.Holder{Login: "cy"}), saturday)); !slices.Equal(got, []string{"request cy"}) {
		t.Errorf("with an alternative: %v", got)
	}
	back := moment("2026-03-10T09:00:00Z")
	p = choose(map[string]fact.Presence{"ana": {AwayTo: back}}, role("cloud", "ana"))
	if !p.Next.Equal(back) {
		t.Errorf("nobody is there until %v, and next is at %v", back, p.Next)
	}
}

// overdue plays a requirement with a deadline at a moment, on GitHub as the
// actions so far have left it.
type overdue struct {
	pull fact.Pull
	d    policy.Decision
	seen []string
}

func newOverdue(t *testing.T, opened string, r policy.Requirement, change ...func(*fact.Pull)) *overdue {
	t.Helper()
	o := &overdue{d: decision(policy.Waiting, rule(r))}
	o.pull = pull(append(change, checks(run(1, "in_progress", "", "d1")), func(p *fact.Pull) { p.CreatedAt = moment(opened) })...)
	o.at(opened)
	return o
}

// at looks at a moment, performs the plan, and notes what was done.
func (o *overdue) at(s string) plan.Plan {
	o.pull.Now = moment(s)
	made := plan.Make(o.d, o.pull, plan.Options{Digest: digest, Self: self})
	for _, a := range made.Actions {
		if a.Check.Name != "" {
			continue
		}
		what := string(a.Kind) + " " + strings.Join(slices.Concat(a.Logins, a.Teams), ",")
		if a.Kind == plan.Remind {
			what = fmt.Sprintf("remind %d of %s, to %s%s", a.Overdue.Step, strings.Join(a.Overdue.Asked, ","), strings.Join(a.Logins, ","), a.Overdue.OnCall)
		}
		o.seen = append(o.seen, s[5:16]+" "+what)
	}
	perform(&o.pull, made, false)
	return made
}

func (o *overdue) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, o.seen); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
	o.seen = nil
}

func within(d time.Duration, r policy.Requirement) policy.Requirement {
	r.Within = d
	return r
}

func TestADeadlineGoesStepByStep(t *testing.T) {
	duty := []fact.Holder{{Login: "olga", From: moment("2026-03-01T00:00:00Z"), To: moment("2026-03-09T09:00:00Z")}, {Login: "oleg", From: moment("2026-03-09T09:00:00Z")}}
	// Eight working hours are a day of the office.
	o := newOverdue(t, "2026-03-05T10:00:00Z", within(8*time.Hour, role("cloud", "ana", "bo")), roster(office(), duty...),
		func(p *fact.Pull) { p.Roster.People = map[string]fact.Presence{"bo": {Open: 1}} })
	o.expect(t, "03-05T10:00 request ana")
	if next := o.at("2026-03-05T12:00:00Z").Next; !next.Equal(moment("2026-03-06T10:00:00Z")) {
		t.Errorf("next at %v, want the deadline", next)
	}
	o.at("2026-03-06T09:59:59Z")
	o.expect(t)
	o.at("2026-03-06T10:00:00Z")
	o.expect(t, "03-06T10:00 remind 1 of ana, to ")
	o.at("2026-03-06T10:00:01Z")
	o.at("2026-03-08T10:00:00Z") // the weekend does not count
	if next := o.at("2026-03-09T09:59:00Z").Next; !next.Equal(moment("2026-03-09T10:00:00Z")) {
		t.Errorf("next at %v, want the second step", next)
	}
	o.expect(t)
	o.at("2026-03-09T10:00:00Z")
	o.expect(t, "03-09T10:00 request bo", "03-09T10:00 remind 2 of ana, to bo")
	o.at("2026-03-10T10:00:00Z")
	o.expect(t, "03-10T10:00 request oleg", "03-10T10:00 remind 3 of ana,bo, to oleg")
	// Whoever is on call next week is not asked as well, nobody is withdrawn,
	// and there is nothing left to wake up for.
	o.pull.Roster.Roles["on-call-engineer"] = fact.Holders{OnCall: true, List: []fact.Holder{{Login: "otto"}}}
	if next := o.at("2026-03-16T10:00:00Z").Next; !next.IsZero() {
		t.Errorf("next at %v, want never", next)
	}
	o.expect(t)
}

func TestADeadlineThatWasSleptThroughIsOneComment(t *testing.T) {
	o := newOverdue(t, "2026-03-02T09:00:00Z", within(time.Hour, role("cloud", "ana", "bo")), roster(nil, fact.Holder{Login: "olga"}),
		func(p *fact.Pull) { p.Roster.People = map[string]fact.Presence{"bo": {Open: 1}} })
	o.seen = nil
	o.at("2026-03-03T09:00:00Z")
	o.expect(t, "03-03T09:00 request olga,bo", "03-03T09:00 remind 3 of ana, to boolga")
	o.at("2026-03-04T09:00:00Z")
	o.expect(t)
}

func TestNobodyIsRemindedOfWhatIsTakenUp(t *testing.T) {
	for name, change := range map[string]func(*fact.Pull){
		"a review has begun": reviewed("ana", fact.Commented),
		"the reminder was deleted": func(p *fact.Pull) {
			p.DeletedComments = []fact.DeletedComment{{Author: fact.Person{Login: self}, At: moment("2026-03-02T10:30:00Z")}}
		},
		"the pull request is a draft": func(p *fact.Pull) { p.Draft = true },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOverdue(t, "2026-03-02T09:00:00Z", within(time.Hour, role("cloud", "ana")))
			o.seen = nil
			change(&o.pull)
			o.at("2026-03-02T11:30:00Z")
			if len(o.seen) > 0 && strings.Contains(strings.Join(o.seen, " "), "remind") {
				t.Errorf("%v", o.seen)
			}
		})
	}
}

func TestANewRoundHasADeadlineOfItsOwn(t *testing.T) {
	o := newOverdue(t, "2026-03-02T09:00:00Z", within(time.Hour, role("cloud", "ana")))
	o.at("2026-03-02T10:00:00Z")
	o.expect(t, "03-02T09:00 request ana", "03-02T10:00 remind 1 of ana, to ")
	// Ana approves, which ends the request; a push then asks for her again.
	o.pull.Requests = nil
	o.at("2026-03-05T09:00:00Z")
	o.at("2026-03-05T09:59:00Z")
	o.expect(t, "03-05T09:00 request ana")
	o.at("2026-03-05T10:00:00Z")
	o.expect(t, "03-05T10:00 remind 1 of ana, to ")
}

func TestWhatNobodyCanBeAskedForGoesToWhoeverIsOnCall(t *testing.T) {
	o := newOverdue(t, "2026-03-02T09:00:00Z", within(time.Hour, role("cloud", "ana")), roster(nil, fact.Holder{Login: "olga"}),
		func(p *fact.Pull) {
			p.Roster.People = map[string]fact.Presence{"ana": {AwayTo: moment("2026-03-30T09:00:00Z")}}
		})
	o.expect(t)
	o.at("2026-03-02T10:00:00Z")
	o.at("2026-03-02T11:00:00Z")
	o.at("2026-03-02T12:00:00Z")
	o.expect(t, "03-02T10:00 remind 1 of , to ", "03-02T11:00 remind 2 of , to ", "03-02T12:00 request olga", "03-02T12:00 remind 3 of , to olga")
	o.at("2026-03-02T15:00:00Z")
	o.expect(t)
}

func TestATeamsDeadline(t *testing.T) {
	r := within(time.Hour, role("cloud", "ana", "bo"))
	r.Ask = "team"
	o := newOverdue(t, "2026-03-02T09:00:00Z", r, roster(nil, fact.Holder{Login: "olga"}), func(p *fact.Pull) {
		p.Roster.People = map[string]fact.Presence{"bo": {Open: 1}}
	})
	o.at("2026-03-02T10:00:00Z")
	o.at("2026-03-02T11:00:00Z")
	o.expect(t, "03-02T09:00 request acme/cloud", "03-02T10:00 remind 1 of acme/cloud, to ", "03-02T11:00 request ana", "03-02T11:00 remind 2 of acme/cloud, to ana")
}
