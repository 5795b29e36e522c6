package roster_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/roster"
	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

const absenceText = `
policy {
  keepers = ["cloud"]
  away = {
    "@ana"         = ["2026-03-09..2026-03-10", "https://example.com/ana.ics"]
    "@acme/madrid" = "https://example.com/spain.ics"
    "@acme/hidden" = "2026-03-01..2026-03-31"
  }
}
role "cloud" {
  members = ["@ana", "@bo", "@cy"]
  hours   = { timezone = "America/New_York", days = ["mon", "tue", "wed", "thu", "fri"], from = "09:00", to = "17:00", holidays = ["2026-03-03", "https://example.com/us.ics"] }
}
rule "all" {
  require "cloud" {}
}
`

func absence(t *testing.T, now string, calendars map[string]roster.Calendar) fact.Roster {
	t.Helper()
	p, diags := policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte(absenceText)})
	if p == nil {
		t.Fatalf("%+v", diags)
	}
	return roster.Resolve(p, roster.Input{
		Now: at(now), Calendars: calendars,
		Teams: map[string]fact.Maybe[[]string]{"acme/madrid": fact.Known([]string{"bo", "zoe"}), "acme/hidden": fact.Unknown[[]string]("hidden")},
	})
}

// day is an event of whole days, as a feed without a time zone has it.
func day(title, from, to string) fact.Shift {
	s := shift(title, from+"T00:00:00Z", to+"T00:00:00Z")
	s.To = s.To.AddDate(0, 0, 1)
	s.Days = &fact.Span{From: from, To: to}
	return s
}

func TestHolidaysOfACalendarAreDaysOnWhichNobodyWorks(t *testing.T) {
	read := func(problem string, shifts ...fact.Shift) map[string]roster.Calendar {
		return map[string]roster.Calendar{"https://example.com/us.ics": {Shifts: shifts, ReadAt: at("2026-03-01T00:00:00Z"), Problem: problem}}
	}
	span := func(from, to string) fact.Span { return fact.Span{From: from, To: to} }
	own := span("2026-03-03", "2026-03-03")
	for _, c := range []struct {
		name      string
		calendars map[string]roster.Calendar
		want      []fact.Span
		stale     *fact.Stale
	}{
		{"a day is that day in the role's time zone", read("", day("Founders' day", "2026-03-05", "2026-03-05")), []fact.Span{own, span("2026-03-05", "2026-03-05")}, nil},
		{"several days, one of them named already", read("", day("Bridge", "2026-03-02", "2026-03-04")), []fact.Span{span("2026-03-02", "2026-03-04")}, nil},
		{"times that cover all working hours", read("", shift("Offsite", "2026-03-05T14:00:00Z", "2026-03-06T22:00:00Z")),
			[]fact.Span{own, span("2026-03-05", "2026-03-05"), span("2026-03-06", "2026-03-06")}, nil},
		{"half a day is a working day", read("", shift("Offsite", "2026-03-05T17:00:00Z", "2026-03-05T23:00:00Z")), []fact.Span{own}, nil},
		{"years ago and in years", read("", day("x", "2020-03-05", "2020-03-05"), day("x", "2030-03-05", "2030-03-05")), []fact.Span{own}, nil},
		{"never read, and nothing is wrong yet", nil, []fact.Span{own}, nil},
		{"the last good copy, however old", read("its server answers 500", day("x", "2026-03-05", "2026-03-05")), []fact.Span{own, span("2026-03-05", "2026-03-05")},
			&fact.Stale{Read: at("2026-03-01T00:00:00Z"), Reason: "its server answers 500"}},
		{"none", map[string]roster.Calendar{"https://example.com/us.ics": {Problem: "its server is not found"}}, []fact.Span{own}, &fact.Stale{Reason: "its server is not found"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := absence(t, "2026-03-20T10:00:00Z", c.calendars).Roles["cloud"]
			if diff := cmp.Diff(c.want, h.Hours.Holidays); diff != "" {
				t.Errorf("holidays (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.stale, h.HolidaysStale); diff != "" {
				t.Errorf("stale (-want +got):\n%s", diff)
			}
		})
	}
	h := absence(t, "2026-03-05T10:00:00Z", read("", day("Founders' day", "2026-03-05", "2026-03-06"))).Roles["cloud"].Hours
	if due := h.Add(at("2026-03-04T20:00:00Z"), 8*time.Hour); !due.Equal(at("2026-03-09T19:00:00Z")) { // the clocks went forward
		t.Errorf("eight hours after three on Wednesday end at %v, want three on Monday", due)
	}
}

func TestWhoIsAwayByACalendar(t *testing.T) {
	calendars := map[string]roster.Calendar{
		"https://example.com/ana.ics":   {ReadAt: at("2026-03-01T00:00:00Z"), Shifts: []fact.Shift{shift("Dentist", "2026-03-05T08:00:00Z", "2026-03-05T12:00:00Z")}},
		"https://example.com/spain.ics": {ReadAt: at("2026-03-01T00:00:00Z"), Shifts: []fact.Shift{day("San José", "2026-03-19", "2026-03-19")}},
	}
	for _, c := range []struct{ now, login, until, from string }{
		{"2026-03-05T09:00:00Z", "ana", "2026-03-05T12:00:00Z", "2026-03-09T00:00:00Z"},
		{"2026-03-05T12:00:00Z", "ana", "", "2026-03-09T00:00:00Z"},
		{"2026-03-10T09:00:00Z", "ana", "2026-03-11T00:00:00Z", ""},
		{"2026-03-19T09:00:00Z", "bo", "2026-03-20T00:00:00Z", ""},
		{"2026-03-18T09:00:00Z", "bo", "", "2026-03-19T00:00:00Z"},
		{"2026-03-19T09:00:00Z", "cy", "", ""}, // in no team that is away, and in none that nobody knows
	} {
		p := absence(t, c.now, calendars).People[c.login]
		is := func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.Format(time.RFC3339)
		}
		if is(p.AwayTo) != c.until || is(p.AwayFrom) != c.from {
			t.Errorf("%s at %s: away until %v, again from %v; want %q and %q", c.login, c.now, p.AwayTo, p.AwayFrom, c.until, c.from)
		}
	}
}

func TestTheExampleOfTheDocsLoads(t *testing.T) {
	page, err := os.ReadFile("../../docs/people.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "```hcl\npolicy {")
	example, _, found := strings.Cut(example, "```")
	rest := "role \"manager\" { members = [\"@mia\"] }\nrule \"all\" {\n  require \"security-engineer\" {}\n}\n"
	p, diags := policy.Load(nil, &policy.Source{Name: "rolecall.hcl", Bytes: []byte("policy {" + example + rest)})
	if !found || p == nil || len(diags) > 0 {
		t.Fatalf("%+v", diags)
	}
	if got := p.Calendars(); len(got) != 3 {
		t.Errorf("it names the calendars %v", got)
	}
}
