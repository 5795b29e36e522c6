package calendar

import (
	"fmt"
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// Merge returns the shifts of a feed whose new copy was read at a time, given
// those of the copy before, nil where there is none. What is past at the new
// reading stays as the copy before had it, since that is what was gone by then:
// whoever approved in a shift keeps having had it, and nobody gets one
// afterwards. Shifts that ended before keep are dropped.
func Merge(before, after []fact.Shift, read, keep time.Time) []fact.Shift {
	var out []fact.Shift
	add := func(s fact.Shift) {
		if s.From.Before(s.To) && s.To.After(keep) {
			out = append(out, s)
		}
	}
	for _, s := range before {
		if s.To.After(read) {
			s.To = read
		}
		add(s)
	}
	for _, s := range after {
		if before != nil && s.From.Before(read) {
			s.From = read
		}
		add(s)
	}
	return joined(out)
}

// joined puts together what was cut at a reading.
func joined(shifts []fact.Shift) []fact.Shift {
	slices.SortStableFunc(shifts, compare)
	open := map[string]int{} // by who: the shift that ended last
	out := shifts[:0:0]
	for _, s := range shifts {
		key := fmt.Sprint(s.Summary, "\x00", joinAll(s.Attendees), s.Days != nil)
		if i, ok := open[key]; ok && !s.From.After(out[i].To) {
			if s.To.After(out[i].To) {
				out[i].To = s.To
			}
			if s.Days != nil {
				out[i].Days = &fact.Span{From: min(out[i].Days.From, s.Days.From), To: max(out[i].Days.To, s.Days.To)}
			}
			continue
		}
		open[key] = len(out)
		out = append(out, s)
	}
	return out
}

func joinAll(list []string) string {
	var s string
	for _, x := range list {
		s += x + "\x00"
	}
	return s
}
