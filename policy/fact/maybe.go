package fact

// Maybe is a value that could perhaps not be told. The zero Maybe is a known
// zero value; an unknown one carries the reason in words that fit after
// "because".
type Maybe[T any] struct {
	Value   T      `json:"value,omitempty"`
	Unknown string `json:"unknown,omitempty"`
}

// Known returns a Maybe that holds v.
func Known[T any](v T) Maybe[T] { return Maybe[T]{Value: v} }

// Unknown returns a Maybe whose value cannot be told because of why, which
// must not be empty.
func Unknown[T any](why string) Maybe[T] {
	if why == "" {
		why = "no reason was recorded"
	}
	return Maybe[T]{Unknown: why}
}

// IsKnown reports whether the value can be told.
func (m Maybe[T]) IsKnown() bool { return m.Unknown == "" }

// The values of Gap.About.
const (
	AboutFiles    = "files"    // changed files, their contents and tree entries
	AboutCommits  = "commits"  // who contributed cannot be told
	AboutReviews  = "reviews"  // a review may be missing: no approval counts
	AboutComments = "comments" // a command may be missing
	AboutTimeline = "timeline" // labels, force-pushes, changes of the base
)

// Gap is a part of the truth that could not be seen: what the reader of facts
// must treat as the case that needs most review.
type Gap struct {
	// About narrows the gap of a whole pull request to one part of its facts;
	// "" is files where Paths are given, and everything where they are not.
	About string `json:"about,omitempty"`
	// Paths are the files that the gap stands for; none means all files.
	Paths []string `json:"paths,omitempty"`
	// Reason says why, in words that fit after "because".
	Reason string `json:"reason"`
}

// List is what was found, and what could not be looked at. A List with gaps
// has an unknown number of further items.
type List[T any] struct {
	Items []T   `json:"items,omitempty"`
	Gaps  []Gap `json:"gaps,omitempty"`
}
