package fact

import "time"

// Roster is who holds each role of the policy, and how they can be reached.
type Roster struct {
	// Roles is by the role's name in the policy. The role "dri" is not in
	// it: projects and commands name its holders.
	Roles map[string]Holders `json:"roles"`
	// Teams maps "org/slug" to its members now, for the teams that the
	// policy names; pending members are left out.
	Teams map[string]Maybe[[]string] `json:"teams,omitempty"`
	// People is by login, for those of whom something is known; a team whose
	// review cannot be requested is among them as "org/slug".
	People map[string]Presence `json:"people,omitempty"`
}

// Holders is everybody who holds one role.
type Holders struct {
	List []Holder `json:"list"`
	// Gaps says what could not be read, such as a team hidden from the App.
	// Nobody counts as a holder because of a gap.
	Gaps []Gap `json:"gaps,omitempty"`
	// Hours are when its holders work: nobody is asked outside of them. They
	// never decide whether an approval counts.
	Hours *Hours `json:"hours,omitempty"`
	// OnCall is true where people hold the role by turns.
	OnCall bool `json:"on_call,omitempty"`
	// Stale says since when its calendar could not be read, and what is used
	// in its place; nil where it is up to date.
	Stale *Stale `json:"stale,omitempty"`
	// HolidaysStale is the same for a calendar of its holidays; Read is zero
	// where it was never read, and then every day of its hours is a working day.
	HolidaysStale *Stale `json:"holidays_stale,omitempty"`
}

// Stale is a source that could not be read lately, so that its last good copy
// is used.
type Stale struct {
	Read   time.Time `json:"read"`   // when the copy was made
	Reason string    `json:"reason"` // why there is no newer one
}

// Shift is one event of a calendar: who, in the calendar's own words, holds a
// role from when to when.
type Shift struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"` // excluded
	// Summary is the event's title, on one line.
	Summary string `json:"summary"`
	// Attendees are the addresses of those who attend, in small letters,
	// sorted.
	Attendees []string `json:"attendees,omitempty"`
	// Days are the civil days of an event that lasts whole days; nil where it
	// does not.
	Days *Span `json:"days,omitempty"`
}

// Holder is one person's hold on a role.
type Holder struct {
	Login string `json:"login"`
	// From and To bound the hold, To excluded; zero times are open ends.
	// Team membership has no bounds: only members now are listed.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Via says where it comes from: "@acme/cloud", "policy", "rotation",
	// "calendar".
	Via string `json:"via"`
}

// At reports whether the hold is in force at t.
func (h Holder) At(t time.Time) bool {
	return (h.From.IsZero() || !t.Before(h.From)) && (h.To.IsZero() || t.Before(h.To))
}

// Presence is what is known of a person's availability and load.
type Presence struct {
	Busy     bool      `json:"busy,omitempty"`      // GitHub's "busy" status; advisory
	AwayTo   time.Time `json:"away_to,omitzero"`    // away by the policy until then
	AwayFrom time.Time `json:"away_from,omitzero"`  // the next time from which they will be away
	OnCall   []string  `json:"on_call,omitempty"`   // keys of the roles that they hold by turns now
	Open     int       `json:"open,omitempty"`      // review requests on other open pull requests
	Recent   int       `json:"recent,omitempty"`    // review requests of the last 30 days
	Changed  int       `json:"changed,omitempty"`   // lines of these files that they changed lately
	Reviewed int       `json:"reviewed,omitempty"`  // lines of these files that they reviewed lately
	NoAccess bool      `json:"no_access,omitempty"` // cannot be requested in this repository
	Why      string    `json:"why,omitempty"`       // for the reader
}

// Familiar is how well somebody knows the files, in lines: what one changed
// counts twice what one reviewed.
func (p Presence) Familiar() int { return p.Changed + p.Reviewed/2 }

// The values of Choice.Cause.
const (
	ChosenFirst    = ""          // somebody had to be asked
	ChosenNext     = "next"      // who was asked before let the deadline pass
	ChosenOnCall   = "on_call"   // nobody took it up, so whoever is on call sees to it
	ChosenByPeople = "requested" // a command asked for them
)

// Choice is why one person or team is asked for a review, as it stood when
// they were chosen.
type Choice struct {
	Login   string `json:"login,omitempty"`
	Team    string `json:"team,omitempty"` // "org/slug"
	Role    string `json:"role,omitempty"`
	Project string `json:"project,omitempty"`
	Cause   string `json:"cause,omitempty"`
	// Of a person: their load and knowledge.
	Open     int `json:"open,omitempty"`
	Changed  int `json:"changed,omitempty"`
	Reviewed int `json:"reviewed,omitempty"`
	// Others is how many more could have been asked, and the rest is how many
	// of them were passed over because of what.
	Others int `json:"others,omitempty"`
	Busy   int `json:"busy,omitempty"`
	Away   int `json:"away,omitempty"`
	OnCall int `json:"on_call,omitempty"`
}

// Who is the login or the team.
func (c Choice) Who() string { return c.Login + c.Team }
