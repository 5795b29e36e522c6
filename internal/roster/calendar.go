package roster

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// Calendar is the last good copy of a role's calendar.
type Calendar struct {
	Shifts []fact.Shift
	ReadAt time.Time // zero: it was never read
	// Problem is why it could not be read the last time; "" when it was.
	Problem string
}

// MaxCalendarAge is how long the last good copy of a calendar is gone by while
// there is no newer one. Afterwards nobody holds the role by it.
const MaxCalendarAge = 7 * 24 * time.Hour

// shifts adds whoever a role's calendar names at the moments of the input, and
// who is next, so that it is known when to look again.
func (in Input) shifts(d policy.RoleDef, h *fact.Holders) {
	c := in.Calendars[d.Calendar]
	switch {
	case c.ReadAt.IsZero() && c.Problem == "":
		h.Gaps = append(h.Gaps, fact.Gap{Reason: "its calendar was not read yet"})
		return
	case c.ReadAt.IsZero():
		h.Gaps = append(h.Gaps, fact.Gap{Reason: "its calendar cannot be read: " + c.Problem})
		return
	}
	if c.Problem != "" {
		h.Stale = &fact.Stale{Read: c.ReadAt, Reason: c.Problem}
	}
	end := c.ReadAt.Add(MaxCalendarAge)
	if !in.Now.Before(end) {
		h.Gaps = append(h.Gaps, fact.Gap{Reason: fmt.Sprintf("its calendar was last read on %s, which is too long ago", c.ReadAt.UTC().Format("2006-01-02"))})
	}
	var next time.Time
	for _, s := range c.Shifts {
		if s.From.After(in.Now) && (next.IsZero() || s.From.Before(next)) {
			next = s.From
		}
	}
	for _, s := range c.Shifts {
		if s.To.After(end) {
			s.To = end
		}
		covers := func(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }
		now := covers(in.Now) || s.From.Equal(next)
		if !s.From.Before(s.To) || !now && !slices.ContainsFunc(in.Times, covers) {
			continue
		}
		logins := Meant(s, d.Logins)
		if len(logins) == 0 && covers(in.Now) {
			h.Gaps = append(h.Gaps, fact.Gap{Reason: fmt.Sprintf("its calendar's event %q names nobody whom the policy knows", s.Summary)})
		}
		for _, login := range logins {
			h.List = append(h.List, fact.Holder{Login: login, From: s.From, To: s.To, Via: "calendar"})
		}
	}
}

// Meant returns the logins whom a shift names, sorted: those written "@login"
// in its title, and those whom the policy gives for an attendee's address, for
// the whole title, or for a part of it between separators ("On Call - Ana
// Alpha - Primary"). Nobody is guessed: a name that is part of another, or that
// stands in the description, means nobody.
func Meant(s fact.Shift, logins map[string]string) []string {
	var out []string
	add := func(login string) {
		if login != "" && !slices.Contains(out, login) {
			out = append(out, login)
		}
	}
	for _, address := range s.Attendees {
		add(logins[policy.CalendarName(address)])
	}
	add(logins[policy.CalendarName(s.Summary)])
	for _, part := range parts(s.Summary) {
		add(logins[policy.CalendarName(part)])
	}
	for _, word := range strings.FieldsFunc(s.Summary, func(c rune) bool { return unicode.IsSpace(c) || strings.ContainsRune(",;()[]<>|:", c) }) {
		if name, ok := strings.CutPrefix(word, "@"); ok && isLogin(name) {
			add(fact.Login(name))
		}
	}
	slices.Sort(out)
	return out
}

// parts cuts a title at what feeds put between a name and the rest.
func parts(title string) []string {
	cut := strings.NewReplacer(" - ", "\n", " – ", "\n", " — ", "\n", ": ", "\n", ", ", "\n", "; ", "\n", " | ", "\n", " (", "\n", ")", "\n", "[", "\n", "]", "\n", "<", "\n", ">", "\n", " / ", "\n", " & ", "\n")
	return strings.Split(cut.Replace(title), "\n")
}

// isLogin reports whether s has the form of a login on GitHub.
func isLogin(s string) bool {
	if s == "" || len(s) > 100 {
		return false
	}
	for i, c := range s {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return true
}
