package adopt

import (
	"fmt"
	"slices"
)

// Import is a policy made from another tool's file.
type Import struct {
	// Policy is the text of the policy, which policy.Load accepts without
	// errors.
	Policy []byte
	// Notes say what has no equal and what was done about it, in the order of
	// the file. They stand in the policy as comments, too.
	Notes []Note
}

// Note is one thing to know about an import.
type Note struct {
	Line int // of the imported file, 1-based; 0 for the file as a whole
	Text string
}

func (n Note) String() string {
	if n.Line == 0 {
		return n.Text
	}
	return fmt.Sprintf("line %d: %s", n.Line, n.Text)
}

// Options are what a file does not say.
type Options struct {
	// Name is how the file is called in comments.
	Name string
	// Keepers are people and teams ("@login", "@org/team") who must approve
	// changes of the policy itself; none: whom the file names for it.
	Keepers []string
	// Repository is "owner/name", for conditions on it; "" is not known.
	Repository string
}

// notes collects notes, each once.
type notes struct{ list []Note }

func (n *notes) add(line int, format string, args ...any) {
	note := Note{line, fmt.Sprintf(format, args...)}
	if !slices.Contains(n.list, note) {
		n.list = append(n.list, note)
	}
}

func (n *notes) sorted() []Note {
	slices.SortStableFunc(n.list, func(a, b Note) int { return a.Line - b.Line })
	return n.list
}
