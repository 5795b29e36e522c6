package roster_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const text = `
policy {
  keepers = ["manager"]
  away    = { "@mia" = "2026-03-01..2026-03-10", "@bo" = "2026-01-01..2026-01-02" }
}
role "cloud" { members = ["@acme/cloud", "@Zoe"] }
role "on-call" {
  rotation {
    start  = "2026-01-05T09:00:00Z"
    length = "168h"
    order  = ["@ana", "@bo", "@cy"]
  }
}
role "paged" { calendar = "https://example.com/oncall.ics" }
role "manager" { members = ["@mia"] }
role "dri" { title = "DRI" }
rule "all" {
  require "cloud" {}
}
`

func load(t testing.TB) *policy.Policy {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte(text)})
	if p == nil {
		t.Fatalf("the policy does not load: %+v", diags)
	}
	return p
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestARolesHoldersComeFromTeamsAndNames(t *testing.T) {
	teams := map[string]fact.Maybe[[]string]{"acme/cloud": fact.Known([]string{"ana", "bo"})}
	r := roster.Resolve(load(t), roster.Input{Teams: teams, Now: at("2026-02-01T00:00:00Z")})
	want := fact.Holders{List: []fact.Holder{
		{Login: "zoe", Via: "policy"}, {Login: "ana", Via: "@acme/cloud"}, {Login: "bo", Via: "@acme/cloud"},
	}}
	if diff := cmp.Diff(want, r.Roles["cloud"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(teams, r.Teams); diff != "" {
		t.Error(diff)
	}
	if _, ok := r.Roles["dri"]; ok {
		t.Error("the DRI has holders in the roster")
	}
}

func TestATeamThatCannotBeReadLetsNobodyIn(t *testing.T) {
	for name, teams := range map[string]map[string]fact.Maybe[[]string]{
		"unknown":  {"acme/cloud": fact.Unknown[[]string]("GitHub hides it")},
		"left out": nil,
	} {
		t.Run(name, func(t *testing.T) {
			h := roster.Resolve(load(t), roster.Input{Teams: teams, Now: at("2026-02-01T00:00:00Z")}).Roles["cloud"]
			if len(h.List) != 1 || h.List[0].Login != "zoe" {
				t.Errorf("holders: %+v", h.List)
			}
			if len(h.Gaps) != 1 || !strings.Contains(h.Gaps[0].Reason, "@acme/cloud") {
				t.Errorf("gaps: %+v", h.Gaps)
			}
		})
	}
}

func TestARotationNamesWhoeverHadTheTurn(t *testing.T) {
	turn := func(login, from, to string) fact.Holder {
		return fact.Holder{Login: login, From: at(from), To: at(to), Via: "rotation"}
	}
	for _, c := range []struct {
		name  string
		now   string
		times []string
		want  []fact.Holder
	}{
		{"before the start, nobody", "2026-01-05T08:59:59Z", nil, nil},
		{"from the start, the first", "2026-01-05T09:00:00Z", nil, []fact.Holder{turn("ana", "2026-01-05T09:00:00Z", "2026-01-12T09:00:00Z")}},
		{"at the hand-over, the next", "2026-01-12T09:00:00Z", nil, []fact.Holder{turn("bo", "2026-01-12T09:00:00Z", "2026-01-19T09:00:00Z")}},
		{"after the last, the first again", "2026-01-26T09:00:00Z", nil, []fact.Holder{turn("ana", "2026-01-26T09:00:00Z", "2026-02-02T09:00:00Z")}},
		{"whoever approved in a turn that is over", "2026-01-20T09:00:00Z", []string{"2026-01-11T00:00:00Z", "2026-01-12T08:59:59Z", "2026-01-01T00:00:00Z"}, []fact.Holder{
			turn("ana", "2026-01-05T09:00:00Z", "2026-01-12T09:00:00Z"), turn("cy", "2026-01-19T09:00:00Z", "2026-01-26T09:00:00Z"),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := roster.Input{Now: at(c.now)}
			for _, s := range c.times {
				in.Times = append(in.Times, at(s))
			}
			got := roster.Resolve(load(t), in).Roles["on-call"].List
			if len(got) != len(c.want) || len(got) > 0 && !cmp.Equal(got, c.want) {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

func TestEveryMomentOfARotationHasOneHolder(t *testing.T) {
	p := load(t)
	start := at("2026-01-05T09:00:00Z")
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) time.Time {
			return start.Add(time.Duration(rapid.Int64Range(0, int64(5*365*24*time.Hour)).Draw(t, name)))
		}
		in := roster.Input{Now: draw("now")}
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			in.Times = append(in.Times, draw("time"))
		}
		holders := roster.Resolve(p, in).Roles["on-call"].List
		for _, when := range append(in.Times, in.Now) {
			var who []string
			for _, h := range holders {
				if h.At(when) {
					who = append(who, h.Login)
				}
			}
			week := int(when.Sub(start) / (168 * time.Hour))
			if len(who) != 1 || who[0] != []string{"ana", "bo", "cy"}[week%3] {
				t.Fatalf("at %v: %v", when, who)
			}
		}
	})
}

func TestACalendarThatNobodyReadIsAGap(t *testing.T) {
	h := roster.Resolve(load(t), roster.Input{Now: at("2026-02-01T00:00:00Z")}).Roles["paged"]
	if len(h.List) != 0 || len(h.Gaps) != 1 {
		t.Errorf("%+v", h)
	}
}

func TestBusyAndAwayAreKnownOfPeople(t *testing.T) {
	people := roster.Resolve(load(t), roster.Input{Now: at("2026-03-02T12:00:00Z"), Busy: map[string]bool{"ana": true, "mia": true}}).People
	if !people["ana"].Busy || !people["ana"].AwayTo.IsZero() {
		t.Errorf("ana: %+v", people["ana"])
	}
	if p := people["mia"]; !p.Busy || !p.AwayTo.After(at("2026-03-09T00:00:00Z")) || !strings.Contains(p.Why, "away") {
		t.Errorf("mia: %+v", p)
	}
	if _, ok := people["bo"]; ok {
		t.Errorf("bo is back: %+v", people["bo"])
	}
}
