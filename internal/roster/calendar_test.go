package roster_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

func TestWhoAShiftMeans(t *testing.T) {
	known := map[string]string{"ana@acme.com": "ana", "ana alpha": "ana", "bo berg": "bo", "bo": "bo-b"}
	for _, c := range []struct {
		name      string
		title     string
		attendees []string
		want      []string
	}{
		{"a login in the title", "@ana", nil, []string{"ana"}},
		{"a login among words", "Primary: @Ana (until 9)", nil, []string{"ana"}},
		{"two logins", "@ana, @bo-b", nil, []string{"ana", "bo-b"}},
		{"an attendee whom the policy knows", "On call", []string{"ana@acme.com"}, []string{"ana"}},
		{"as PagerDuty writes names", "On Call - Ana Alpha - Primary", nil, []string{"ana"}},
		{"a name alone, in other letters", "ANA  alpha", nil, []string{"ana"}},
		{"a name with a level", "[L1] Bo Berg", nil, []string{"bo"}},
		{"an attendee whom nobody knows", "On call", []string{"eve@acme.com"}, nil},
		{"a name that is part of another", "Ana Alphabet", nil, nil},
		{"a short name within a longer one", "Bo Bergson", nil, nil},
		{"an address is no login", "ana@acme.com.evil", nil, nil},
		{"an address in the title", "On call - ana@acme.com", nil, []string{"ana"}},
		{"a team is nobody", "@acme/cloud", nil, nil},
		{"nothing", "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := roster.Meant(fact.Shift{Summary: c.title, Attendees: c.attendees}, known)
			if !slices.Equal(got, c.want) {
				t.Errorf("%q means %v, want %v", c.title, got, c.want)
			}
		})
	}
}

func shift(summary, from, to string) fact.Shift {
	return fact.Shift{Summary: summary, From: at(from), To: at(to)}
}

const feedURL = "https://example.com/oncall.ics"

// paged resolves the role whose holders a calendar names.
func paged(t *testing.T, in roster.Input, c *roster.Calendar) fact.Holders {
	t.Helper()
	if c != nil {
		in.Calendars = map[string]roster.Calendar{feedURL: *c}
	}
	return roster.Resolve(load(t), in).Roles["paged"]
}

func TestACalendarSaysWhoHoldsARoleAndWhoIsNext(t *testing.T) {
	shifts := []fact.Shift{
		shift("@ana", "2026-03-02T09:00:00Z", "2026-03-09T09:00:00Z"),
		shift("@bo", "2026-03-09T09:00:00Z", "2026-03-16T09:00:00Z"),
		shift("@cy", "2026-03-16T09:00:00Z", "2026-03-23T09:00:00Z"),
	}
	h := paged(t, roster.Input{Now: at("2026-03-10T09:00:00Z"), Times: []time.Time{at("2026-03-09T08:59:59Z")}},
		&roster.Calendar{Shifts: shifts, ReadAt: at("2026-03-10T08:55:00Z")})
	var got []string
	for _, x := range h.List {
		got = append(got, fmt.Sprint(x.Login, " ", x.Via, " ", x.At(at("2026-03-09T08:59:59Z")), x.At(at("2026-03-10T09:00:00Z"))))
	}
	want := []string{"ana calendar true false", "bo calendar false true", "cy calendar false false"}
	if diff := cmp.Diff(want, got); diff != "" || len(h.Gaps) > 0 || h.Stale != nil {
		t.Errorf("holders (-want +got):\n%s%+v %+v", diff, h.Gaps, h.Stale)
	}
}

func TestACalendarThatFailsLetsNobodyNewIn(t *testing.T) {
	shifts := []fact.Shift{shift("@ana", "2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z")}
	read := at("2026-03-02T09:00:00Z")
	for _, c := range []struct {
		name     string
		calendar *roster.Calendar
		now      string
		holds    bool
		gap      string
		stale    bool
	}{
		{"never tried", nil, "2026-03-02T10:00:00Z", false, "not read yet", false},
		{"never read", &roster.Calendar{Problem: "its server answers 500"}, "2026-03-02T10:00:00Z", false, "answers 500", false},
		{"read lately", &roster.Calendar{Shifts: shifts, ReadAt: read}, "2026-03-02T10:00:00Z", true, "", false},
		{"fails now, and the last copy stands", &roster.Calendar{Shifts: shifts, ReadAt: read, Problem: "its server answers 500"}, "2026-03-08T10:00:00Z", true, "", true},
		{"fails for too long", &roster.Calendar{Shifts: shifts, ReadAt: read, Problem: "its server answers 500"}, "2026-03-09T09:00:00Z", false, "too long ago", true},
		{"nothing reads it any more", &roster.Calendar{Shifts: shifts, ReadAt: read}, "2026-03-20T09:00:00Z", false, "too long ago", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := at(c.now)
			h := paged(t, roster.Input{Now: now}, c.calendar)
			holds := slices.ContainsFunc(h.List, func(x fact.Holder) bool { return x.Login == "ana" && x.At(now) })
			if holds != c.holds || (h.Stale != nil) != c.stale {
				t.Errorf("holders %+v, stale %+v", h.List, h.Stale)
			}
			if (c.gap == "") != (len(h.Gaps) == 0) || c.gap != "" && !strings.Contains(h.Gaps[0].Reason, c.gap) {
				t.Errorf("gaps %+v, want %q", h.Gaps, c.gap)
			}
		})
	}
}

func TestAnEventThatNamesNobodyIsAGap(t *testing.T) {
	shifts := []fact.Shift{shift("Somebody new", "2026-03-01T00:00:00Z", "2026-03-09T00:00:00Z")}
	h := paged(t, roster.Input{Now: at("2026-03-02T10:00:00Z")}, &roster.Calendar{Shifts: shifts, ReadAt: at("2026-03-02T09:00:00Z")})
	if len(h.List) != 0 || len(h.Gaps) != 1 || !strings.Contains(h.Gaps[0].Reason, "Somebody new") {
		t.Errorf("%+v", h)
	}
}

func TestWhoeverIsOnCallIsKnownToBe(t *testing.T) {
	people := roster.Resolve(load(t), roster.Input{
		Now:  at("2026-01-06T09:00:00Z"),
		Load: map[string]roster.Load{"ana": {Open: 2, Recent: 9}, "zoe": {Open: 1}}, Knows: map[string]roster.Knows{"ana": {Changed: 14}},
	}).People
	if p := people["ana"]; !slices.Equal(p.OnCall, []string{"on-call"}) || p.Open != 2 || p.Recent != 9 || p.Changed != 14 {
		t.Errorf("ana: %+v", p)
	}
	if p := people["bo"]; len(p.OnCall) != 0 {
		t.Errorf("bo: %+v", p)
	}
	if p := people["zoe"]; p.Open != 1 {
		t.Errorf("zoe: %+v", p)
	}
}

// A rotation's turns are as long as they say, whatever the clocks do: who
// wants the hand-over at the same time of day all year round uses a calendar.
func TestARotationIsNotMovedByTheClocks(t *testing.T) {
	p := load(t)
	start := at("2026-01-05T09:00:00Z")
	order := []string{"ana", "bo", "cy"}
	for hour := range 365 * 24 {
		now := start.Add(time.Duration(hour) * time.Hour)
		list := roster.Resolve(p, roster.Input{Now: now}).Roles["on-call"].List
		if want := order[hour/168%3]; len(list) != 1 || list[0].Login != want || !list[0].At(now) || !list[0].At(now.Add(59*time.Minute)) {
			t.Fatalf("at %v: %+v, want %s", now, list, want)
		}
		if list[0].To.Sub(list[0].From) != 168*time.Hour {
			t.Fatalf("at %v a turn of %v", now, list[0].To.Sub(list[0].From))
		}
	}
}

// Every minute of a year of a role's calendar has the holder whom it names,
// and whoever approved a minute before a hand-over had the role then.
func TestAYearOfShiftsOverBothChangesOfTheClocks(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	var shifts []fact.Shift
	order := []string{"@ana", "@bo"}
	first := time.Date(2026, 1, 5, 9, 0, 0, 0, berlin)
	for week := range 52 {
		shifts = append(shifts, fact.Shift{Summary: order[week%2], From: first.AddDate(0, 0, 7*week).UTC(), To: first.AddDate(0, 0, 7*week+7).UTC()})
	}
	for week := 1; week < 52; week++ {
		handover := first.AddDate(0, 0, 7*week)
		last := handover.Add(-time.Minute)
		now := handover.Add(26 * time.Hour)
		h := paged(t, roster.Input{Now: now, Times: []time.Time{last}}, &roster.Calendar{Shifts: shifts, ReadAt: now.Add(-time.Minute)})
		holder := func(at time.Time) string {
			var who []string
			for _, x := range h.List {
				if x.At(at) {
					who = append(who, x.Login)
				}
			}
			return strings.Join(who, " ")
		}
		before, after := strings.TrimPrefix(order[(week-1)%2], "@"), strings.TrimPrefix(order[week%2], "@")
		if holder(last) != before || holder(now) != after {
			t.Errorf("week %d: %q then and %q now, want %s and %s", week, holder(last), holder(now), before, after)
		}
	}
}

func TestHoursAreFactsOfTheRole(t *testing.T) {
	src := strings.Replace(text, `role "cloud" { members = ["@acme/cloud", "@Zoe"] }`, `role "cloud" {
  members = ["@Zoe"]
  hours   = { timezone = "Europe/Berlin", days = ["mon"], from = "09:00", to = "17:30", holidays = ["2026-03-02", "2026-12-21..2027-01-03"] }
}`, 1)
	p, diags := policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte(src)})
	if p == nil {
		t.Fatalf("%+v", diags)
	}
	h := roster.Resolve(p, roster.Input{Now: at("2026-03-02T10:00:00Z")}).Roles["cloud"].Hours
	if h == nil || h.Timezone != "Europe/Berlin" || h.Open(at("2026-03-02T10:00:00Z")) || !h.Open(at("2026-03-09T10:00:00Z")) || h.Open(at("2026-03-09T16:30:00Z")) {
		t.Errorf("%+v", h)
	}
}
