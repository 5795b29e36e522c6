package fact

import (
	"encoding/json"
	"strings"
	"time"
)

// GlassLabel is the label that rolecall sets on a pull request whose glass was
// broken: by it the pull requests that owe, or owed, reviews are found again.
const GlassLabel = "break-glass"

// The values of GlassNote.Kind.
const (
	GlassAsked    = "asked"    // a command was given; it needs a second person
	GlassBroken   = "broken"   // the glass is broken at Head
	GlassReminded = "reminded" // the reviews owed were asked for, the Turn-th time
	GlassCleared  = "cleared"  // every review owed has been given
)

// GlassNote is what rolecall writes down of a broken glass in a comment of its
// own on GitHub, so that neither a deleted command nor a lost database takes
// away what is owed.
type GlassNote struct {
	Kind    string    `json:"kind"`
	Comment int64     `json:"comment,omitempty"` // that gave the command
	By      string    `json:"by,omitempty"`      // login
	Second  string    `json:"second,omitempty"`  // login of who confirmed it
	At      time.Time `json:"at,omitzero"`       // of the command; of a broken glass, when it broke
	Head    string    `json:"head,omitempty"`    // SHA that the command was given for
	Issue   int       `json:"issue,omitempty"`   // that tracks the debt
	Turn    int       `json:"turn,omitempty"`
}

// GlassUse is a glass that was broken on another pull request of the same
// repository.
type GlassUse struct {
	Number int       `json:"number"` // of that pull request
	By     string    `json:"by"`     // login; "" where it cannot be told
	At     time.Time `json:"at,omitzero"`
	Open   bool      `json:"open,omitempty"` // reviews are still owed
}

const (
	glassLead = "<!-- rolecall:glass:"
	glassTail = " -->"
	// glassLines is how many of a comment's first lines may hold a note: what
	// follows can quote other people.
	glassLines = 2
)

// Marker is the note as an invisible line of a comment. It holds no text of
// anybody's.
func (n GlassNote) Marker() string {
	b, err := json.Marshal(n) // escapes < and >
	if err != nil {
		return ""
	}
	return glassLead + string(b) + glassTail
}

// ParseGlassNote finds the note in the body of a comment, which must be
// rolecall's own and unedited to be believed.
func ParseGlassNote(body string) (n GlassNote, ok bool) {
	lines := strings.SplitN(body, "\n", glassLines+1)
	for _, line := range lines[:min(len(lines), glassLines)] {
		text, found := strings.CutPrefix(strings.TrimSpace(line), glassLead)
		if !found {
			continue
		}
		text, found = strings.CutSuffix(text, glassTail)
		return n, found && json.Unmarshal([]byte(text), &n) == nil && n.Kind != ""
	}
	return GlassNote{}, false
}
