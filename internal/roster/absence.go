package roster

import (
	"cmp"
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// holidaysAround bounds how far from now holidays are a fact: deadlines do not
// reach further.
const holidaysAround = 400 * 24 * time.Hour

// hours are a role's working hours as a fact, and why holidays may be missing.
// An event is a holiday of the days that it lasts, as the calendar writes them,
// and one with times is of those whose working hours it covers. Holidays give
// nobody anything, so the last good copy is gone by however old it is.
func (in Input) hours(h *policy.Hours) (*fact.Hours, *fact.Stale) {
	if h == nil {
		return nil, nil
	}
	out := &fact.Hours{Timezone: h.Location.String(), Days: h.Days, From: h.From, To: h.To, Holidays: h.Holidays}
	if len(h.Feeds) == 0 {
		return out, nil
	}
	var stale *fact.Stale
	from, to := in.Now.Add(-holidaysAround), in.Now.Add(holidaysAround)
	days := slices.Clone(h.Holidays)
	for _, feed := range h.Feeds {
		c := in.Calendars[feed]
		if c.Problem != "" && (stale == nil || c.ReadAt.Before(stale.Read)) {
			stale = &fact.Stale{Read: c.ReadAt, Reason: c.Problem}
		}
		for _, s := range c.Shifts {
			switch {
			case !s.From.Before(to) || !s.To.After(from):
			case s.Days != nil:
				days = append(days, *s.Days)
			default:
				days = append(days, out.Covered(latest(s.From, from), earliest(s.To, to))...)
			}
		}
	}
	out.Holidays = joined(days)
	return out, stale
}

// joined puts together the spans that overlap.
func joined(days []fact.Span) []fact.Span {
	slices.SortFunc(days, func(a, b fact.Span) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	var out []fact.Span
	for _, s := range days {
		if n := len(out); n > 0 && s.From <= out[n-1].To {
			out[n-1].To = max(out[n-1].To, s.To)
			continue
		}
		out = append(out, s)
	}
	return out
}

// away is when people are away, by login: those whom the policy names, and
// the members of the teams that it names.
func (in Input) away(absences []policy.Absence) map[string][]policy.Span {
	out := map[string][]policy.Span{}
	for _, a := range absences {
		spans := []policy.Span{a.Span}
		if a.Feed != "" {
			spans = nil
			for _, s := range in.Calendars[a.Feed].Shifts {
				spans = append(spans, policy.Span{From: s.From, To: s.To})
			}
		}
		logins := []string{a.Login}
		if a.Team != "" {
			logins = in.team(a.Team).Value // nobody where they are not known
		}
		for _, login := range logins {
			out[login] = append(out[login], spans...)
		}
	}
	return out
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
