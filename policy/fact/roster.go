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
	Open     int       `json:"open,omitempty"`      // open review requests
	Familiar int       `json:"familiar,omitempty"`  // lines of these files changed or reviewed lately
	NoAccess bool      `json:"no_access,omitempty"` // cannot be requested in this repository
	Why      string    `json:"why,omitempty"`       // for the reader
}
