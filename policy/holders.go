package policy

import (
	"cmp"
	"slices"
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// bench answers who holds one layer's roles.
type bench struct {
	layer  *layer
	roster *fact.Roster
	now    time.Time
	seats  map[string]*seat
}

// seat is one role with everybody who holds it.
type seat struct {
	name    string
	project string // of a DRI's seat
	def     RoleDef
	holds   map[string][]fact.Holder
	ballots [][]fact.Holder // holds by ballot.index, once asked for
	now     []string        // who holds it now, sorted
	teams   []string        // whose members hold it, sorted
	turn    time.Time       // what next found, once it was asked for
	asked   bool
	// unknown says why there may be more holders; "" where all are known.
	unknown string
	// stale is set where its calendar could not be read lately, and holidays
	// where one of its holidays could not.
	stale, holidays *fact.Stale
	// owner is the login of the DRI whom the policy itself names.
	owner string
	// free is who could approve now, by what a requirement allows; sorted.
	free map[string][]string
}

func newBench(l *layer, pull *fact.Pull) *bench {
	return &bench{layer: l, roster: &pull.Roster, now: pull.Now, seats: map[string]*seat{}}
}

// seat returns the holders of a role of the layer. A role that the roster
// leaves out has unknown holders. The role "dri" has no holders here.
func (b *bench) seat(name string) *seat {
	if s := b.seats[name]; s != nil {
		return s
	}
	def := RoleDef{Name: name, Floor: b.layer.floor}
	if r := b.layer.role(name); r != nil {
		def = r.RoleDef
	}
	holders, ok := b.roster.Roles[def.Key()]
	unknown := ""
	switch {
	case name == roleDRI:
	case !ok:
		unknown = "the roster does not say who holds it"
	case len(holders.Gaps) > 0:
		unknown = holders.Gaps[0].Reason
	}
	s := newSeat(def, holders.List, b.now)
	s.unknown, s.stale, s.holidays = unknown, holders.Stale, holders.HolidaysStale
	b.seats[name] = s
	return s
}

func newSeat(def RoleDef, holds []fact.Holder, now time.Time) *seat {
	s := &seat{name: def.Name, def: def, holds: make(map[string][]fact.Holder, len(holds)), teams: slices.Sorted(slices.Values(def.Teams)), free: map[string][]string{}}
	for _, h := range holds {
		login := fact.Login(h.Login)
		if login == "" {
			continue
		}
		h.Login = login
		s.holds[login] = append(s.holds[login], h)
	}
	for login, hs := range s.holds {
		slices.SortFunc(hs, func(a, b fact.Holder) int {
			return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To), cmp.Compare(a.Via, b.Via))
		})
		if _, ok := s.at(login, now); ok {
			s.now = append(s.now, login)
		}
	}
	slices.Sort(s.now)
	return s
}

// at returns the hold by which login has the role at t.
func (s *seat) at(login string, t time.Time) (fact.Holder, bool) {
	return holdAt(s.holds[login], t)
}

func holdAt(holds []fact.Holder, t time.Time) (fact.Holder, bool) {
	for _, h := range holds {
		if h.At(t) {
			return h, true
		}
	}
	return fact.Holder{}, false
}

// next returns the earliest time after now at which somebody gets or loses
// the role; zero where there is none.
func (s *seat) next(now time.Time) time.Time {
	if s.asked {
		return s.turn
	}
	var out time.Time
	for _, hs := range s.holds {
		for _, h := range hs {
			out = earliest(out, after(h.From, now))
			out = earliest(out, after(h.To, now))
		}
	}
	s.turn, s.asked = out, true
	return out
}

// after returns t where it is after now, and else zero.
func after(t, now time.Time) time.Time {
	if t.After(now) {
		return t
	}
	return time.Time{}
}

// earliest returns the earlier of two times, of which either may be zero for
// never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// holdsAny returns whether login holds one of roles at t, and else why that
// cannot be told of one of them.
func (b *bench) holdsAny(roles []string, login string, t time.Time) (held bool, unknown string) {
	for _, name := range roles {
		s := b.seat(name)
		if _, ok := s.at(login, t); ok {
			return true, ""
		}
		unknown = cmp.Or(unknown, s.unknown)
	}
	return false, unknown
}
