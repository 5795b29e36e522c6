package calendar

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a feed means the same on a machine that knows no time zones, or not their old names

	"github.com/emersion/go-ical"
	"github.com/teambition/rrule-go"
)

// location finds a time zone by its IANA name, also behind the prefixes that
// some programs put before it ("/mozilla.org/20070129_1/Europe/Berlin"), else
// by the name that Windows gives it, else as the feed itself defines it. A
// name comes before a definition because programs write the rules of one year
// into it.
func (r *reader) location(name string) (*time.Location, error) {
	name = strings.Trim(strings.TrimSpace(name), `"`)
	if l := r.zones[name]; l != nil {
		return l, nil
	}
	l := named(name)
	if l == nil {
		var err error
		if l, err = r.defined(name); err != nil {
			return nil, fmt.Errorf("its time zone %q is not known, and %w", oneLine(name, 60), err)
		}
	}
	r.zones[name] = l
	return l, nil
}

// named finds a time zone by its name alone; nil where nobody knows it.
func named(name string) *time.Location {
	if iana, ok := windowsZones[name]; ok {
		name = iana
	}
	parts := strings.Split(strings.Trim(name, "/"), "/")
	for i := range parts {
		try := strings.Join(parts[i:], "/")
		if try == "" || try == "Local" {
			continue
		}
		if l, err := time.LoadLocation(try); err == nil {
			return l
		}
	}
	return nil
}

// defined reads the feed's own definition of a time zone. Its error fits after
// "and".
// https://www.rfc-editor.org/rfc/rfc5545#section-3.6.5
func (r *reader) defined(name string) (*time.Location, error) {
	var data []byte
	for _, c := range r.definitions {
		if id := c.Props.Get(ical.PropTimezoneID); id == nil || strings.Trim(strings.TrimSpace(id.Value), `"`) != name {
			continue
		}
		changes, err := r.changes(c)
		if err != nil {
			return nil, fmt.Errorf("the feed's own definition of it cannot be used: %w", err)
		}
		this := tzif(changes)
		if data != nil && !bytes.Equal(this, data) {
			return nil, errors.New("the feed defines it in two ways")
		}
		data = this
	}
	if data == nil {
		return nil, errors.New("the feed does not define it")
	}
	return time.LoadLocationFromTZData("feed", data)
}

// maxOffsets bounds the offsets of one zone; no real one has had ten.
const maxOffsets = 100

// change is a moment at which the clocks go from one offset to another, both
// in seconds east of UTC.
type change struct {
	at       int64 // Unix seconds
	from, to int32
}

// changes lists when the clocks of a zone change, oldest first, a little
// beyond the end of the window.
func (r *reader) changes(zone *ical.Component) ([]change, error) {
	var out []change
	for _, c := range zone.Children {
		if c.Name != ical.CompTimezoneStandard && c.Name != ical.CompTimezoneDaylight {
			continue
		}
		if err := r.inTime(); err != nil {
			return nil, err
		}
		from, err := offset(c, ical.PropTimezoneOffsetFrom)
		if err != nil {
			return nil, err
		}
		to, err := offset(c, ical.PropTimezoneOffsetTo)
		if err != nil {
			return nil, err
		}
		onsets, err := r.onsets(c, from)
		if err != nil {
			return nil, err
		}
		for _, t := range onsets {
			out = append(out, change{t.Unix() - int64(from), from, to})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it says no offset from UTC")
	}
	slices.SortFunc(out, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.to, b.to), cmp.Compare(a.from, b.from))
	})
	offsets := map[int32]bool{}
	for _, c := range out {
		offsets[c.to] = true
	}
	if len(offsets) > maxOffsets {
		return nil, errors.New("its clocks are put to too many different times")
	}
	for i := range out[1:] {
		if out[i].at == out[i+1].at && out[i].to != out[i+1].to {
			return nil, errors.New("its clocks are put to two times at once")
		}
	}
	return out, nil
}

// onsets are when an observance begins, on the clock that it ends, written as
// if that were UTC.
func (r *reader) onsets(c *ical.Component, from int32) ([]time.Time, error) {
	start := c.Props.Get(ical.PropDateTimeStart)
	if start == nil {
		return nil, errors.New("it lacks a DTSTART")
	}
	first, err := onset(start.Value)
	if err != nil {
		return nil, err
	}
	out := []time.Time{first}
	switch rules := c.Props.Values(ical.PropRecurrenceRule); len(rules) {
	case 0:
	case 1:
		if out, err = r.yearly(rules[0].Value, first, from); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("it recurs by more than one rule")
	}
	for _, p := range c.Props.Values(ical.PropRecurrenceDates) {
		for s := range strings.SplitSeq(p.Value, ",") {
			if err := r.step(); err != nil {
				return nil, err
			}
			t, err := onset(s)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
	}
	return out, nil
}

func onset(s string) (time.Time, error) {
	t, err := time.Parse("20060102T150405", strings.TrimSpace(s))
	if err != nil || t.Year() < 1600 || t.Year() > 2200 {
		return t, fmt.Errorf("its time %q is not understood", oneLine(s, 40))
	}
	return t, nil
}

var untilUTC = regexp.MustCompile(`(?i)UNTIL=\d{8}T\d{6}Z`)

// yearly follows the rule by which an observance comes back.
func (r *reader) yearly(rule string, first time.Time, from int32) ([]time.Time, error) {
	o, err := rrule.StrToROptionInLocation(rule, time.UTC)
	if err != nil || o.Freq != rrule.YEARLY || o.Interval < 0 || o.Interval > 1000 || max(len(o.Byhour), len(o.Byminute), len(o.Bysecond)) > 1 {
		return nil, fmt.Errorf("its recurrence %q is not understood", oneLine(rule, 80))
	}
	if untilUTC.MatchString(rule) {
		o.Until = o.Until.Add(time.Duration(from) * time.Second)
	}
	end := r.to.AddDate(1, 0, 0)
	if o.Until.IsZero() || o.Until.After(end) {
		o.Until = end
	}
	o.Dtstart = first
	return r.follow(*o, end)
}

var offsetForm = regexp.MustCompile(`^([+-])(\d\d)(\d\d)(\d\d)?$`)

// offset reads "+0100" as seconds east of UTC.
func offset(c *ical.Component, name string) (int32, error) {
	p := c.Props.Get(name)
	if p == nil {
		return 0, fmt.Errorf("it lacks a %s", name)
	}
	m := offsetForm.FindStringSubmatch(strings.TrimSpace(p.Value))
	if m == nil {
		return 0, fmt.Errorf("its %s %q is not understood", name, oneLine(p.Value, 40))
	}
	two := func(s string) int32 {
		if s == "" {
			return 0
		}
		return int32(s[0]-'0')*10 + int32(s[1]-'0')
	}
	hours, minutes, seconds := two(m[2]), two(m[3]), two(m[4])
	if hours > 25 || minutes > 59 || seconds > 59 {
		return 0, fmt.Errorf("its %s %q is not understood", name, oneLine(p.Value, 40))
	}
	sum := hours*3600 + minutes*60 + seconds
	if m[1] == "-" {
		sum = -sum
	}
	return sum, nil
}

// tzif writes changes in the form in which time zones are read.
// https://www.rfc-editor.org/rfc/rfc9636
func tzif(changes []change) []byte {
	offsets := []int32{changes[0].from} // the one that holds before the first change comes first
	var index []byte
	for _, c := range changes {
		i := slices.Index(offsets, c.to)
		if i < 0 {
			i = len(offsets)
			offsets = append(offsets, c.to)
		}
		index = append(index, byte(i))
	}
	const name = "feed\x00"
	header := func(b []byte, counts ...uint32) []byte {
		b = append(b, "TZif2"...)
		b = append(b, make([]byte, 15)...)
		for _, n := range counts {
			b = binary.BigEndian.AppendUint32(b, n)
		}
		return b
	}
	b := header(nil, 0, 0, 0, 0, 0, 0) // nothing in the old form, with its 32 bits
	b = header(b, 0, 0, 0, uint32(len(changes)), uint32(len(offsets)), uint32(len(name)))
	for _, c := range changes {
		b = binary.BigEndian.AppendUint64(b, uint64(c.at))
	}
	b = append(b, index...)
	for _, o := range offsets {
		b = binary.BigEndian.AppendUint32(b, uint32(o))
		b = append(b, 0, 0) // never summer time, and the name at 0
	}
	return append(append(b, name...), "\n\n"...)
}
