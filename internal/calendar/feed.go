package calendar

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"

	"github.com/rolecall/rolecall/policy/fact"
)

// The bounds of a feed. What is beyond them is refused whole: a shift that was
// left out could be the one that matters.
const (
	MaxBytes       = 5 << 20
	maxEvents      = 10_000
	maxOccurrences = 20_000 // of all events together, inside the window
	maxSteps       = 200_000
	maxNesting     = 8
	maxAttendees   = 50
	maxSummary     = 500
)

// firstYear is the year before which no recurring event may begin, which
// bounds how far its recurrences have to be followed.
const firstYear = 2000

// Parse returns the shifts of a feed that overlap the time between from and
// to, oldest first. Any event that cannot be told for certain makes the whole
// feed an error, in words that fit after "because".
//
// Cancelled events are left out. Recurring events are followed with their
// exceptions (EXDATE, RDATE, RECURRENCE-ID), not more often than daily. An
// all-day event, and a time without zone, is in the feed's own time zone
// (X-WR-TIMEZONE), else UTC. Time zones are known by their IANA names, by those
// that Windows gives them, or by the feed's own definitions (VTIMEZONE).
// https://www.rfc-editor.org/rfc/rfc5545
//
// The end of ctx bounds the time that recurrences may take, give or take a
// fraction of a second: rules can be written that match nothing for thousands
// of years.
func Parse(ctx context.Context, feed []byte, from, to time.Time) (shifts []fact.Shift, err error) {
	if len(feed) > MaxBytes {
		return nil, fmt.Errorf("it is larger than %d MB", MaxBytes>>20)
	}
	if err := sizeUp(feed); err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil { // the parser meets whatever people publish
			shifts, err = nil, fmt.Errorf("it cannot be parsed: %v", p)
		}
	}()
	cal, err := ical.NewDecoder(bytes.NewReader(feed)).Decode()
	if err != nil {
		return nil, fmt.Errorf("it is no calendar: %s", oneLine(err.Error(), 200))
	}
	r := &reader{ctx: ctx, from: from, to: to, zone: time.UTC, zones: map[string]*time.Location{}, moved: map[string]instants{}}
	for _, c := range cal.Children {
		if c.Name == ical.CompTimezone {
			r.definitions = append(r.definitions, c)
		}
	}
	if name := cal.Props.Get("X-WR-TIMEZONE"); name != nil && name.Value != "" {
		if r.zone, err = r.location(name.Value); err != nil {
			return nil, err
		}
	}
	events := cal.Events()
	for _, e := range events {
		if err := r.move(e); err != nil {
			return nil, err
		}
	}
	for _, e := range events {
		if err := r.inTime(); err != nil {
			return nil, err
		}
		if err := r.event(e); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(r.out, compare)
	return slices.CompactFunc(r.out, func(a, b fact.Shift) bool { return compare(a, b) == 0 }), nil
}

// sizeUp refuses what would cost too much to parse.
func sizeUp(feed []byte) error {
	events, depth := 0, 0
	for line := range bytes.Lines(feed) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) >= 6 && bytes.EqualFold(line[:6], []byte("BEGIN:")):
			if depth++; depth > maxNesting {
				return errors.New("its components nest too deeply")
			}
			if bytes.EqualFold(line[6:], []byte("VEVENT")) {
				if events++; events > maxEvents {
					return fmt.Errorf("it has more than %d events", maxEvents)
				}
			}
		case len(line) >= 4 && bytes.EqualFold(line[:4], []byte("END:")):
			depth--
		}
	}
	return nil
}

type reader struct {
	ctx      context.Context
	from, to time.Time
	zone     *time.Location
	// definitions are the feed's own time zones, and zones those that were
	// found by name.
	definitions []*ical.Component
	zones       map[string]*time.Location
	// moved has, by event, the recurrences that an event of their own
	// replaces.
	moved map[string]instants
	steps int
	out   []fact.Shift
}

// move notes which recurrence an event replaces, if it does.
func (r *reader) move(e ical.Event) error {
	p := e.Props.Get(ical.PropRecurrenceID)
	if p == nil {
		return nil
	}
	if strings.EqualFold(p.Params.Get("RANGE"), "THISANDFUTURE") {
		return problem(e, "it replaces this and all later recurrences, which is not supported")
	}
	at, _, err := r.time(*p)
	if err != nil {
		return problem(e, err.Error())
	}
	if r.moved[uid(e)] == nil {
		r.moved[uid(e)] = instants{}
	}
	r.moved[uid(e)].add(at)
	return nil
}

// instants is a set of times, whatever their zones.
type instants map[int64]bool

func (s instants) add(t time.Time)      { s[t.Unix()] = true }
func (s instants) has(t time.Time) bool { return s[t.Unix()] }

func uid(e ical.Event) string {
	if p := e.Props.Get(ical.PropUID); p != nil {
		return p.Value
	}
	return ""
}

// event adds the shifts of one event.
func (r *reader) event(e ical.Event) error {
	if p := e.Props.Get(ical.PropStatus); p != nil && strings.EqualFold(p.Value, "CANCELLED") {
		return nil
	}
	start := e.Props.Get(ical.PropDateTimeStart)
	if start == nil {
		return problem(e, "it has no start")
	}
	first, day, err := r.time(*start)
	if err != nil {
		return problem(e, err.Error())
	}
	end, err := r.end(e, first, day)
	if err != nil {
		return problem(e, err.Error())
	}
	if !end(first).After(first) {
		return nil // a moment, and nobody's shift
	}
	shift := fact.Shift{Summary: text(e, ical.PropSummary), Attendees: attendees(e)}
	add := func(at time.Time) error {
		s := shift
		to := end(at)
		if day && wholeDays(e) {
			s.Days = &fact.Span{From: at.Format(time.DateOnly), To: civil(to).AddDate(0, 0, -1).Format(time.DateOnly)}
		}
		return r.add(s, at, to)
	}
	if e.Props.Get(ical.PropRecurrenceID) != nil {
		return add(first)
	}
	starts, err := r.starts(e, first)
	if err != nil {
		return problem(e, err.Error())
	}
	gone := r.moved[uid(e)]
	for _, at := range starts {
		if uid(e) != "" && gone.has(at) {
			continue
		}
		if err := add(at); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) add(s fact.Shift, from, to time.Time) error {
	if !from.Before(r.to) || !to.After(r.from) {
		return nil
	}
	if len(r.out) == maxOccurrences {
		return fmt.Errorf("it has more than %d shifts", maxOccurrences)
	}
	s.From, s.To = from.UTC(), to.UTC()
	r.out = append(r.out, s)
	return nil
}

// end returns when the event ends that starts at a time. Days are counted on
// the calendar and hours as they pass, as RFC 5545 has it.
func (r *reader) end(e ical.Event, first time.Time, day bool) (func(time.Time) time.Time, error) {
	if p := e.Props.Get(ical.PropDateTimeEnd); p != nil {
		last, lastDay, err := r.time(*p)
		if err != nil {
			return nil, err
		}
		if day && lastDay {
			days := int(civil(last).Sub(civil(first)).Hours() / 24)
			return func(t time.Time) time.Time { return t.AddDate(0, 0, days) }, nil
		}
		return func(t time.Time) time.Time { return t.Add(last.Sub(first)) }, nil
	}
	if p := e.Props.Get(ical.PropDuration); p != nil {
		d, err := p.Duration()
		if err != nil || d < 0 || d > 366*24*time.Hour {
			return nil, fmt.Errorf("its duration %q is not understood", oneLine(p.Value, 40))
		}
		if day {
			return func(t time.Time) time.Time { return t.AddDate(0, 0, int(d.Hours()/24)) }, nil
		}
		return func(t time.Time) time.Time { return t.Add(d) }, nil
	}
	if day {
		return func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }, nil
	}
	return func(t time.Time) time.Time { return t }, nil
}

// wholeDays reports whether an event that starts with a day ends with one.
func wholeDays(e ical.Event) bool {
	p := e.Props.Get(ical.PropDateTimeEnd)
	return p == nil || len(strings.TrimSpace(p.Value)) == len("20060102")
}

// civil is the day of t as a time in UTC, where all days are equally long.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// starts lists when an event starts: once, or at each of its recurrences that
// may matter to the window.
func (r *reader) starts(e ical.Event, first time.Time) ([]time.Time, error) {
	starts := []time.Time{first}
	rules := e.Props.Values(ical.PropRecurrenceRule)
	switch len(rules) {
	case 0:
	case 1:
		var err error
		if starts, err = r.recur(rules[0].Value, first); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("it recurs by more than one rule")
	}
	if len(e.Props.Values("EXRULE")) > 0 {
		return nil, errors.New("it has an exception rule, which is not supported")
	}
	more, err := r.times(e.Props.Values(ical.PropRecurrenceDates))
	if err != nil {
		return nil, err
	}
	starts = append(starts, more...)
	not, err := r.times(e.Props.Values(ical.PropExceptionDates))
	if err != nil {
		return nil, err
	}
	except := instants{}
	for _, t := range not {
		except.add(t)
	}
	return slices.DeleteFunc(starts, except.has), nil
}

// recur follows a recurrence rule up to the end of the window.
func (r *reader) recur(rule string, first time.Time) ([]time.Time, error) {
	o, err := rrule.StrToROptionInLocation(rule, first.Location())
	if err != nil {
		return nil, fmt.Errorf("its recurrence %q is not understood", oneLine(rule, 80))
	}
	switch {
	case o.Freq != rrule.YEARLY && o.Freq != rrule.MONTHLY && o.Freq != rrule.WEEKLY && o.Freq != rrule.DAILY:
		return nil, errors.New("it recurs more often than daily, which is not supported")
	case len(o.Byhour)+len(o.Byminute)+len(o.Bysecond) > 24:
		return nil, errors.New("it recurs at too many times of the day")
	case first.Year() < firstYear:
		return nil, fmt.Errorf("it recurs since before the year %d", firstYear)
	case o.Interval < 0 || o.Interval > 1000:
		return nil, errors.New("its interval is not supported")
	}
	if o.Until.IsZero() || o.Until.After(r.to) {
		o.Until = r.to
	}
	o.Dtstart = first
	return r.follow(*o, r.to)
}

// follow lists the recurrences of a rule that are not after end.
func (r *reader) follow(o rrule.ROption, end time.Time) ([]time.Time, error) {
	all, err := rrule.NewRRule(o)
	if err != nil {
		return nil, errors.New("its recurrence is not understood")
	}
	var out []time.Time
	for next := all.Iterator(); ; {
		at, ok := next()
		if !ok || at.After(end) {
			return out, nil
		}
		if err := r.step(); err != nil {
			return nil, err
		}
		out = append(out, at)
	}
}

// step counts what is followed.
func (r *reader) step() error {
	if r.steps++; r.steps > maxSteps {
		return errors.New("it recurs too often")
	}
	return nil
}

// inTime fails once the time is over that a feed may take.
func (r *reader) inTime() error {
	if r.ctx.Err() != nil {
		return errors.New("its recurrences take too long to follow")
	}
	return nil
}

func (r *reader) times(props []ical.Prop) ([]time.Time, error) {
	var out []time.Time
	for _, p := range props {
		if strings.EqualFold(p.Params.Get("VALUE"), "PERIOD") {
			return nil, errors.New("it recurs by periods, which is not supported")
		}
		for _, one := range strings.Split(p.Value, ",") {
			if err := r.step(); err != nil {
				return nil, err
			}
			p.Value = one
			at, _, err := r.time(p)
			if err != nil {
				return nil, err
			}
			out = append(out, at)
		}
	}
	return out, nil
}

// time reads a date or a time. day is true for a date, which is its first
// moment.
func (r *reader) time(p ical.Prop) (at time.Time, day bool, err error) {
	loc := r.zone
	if id := p.Params.Get("TZID"); id != "" {
		if loc, err = r.location(id); err != nil {
			return time.Time{}, false, err
		}
	}
	s := strings.TrimSpace(p.Value)
	for _, form := range []string{"20060102T150405Z", "20060102T150405", "20060102"} {
		in := loc
		if strings.HasSuffix(form, "Z") {
			in = time.UTC
		}
		at, err := time.ParseInLocation(form, s, in)
		if err != nil {
			continue
		}
		if y := at.Year(); y < 1970 || y > 2200 {
			return time.Time{}, false, fmt.Errorf("its year %d is out of bounds", y)
		}
		return at, form == "20060102", nil
	}
	return time.Time{}, false, fmt.Errorf("its time %q is not understood", oneLine(s, 40))
}

// attendees are the addresses of those who take part and did not decline.
func attendees(e ical.Event) []string {
	var out []string
	for _, p := range e.Props.Values(ical.PropAttendee) {
		if strings.EqualFold(p.Params.Get("PARTSTAT"), "DECLINED") || len(out) == maxAttendees {
			continue
		}
		address := p.Value
		if u, err := url.Parse(address); err == nil && strings.EqualFold(u.Scheme, "mailto") {
			address = u.Opaque
		}
		if address = strings.ToLower(oneLine(address, 254)); address != "" {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func text(e ical.Event, name string) string {
	p := e.Props.Get(name)
	if p == nil {
		return ""
	}
	s, err := p.Text()
	if err != nil {
		s = p.Value
	}
	return oneLine(s, maxSummary)
}

// problem names the event by its title, which its readers know.
func problem(e ical.Event, why string) error {
	return fmt.Errorf("its event %q cannot be used: %s", oneLine(text(e, ical.PropSummary), 60), why)
}

// oneLine makes text from outside printable, on one line of at most n bytes.
func oneLine(s string, n int) string {
	s = strings.ToValidUTF8(s, "�")
	s = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c):
			return ' '
		case !unicode.IsPrint(c):
			return -1
		}
		return c
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

func compare(a, b fact.Shift) int {
	return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To), cmp.Compare(a.Summary, b.Summary), slices.Compare(a.Attendees, b.Attendees), cmp.Compare(lasting(a), lasting(b)))
}

// lasting are the days of a shift as a text, "" where it has times.
func lasting(s fact.Shift) string {
	if s.Days == nil {
		return ""
	}
	return s.Days.From + ".." + s.Days.To
}
