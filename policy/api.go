package policy

import (
	"time"

	"github.com/rolecall/rolecall/policy/fact"
)

// The paths at which GitHub holds policies.
const (
	RepoPath  = ".github/rolecall.hcl" // in a repository, read from its default branch
	FloorPath = "rolecall.hcl"         // in the organisation's .github repository
)

// Source is the text of one policy file.
type Source struct {
	Name  string // how people know it; shown in diagnostics
	Blob  string // git blob SHA, where it has one
	Bytes []byte
}

// Diagnostic is one error or warning about a policy, with its place.
type Diagnostic struct {
	Severity string `json:"severity"` // "error" or "warning"
	Source   string `json:"source"`   // Source.Name
	Line     int    `json:"line"`     // 1-based; 0 where there is no place
	Column   int    `json:"column"`   // 1-based, in characters
	EndLine  int    `json:"end_line,omitempty"`
	// EndColumn is the column after the last character.
	EndColumn int    `json:"end_column,omitempty"`
	In        string `json:"in,omitempty"` // the block it is in: rule "go"
	Summary   string `json:"summary"`
	Detail    string `json:"detail"`            // says the remedy
	Snippet   string `json:"snippet,omitempty"` // the source line
}

// Needs is what of the facts a policy can see, so that nothing else need be
// fetched.
type Needs struct {
	Teams []string // "org/slug", sorted
	// Names are the attribute paths that its expressions mention, such as
	// "files", "files.mode", "go.exported", "terraform.resources",
	// "dependencies"; sorted. A whole object that is used in a way that
	// cannot be narrowed stands for all below it.
	Names []string
	// Contents is true where a name needs file contents.
	Contents bool
	// Modes is true where a name needs tree entries.
	Modes bool
	// Patches is true where a rule is sticky by patch.
	Patches bool
}

// RoleDef is a role as the policy defines it, for the roster to fill.
type RoleDef struct {
	Name     string
	Title    string
	People   []string // logins
	Teams    []string // "org/slug"
	Rotation *Rotation
	Calendar string // https URL
	// Logins maps what a calendar calls somebody, an address or a name in
	// small letters, to their login.
	Logins    map[string]string
	Hours     *Hours
	Otherwise string
	Floor     bool
}

// Rotation hands a role to one person of Order after the other.
type Rotation struct {
	Start  time.Time
	Length time.Duration // of one person's turn, more than zero
	Order  []string      // logins, at least one
}

// Hours are a role's working hours; they decide when its holders are asked,
// never whether an approval counts.
type Hours struct {
	Location *time.Location
	Days     [7]bool       // by time.Weekday
	From, To time.Duration // since midnight
	Holidays []fact.Span
	// Feeds are the https URLs of calendars whose events are holidays too.
	Feeds []string
}

// Absence says when somebody, or everybody in a team, is away and not asked: a
// stretch of time, or the events of a calendar.
type Absence struct {
	Login string
	Team  string // "org/slug"
	Span  Span   // zero where a calendar says when
	Feed  string // https URL
}
