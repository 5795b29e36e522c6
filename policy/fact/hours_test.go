package fact_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolecall/rolecall/policy/fact"
)

// berlin is an office week, without Christmas.
func berlin() *fact.Hours {
	return &fact.Hours{
		Timezone: "Europe/Berlin", Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, From: 9 * time.Hour, To: 18 * time.Hour,
		Holidays: []fact.Span{{From: "2026-12-24", To: "2027-01-01"}},
	}
}

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestWorkingTimePassesOnlyInWorkingHours(t *testing.T) {
	night := &fact.Hours{Timezone: "Europe/Berlin", Days: [7]bool{0: true}, From: 0, To: 4 * time.Hour}
	for _, c := range []struct {
		name  string
		hours *fact.Hours
		from  string
		d     time.Duration
		want  string
	}{
		{"without hours time always passes", nil, "2026-03-07T12:00:00Z", 8 * time.Hour, "2026-03-07T20:00:00Z"},
		{"within one day", berlin(), "2026-03-02T08:00:00Z", 8 * time.Hour, "2026-03-02T16:00:00Z"},
		{"to the last moment of a day", berlin(), "2026-03-02T08:00:00Z", 9 * time.Hour, "2026-03-02T17:00:00Z"},
		{"into the next day", berlin(), "2026-03-02T16:00:00Z", 2 * time.Hour, "2026-03-03T09:00:00Z"},
		{"over a weekend", berlin(), "2026-03-06T16:30:00Z", time.Hour, "2026-03-09T08:30:00Z"},
		{"from the middle of a weekend", berlin(), "2026-03-07T12:00:00Z", time.Hour, "2026-03-09T09:00:00Z"},
		{"over holidays", berlin(), "2026-12-23T16:00:00Z", 2 * time.Hour, "2027-01-04T09:00:00Z"},
		{"clocks were put forward over the weekend", berlin(), "2026-03-27T16:00:00Z", 2 * time.Hour, "2026-03-30T08:00:00Z"},
		{"clocks were put back over the weekend", berlin(), "2026-10-23T15:00:00Z", 2 * time.Hour, "2026-10-26T09:00:00Z"},
		{"a night whose clocks are put forward is an hour shorter", night, "2026-03-28T23:00:00Z", 3 * time.Hour, "2026-03-29T02:00:00Z"},
		{"a night whose clocks are put back is an hour longer", night, "2026-10-24T22:00:00Z", 5 * time.Hour, "2026-10-25T03:00:00Z"},
		{"nothing to wait for", berlin(), "2026-03-07T12:00:00Z", 0, "2026-03-07T12:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.hours.Add(at(c.from), c.d); !got.Equal(at(c.want)) {
				t.Errorf("%v after %s is %v, want %s", c.d, c.from, got, c.want)
			}
		})
	}
}

func TestHoursOpenWhenPeopleWork(t *testing.T) {
	for _, c := range []struct {
		name, at, opens string
		open            bool
	}{
		{"at work", "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z", true},
		{"a moment before", "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z", false},
		{"at the end of the day", "2026-03-02T17:00:00Z", "2026-03-03T08:00:00Z", false},
		{"on a Saturday", "2026-03-28T10:00:00Z", "2026-03-30T07:00:00Z", false},
		{"at Christmas", "2026-12-24T10:00:00Z", "2027-01-04T08:00:00Z", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := berlin().Open(at(c.at)); got != c.open {
				t.Errorf("open at %s: %t", c.at, got)
			}
			if got := berlin().Opens(at(c.at)); !got.Equal(at(c.opens)) {
				t.Errorf("opens at %v, want %s", got, c.opens)
			}
		})
	}
	never := &fact.Hours{Timezone: "UTC", Days: [7]bool{1: true}, From: time.Hour, To: 2 * time.Hour, Holidays: []fact.Span{{From: "0000-01-01", To: "9999-12-31"}}}
	if got := never.Opens(at("2026-03-02T08:00:00Z")); !got.IsZero() {
		t.Errorf("hours that never come open at %v", got)
	}
	if got := never.Add(at("2026-03-02T08:00:00Z"), time.Hour); !got.IsZero() {
		t.Errorf("an hour of them has passed at %v", got)
	}
}

// someHours are random working hours, in zones with and without summer time.
func someHours(t *rapid.T) *fact.Hours {
	h := &fact.Hours{Timezone: rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"}).Draw(t, "zone")}
	for i := range h.Days {
		h.Days[i] = rapid.Bool().Draw(t, "day")
	}
	h.Days[rapid.IntRange(0, 6).Draw(t, "a day")] = true
	from := rapid.IntRange(0, 23*60).Draw(t, "from")
	h.From, h.To = time.Duration(from)*time.Minute, time.Duration(rapid.IntRange(from+1, 24*60).Draw(t, "to"))*time.Minute
	return h
}

func TestWorkingTimeKeepsItsLaws(t *testing.T) {
	start := at("2026-01-01T00:00:00Z")
	rapid.Check(t, func(t *rapid.T) {
		h := someHours(t)
		from := start.Add(time.Duration(rapid.Int64Range(0, 400*24*3600).Draw(t, "at")) * time.Second)
		d := time.Duration(rapid.IntRange(1, 200*3600).Draw(t, "d")) * time.Second
		e := time.Duration(rapid.IntRange(1, 50*3600).Draw(t, "e")) * time.Second
		due, both := h.Add(from, d), h.Add(from, d+e)
		if both.IsZero() { // as it is with a minute a week
			if century := h.Between(from, from.AddDate(150, 0, 0)); century >= d+e || due.IsZero() != (century < d) {
				t.Fatalf("%v of working time in a century: %v after %v is %v, and %v after it is %v", century, d, from, due, d+e, both)
			}
			return
		}
		if !due.After(from) {
			t.Fatalf("%v after %v is %v", d, from, due)
		}
		if got := h.Between(from, due); got != d {
			t.Fatalf("between %v and %v lie %v of working time, want %v", from, due, got, d)
		}
		if !both.Equal(h.Add(due, e)) {
			t.Fatalf("%v and then %v end at %v, together at %v", d, e, h.Add(due, e), both)
		}
		if opens := h.Opens(from); opens.Before(from) || !h.Open(opens) || h.Between(from, opens) != 0 {
			t.Fatalf("from %v on it opens at %v", from, opens)
		}
		if h.Open(from) != h.Opens(from).Equal(from) {
			t.Fatalf("open at %v: %t, and it opens at %v", from, h.Open(from), h.Opens(from))
		}
	})
}
