package fact

import "time"

// Hours are working hours: the same stretch of wall-clock time on certain
// days of the week, in one time zone. A nil *Hours is always open.
type Hours struct {
	Timezone string  `json:"timezone"` // IANA name, such as "Europe/Berlin"
	Days     [7]bool `json:"days"`     // by time.Weekday
	// From and To are wall-clock times since midnight, From before To; To may
	// be 24 hours.
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
	// Holidays are stretches on which nobody works.
	Holidays []Span `json:"holidays,omitempty"`
}

// Span is a stretch of civil days in the time zone of its hours, both
// included, as "2026-12-24".
type Span struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Covered returns the days on which a stretch of time covers all of the working
// hours there are, oldest first.
func (h *Hours) Covered(from, to time.Time) []Span {
	var out []Span
	for day := from.In(h.location()); day.Before(to); day = nextDay(day) {
		if first, last, ok := h.on(day); ok && !first.Before(from) && !last.After(to) {
			s := day.Format(time.DateOnly)
			out = append(out, Span{From: s, To: s})
		}
	}
	return out
}

// horizon bounds how far hours are searched, in days: a century.
const horizon = 36525

// Open reports whether t is in working hours.
func (h *Hours) Open(t time.Time) bool {
	if h == nil {
		return true
	}
	from, to, ok := h.on(t.In(h.location()))
	return ok && !t.Before(from) && t.Before(to)
}

// Opens returns the first moment of working hours that is not before t; zero
// where there is none within a century.
func (h *Hours) Opens(t time.Time) time.Time {
	var at time.Time
	h.each(t, func(from, to time.Time) bool {
		at = from
		return false
	})
	return at.UTC()
}

// Add returns the moment at which d of working time has passed since t; zero
// where that takes more than a century. Working time is counted as it passes,
// so that a day on which clocks are put forward within its hours is an hour
// shorter.
func (h *Hours) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	if h == nil {
		return t.Add(d)
	}
	var at time.Time
	h.each(t, func(from, to time.Time) bool {
		if there := to.Sub(from); d > there {
			d -= there
			return true
		}
		at = from.Add(d)
		return false
	})
	if at.IsZero() {
		return at
	}
	return at.UTC()
}

// Between returns how much working time passes from a to b; zero where b is
// not after a.
func (h *Hours) Between(a, b time.Time) time.Duration {
	if !b.After(a) {
		return 0
	}
	if h == nil {
		return b.Sub(a)
	}
	var sum time.Duration
	h.each(a, func(from, to time.Time) bool {
		if !from.Before(b) {
			return false
		}
		if to.After(b) {
			to = b
		}
		sum += to.Sub(from)
		return to.Before(b)
	})
	return sum
}

// each visits the stretches of working time that end after t, in their order
// and the first cut off at t, until visit returns false.
func (h *Hours) each(t time.Time, visit func(from, to time.Time) bool) {
	if h == nil {
		visit(t, t.AddDate(100, 0, 0))
		return
	}
	day := t.In(h.location())
	for range horizon {
		from, to, ok := h.on(day)
		if ok && to.After(t) {
			if from.Before(t) {
				from = t
			}
			if !visit(from, to) {
				return
			}
		}
		day = nextDay(day)
	}
}

// nextDay is noon of the day after: noon exists on every day, whatever the
// clocks do at night.
func nextDay(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+1, 12, 0, 0, 0, t.Location())
}

// on returns the working hours of the day that t is in; ok is false on a day
// without any. A time of day that the clocks skip is the one an hour away from
// it, as time.Date has it.
func (h *Hours) on(t time.Time) (from, to time.Time, ok bool) {
	if !h.Days[t.Weekday()] {
		return from, to, false
	}
	day := t.Format(time.DateOnly)
	for _, s := range h.Holidays {
		if s.From <= day && day <= s.To {
			return from, to, false
		}
	}
	at := func(d time.Duration) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), int(d/time.Hour), int(d%time.Hour/time.Minute), 0, 0, t.Location())
	}
	from, to = at(h.From), at(h.To)
	return from, to, to.After(from)
}

// location is the time zone; UTC where its name means nothing, which a policy
// that loaded never has.
func (h *Hours) location() *time.Location {
	if l, err := time.LoadLocation(h.Timezone); err == nil {
		return l
	}
	return time.UTC
}
