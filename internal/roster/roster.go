package roster

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rolecall/rolecall/policy"
	"github.com/rolecall/rolecall/policy/fact"
)

// dri is the role whose holders are named by projects and commands.
const dri = "dri"

// Input is what is known of people.
type Input struct {
	// Teams has the members of the policy's teams, by "org/slug"; one that
	// is left out counts as unknown.
	Teams map[string]fact.Maybe[[]string]
	// Now is the moment of the facts; Times are the other moments at which
	// somebody may have acted in a role, such as a review's.
	Now   time.Time
	Times []time.Time
	// Calendars has the last good copies of the policy's calendars, by
	// address; one that is left out was never read.
	Calendars map[string]Calendar
	// Busy are the people whom GitHub shows as busy.
	Busy map[string]bool
	// Load and Knows are what is known of people's open requests and of their
	// work on the pull request's files.
	Load  map[string]Load
	Knows map[string]Knows
	// NoAccess are the logins and teams whose review cannot be requested.
	NoAccess []string
}

// Load is how much somebody is asked for: on other open pull requests, and
// lately on all.
type Load struct{ Open, Recent int }

// Knows is how many lines of the files somebody changed and reviewed lately.
type Knows struct{ Changed, Reviewed int }

// Resolve says who holds each role of p. A rotation gives one holder for each
// turn in which a moment of the input falls, and a calendar one for each shift,
// and for the next one to come.
func Resolve(p *policy.Policy, in Input) fact.Roster {
	r := fact.Roster{Roles: make(map[string]fact.Holders), Teams: make(map[string]fact.Maybe[[]string])}
	for _, d := range p.Roles() {
		for _, t := range d.Teams {
			r.Teams[t] = in.team(t)
		}
		if d.Name != dri {
			r.Roles[d.Key()] = in.holders(d)
		}
	}
	r.People = in.people(in.away(p.Away()), r.Roles)
	return r
}

func (in Input) team(name string) fact.Maybe[[]string] {
	if m, ok := in.Teams[name]; ok {
		return m
	}
	return fact.Unknown[[]string]("its members were not read")
}

// holders lists the people of one role, each once for each way in which they
// hold it.
func (in Input) holders(d policy.RoleDef) fact.Holders {
	h := fact.Holders{List: []fact.Holder{}}
	for _, login := range d.People {
		h.List = append(h.List, fact.Holder{Login: login, Via: "policy"})
	}
	for _, t := range d.Teams {
		members := in.team(t)
		if !members.IsKnown() {
			h.Gaps = append(h.Gaps, fact.Gap{Reason: "the members of @" + t + " are not known: " + members.Unknown})
			continue
		}
		for _, login := range members.Value {
			h.List = append(h.List, fact.Holder{Login: login, Via: "@" + t})
		}
	}
	if d.Rotation != nil {
		h.List = append(h.List, in.turns(*d.Rotation)...)
	}
	if d.Calendar != "" {
		in.shifts(d, &h)
	}
	h.OnCall = d.Rotation != nil || d.Calendar != ""
	h.Hours, h.HolidaysStale = in.hours(d.Hours)
	return h
}

// turns are those of the rotation's turns in which somebody acted, or that
// last now, oldest first. Before its start nobody has a turn.
func (in Input) turns(r policy.Rotation) []fact.Holder {
	if len(r.Order) == 0 || r.Length <= 0 {
		return nil
	}
	var numbers []int64
	for _, t := range append([]time.Time{in.Now}, in.Times...) {
		if t.Before(r.Start) {
			continue
		}
		numbers = append(numbers, int64(t.Sub(r.Start)/r.Length))
	}
	slices.Sort(numbers)
	var out []fact.Holder
	for _, n := range slices.Compact(numbers) {
		from := r.Start.Add(time.Duration(n) * r.Length).UTC()
		out = append(out, fact.Holder{
			Login: r.Order[n%int64(len(r.Order))], From: from, To: from.Add(r.Length), Via: "rotation",
		})
	}
	return out
}

// people says what is known of those who hold a role or are known otherwise:
// who is busy, away or on call now, how much they are asked for, and how well
// they know the files.
func (in Input) people(away map[string][]policy.Span, roles map[string]fact.Holders) map[string]fact.Presence {
	out := make(map[string]fact.Presence)
	change := func(login string, do func(*fact.Presence)) {
		p := out[login]
		do(&p)
		out[login] = p
	}
	for login := range in.Busy {
		if in.Busy[login] {
			change(login, func(p *fact.Presence) { p.Busy, p.Why = true, "GitHub shows them as busy" })
		}
	}
	for login, spans := range away {
		for _, s := range spans {
			if p := out[login]; s.From.After(in.Now) && (p.AwayFrom.IsZero() || s.From.Before(p.AwayFrom)) {
				change(login, func(p *fact.Presence) { p.AwayFrom = s.From })
			}
		}
		if to := back(spans, in.Now); !to.IsZero() {
			change(login, func(p *fact.Presence) {
				p.AwayTo = to
				p.Why = strings.TrimPrefix(p.Why+", away by the policy", ", ")
			})
		}
	}
	for _, who := range in.NoAccess {
		change(who, func(p *fact.Presence) { p.NoAccess = true })
	}
	for _, key := range slices.Sorted(maps.Keys(roles)) {
		for _, h := range roles[key].List {
			if roles[key].OnCall && h.At(in.Now) {
				change(h.Login, func(p *fact.Presence) {
					if !slices.Contains(p.OnCall, key) {
						p.OnCall = append(p.OnCall, key)
					}
				})
			}
		}
	}
	for login, load := range in.Load {
		if load != (Load{}) {
			change(login, func(p *fact.Presence) { p.Open, p.Recent = load.Open, load.Recent })
		}
	}
	for login, knows := range in.Knows {
		if knows != (Knows{}) {
			change(login, func(p *fact.Presence) { p.Changed, p.Reviewed = knows.Changed, knows.Reviewed })
		}
	}
	return out
}

// back is when the spans that cover now, and those that follow without a
// break, end; zero where none covers now.
func back(spans []policy.Span, now time.Time) time.Time {
	at := now
	for again := true; again; {
		again = false
		for _, s := range spans {
			if !at.Before(s.From) && at.Before(s.To) {
				at, again = s.To, true
			}
		}
	}
	if at.Equal(now) {
		return time.Time{}
	}
	return at
}
