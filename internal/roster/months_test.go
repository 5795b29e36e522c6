package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/plan"
	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// monthsText has a role by turns, one by a calendar, and one by a team whose
// people have working hours and holidays, with a deadline.
const monthsText = `
policy {
  keepers = ["cloud"]
  away    = { "@bo" = "2026-04-01..2026-04-10" }
}
role "on-call" {
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "168h"
    order  = ["@olga", "@oleg", "@otto"]
  }
}
role "paged" { calendar = "https://example.com/oncall.ics" }
role "cloud" {
  members = ["@acme/cloud"]
  hours   = { timezone = "Europe/Berlin", days = ["mon", "tue", "wed", "thu", "fri"], from = "09:00", to = "17:00", holidays = ["2026-04-03..2026-04-06"] }
}
rule "turns" {
  require "on-call" {}
}
rule "calendar" {
  require "paged" {}
}
rule "team" {
  require "cloud" { within = "8h" }
}
`

// months plays a pull request by the clock alone.
type months struct {
	policy *policy.Policy
	pull   fact.Pull
	shifts []fact.Shift
	team   func(time.Time) []string
}

func newMonths(t testing.TB) *months {
	p, diags := policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte(monthsText)})
	if p == nil {
		t.Fatalf("%+v", diags)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	m := &months{policy: p, team: func(time.Time) []string { return []string{"ana", "bo", "cy"} }}
	for week := range 30 { // at nine in Berlin, summer and winter
		from := time.Date(2026, 1, 5+7*week, 9, 0, 0, 0, berlin)
		m.shifts = append(m.shifts, fact.Shift{Summary: []string{"@pam", "@pete"}[week%2], From: from.UTC(), To: from.AddDate(0, 0, 7).UTC()})
	}
	blob := fact.Known(fact.Entry{Mode: "100644", Blob: "b"})
	m.pull = fact.Pull{
		Ref: fact.Ref{Owner: "acme", Repo: "cloud", Number: 7}, State: "open", Author: fact.Person{Login: "dan"},
		Base: fact.Branch{Ref: "main", SHA: "base"}, Head: fact.Branch{Ref: "x", SHA: "head"}, MergeBase: "base", CreatedAt: at("2026-03-20T10:00:00Z"),
		Commits: []fact.Commit{{SHA: "head", Parents: []string{"base"}, People: []fact.Person{{Login: "dan"}}, At: at("2026-03-20T09:00:00Z")}},
		Files:   []fact.File{{Path: "a.txt", Status: fact.Added, Additions: 1, Head: blob}},
	}
	return m
}

func (m *months) approve(login, when string) {
	m.pull.Reviews = append(m.pull.Reviews, fact.Review{
		ID: int64(len(m.pull.Reviews) + 1), Author: fact.Person{Login: login}, State: fact.Approved, At: at(when), Commit: "head", Delivered: "head",
	})
}

// at decides and plans at a moment.
func (m *months) at(now time.Time) (policy.Decision, plan.Plan) {
	pull := m.pull
	pull.Now = now
	in := roster.Input{
		Now: now, Teams: map[string]fact.Maybe[[]string]{"acme/cloud": fact.Known(m.team(now))},
		Calendars: map[string]roster.Calendar{feedURL: {Shifts: m.shifts, ReadAt: now}},
	}
	for _, r := range pull.Reviews {
		in.Times = append(in.Times, r.At)
	}
	pull.Roster = roster.Resolve(m.policy, in)
	d := m.policy.Evaluate(pull)
	return d, plan.Make(d, pull, plan.Options{Digest: func(plan.Shown) string { return "d" }, Self: "rolecall"})
}

// status is how far the requirement of a role has come.
func status(d policy.Decision, role string) policy.Status {
	for _, rule := range d.Rules {
		for _, r := range rule.Require {
			if r.Role == role && rule.Name != policy.KeepersRule {
				return r.Status
			}
		}
	}
	return ""
}

// Whoever approved a minute before the hand-over had the role, and a minute
// after it has not; that stays so for months, over the changes of the clocks.
func TestAnApprovalIsJudgedByWhoeverHadTheTurn(t *testing.T) {
	for _, c := range []struct {
		name, by, when, role string
		counts               bool
	}{
		{"a minute before the rotation's hand-over", "olga", "2026-03-23T08:59:00Z", "on-call", false},
		{"in her turn", "olga", "2026-03-09T09:00:00Z", "on-call", true},
		{"a minute before the end of her turn", "olga", "2026-03-16T08:59:00Z", "on-call", true},
		{"at the end of her turn", "olga", "2026-03-16T09:00:00Z", "on-call", false},
		{"a minute before the calendar's hand-over, by whoever comes next", "pete", "2026-03-23T07:59:00Z", "paged", false},
		{"a minute before it, by whoever has it", "pam", "2026-03-23T07:59:00Z", "paged", true},
		{"at it", "pam", "2026-03-23T08:00:00Z", "paged", false},
		{"a minute before the one in summer", "pete", "2026-03-30T06:59:00Z", "paged", true},
		{"at the one in summer, an hour earlier by UTC", "pete", "2026-03-30T07:00:00Z", "paged", false},
		{"whoever follows then", "pam", "2026-03-30T07:00:00Z", "paged", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMonths(t)
			m.approve(c.by, c.when)
			for days := range 80 {
				d, _ := m.at(at(c.when).Add(time.Duration(days)*24*time.Hour + time.Hour))
				if got := status(d, c.role) == policy.Met; got != c.counts {
					t.Fatalf("%d days later it counts: %t", days, got)
				}
			}
		})
	}
}

func TestWhoLeavesTheTeamCountsNoMore(t *testing.T) {
	m := newMonths(t)
	m.approve("cy", "2026-03-23T10:00:00Z")
	left := at("2026-04-15T12:00:00Z")
	m.team = func(now time.Time) []string {
		if now.Before(left) {
			return []string{"ana", "bo", "cy"}
		}
		return []string{"ana", "bo"}
	}
	for hours := range 60 * 24 {
		now := at("2026-03-23T11:00:00Z").Add(time.Duration(hours) * time.Hour)
		if d, _ := m.at(now); (status(d, "cloud") == policy.Met) != now.Before(left) {
			t.Fatalf("at %v the role is %s", now, status(d, "cloud"))
		}
	}
}

// Between the moment of a decision and the one until which it holds, the clock
// changes neither it nor the plan.
func TestADecisionHoldsUntilItSaysSo(t *testing.T) {
	m := newMonths(t)
	m.approve("olga", "2026-03-16T08:59:00Z")
	m.pull.Comments, m.pull.Commands = nil, nil
	rapid.Check(t, func(t *rapid.T) {
		start := at("2026-03-17T00:00:00Z").Add(time.Duration(rapid.Int64Range(0, 70*24*3600).Draw(t, "now")) * time.Second)
		m.pull.Requests, m.pull.RequestEvents = nil, nil
		if rapid.Bool().Draw(t, "asked") {
			asked := start.Add(-time.Duration(rapid.IntRange(0, 100).Draw(t, "since")) * time.Hour)
			m.pull.Requests = []fact.Request{{Login: "ana"}}
			m.pull.RequestEvents = []fact.RequestEvent{{Login: "ana", Added: true, By: fact.Person{Login: "rolecall"}, At: asked}}
		}
		m.pull.Comments = nil
		_, first := m.at(start)
		m.perform(first, start)
		d, p := m.at(start)
		until := d.ValidUntil
		if !p.Next.IsZero() && (until.IsZero() || p.Next.Before(until)) {
			until = p.Next
		}
		if !until.After(start) {
			t.Fatalf("at %v it holds until %v", start, until)
		}
		later := start.Add(time.Duration(rapid.Float64Range(0, 0.999).Draw(t, "part") * float64(until.Sub(start))))
		e, q := m.at(later)
		if a, b := said(d, p), said(e, q); a != b {
			t.Fatalf("at %v:\n%s\nat %v, before %v:\n%s", start, a, later, until, b)
		}
	})
}

// perform does to the facts what a plan does to GitHub, and says what that was.
func (m *months) perform(p plan.Plan, now time.Time) (done []string) {
	stamp := now.Format("01-02 15:04")
	for _, a := range p.Actions {
		for _, login := range a.Logins {
			switch a.Kind {
			case plan.Request:
				done = append(done, stamp+" ask "+login)
				m.pull.Requests = append(m.pull.Requests, fact.Request{Login: login})
			case plan.Withdraw:
				done = append(done, stamp+" withdraw "+login)
				m.pull.Requests = slices.DeleteFunc(m.pull.Requests, func(r fact.Request) bool { return r.Login == login })
			default:
				continue
			}
			m.pull.RequestEvents = append(m.pull.RequestEvents, fact.RequestEvent{Login: login, Added: a.Kind == plan.Request, By: fact.Person{Login: "rolecall"}, At: now})
		}
		if a.Kind == plan.Remind {
			done = append(done, fmt.Sprintf("%s remind %d %s", stamp, a.Overdue.Step, strings.Join(a.Overdue.Asked, " ")))
			m.pull.Comments = append(m.pull.Comments, fact.Comment{ID: int64(len(m.pull.Comments) + 1), Own: true, At: now, Body: a.Overdue.Marker() + "\nx"})
		}
	}
	return done
}

// said is what a decision and its plan come to.
func said(d policy.Decision, p plan.Plan) string {
	var out []string
	for _, rule := range d.Rules {
		for _, r := range rule.Require {
			line := r.Role + " " + string(r.Status)
			if r.Status != policy.Met { // else it does not matter who could
				line += " " + strings.Join(r.May, " ")
			}
			out = append(out, line)
		}
	}
	for _, a := range p.Actions {
		out = append(out, string(a.Kind)+" "+strings.Join(slices.Concat(a.Logins, a.Teams), " "))
	}
	return strings.Join(out, "\n")
}

// A quarter of a year, looked at only when the last look said so: everybody
// is asked when they work, Easter is kept, and nothing is done twice.
func TestAQuarterByItsOwnAlarms(t *testing.T) {
	m := newMonths(t)
	now := at("2026-04-02T14:30:00Z") // the Thursday before Easter, half past four in Berlin
	m.pull.CreatedAt = now
	var log []string
	for range 200 {
		d, p := m.at(now)
		log = append(log, m.perform(p, now)...)
		next := d.ValidUntil
		if !p.Next.IsZero() && (next.IsZero() || p.Next.Before(next)) {
			next = p.Next
		}
		if next.IsZero() || next.After(at("2026-07-01T00:00:00Z")) {
			break
		}
		if !next.After(now) {
			t.Fatalf("at %v the next look is at %v", now, next)
		}
		now = next
	}
	of := func(names ...string) []string {
		var out []string
		for _, l := range log {
			if slices.ContainsFunc(names, func(n string) bool { return strings.Contains(l, n) }) {
				out = append(out, l)
			}
		}
		return out
	}
	// bo is away; ana or cy is asked at once. Eight working hours after half
	// past four on Thursday, with Good Friday and Easter Monday off, is half
	// past four on Tuesday.
	cloud := of("ana", "bo", "cy", "remind")
	if len(cloud) != 5 || !strings.HasPrefix(cloud[0], "04-02 14:30 ask ") || !strings.HasPrefix(cloud[1], "04-07 14:30 remind 1 ") ||
		!strings.HasPrefix(cloud[2], "04-08 14:30 ask ") || !strings.HasPrefix(cloud[3], "04-08 14:30 remind 2 ") || !strings.HasPrefix(cloud[4], "04-09 14:30 remind 3 ") {
		t.Errorf("the team's story: %v", cloud)
	}
	turns := of("olga", "oleg", "otto")
	if len(turns) < 15 { // whoever it went to at the last step stays asked
		t.Errorf("the rotation's hand-overs: %v", turns)
	}
	seen := map[string]bool{}
	for _, l := range log {
		if seen[l] {
			t.Errorf("twice: %s", l)
		}
		seen[l] = true
	}
}
