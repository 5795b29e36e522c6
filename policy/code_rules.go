package policy

// The codes of why a rule is in force or not. Rule results carry them.
const (
	// NoChangesClause: the rule names no changes, so it concerns the whole
	// pull request. No other fields.
	NoChangesClause Code = "no_changes_clause"
	// ChangesMatched: changes selected something. Count is how many elements,
	// Paths the first few of their files.
	ChangesMatched Code = "changes_matched"
	// ChangesUnknown: part of what changes asks for could not be told, and so
	// counts. Detail says why; Paths is what it stands for, none: all files;
	// Count is how many elements are in doubt.
	ChangesUnknown Code = "changes_unknown"
	// ChangesFailed: changes failed at run time, and so counts. Detail is the
	// error, with its place.
	ChangesFailed Code = "changes_failed"
	// ChangesEmpty: changes selected nothing. No other fields.
	ChangesEmpty Code = "changes_empty"
	// WhenTrue: when is true. Detail is its source.
	WhenTrue Code = "when_true"
	// WhenFalse: when is false. Detail is its source.
	WhenFalse Code = "when_false"
	// WhenUnknown: when could not be told, and so counts as true. Detail is
	// its source.
	WhenUnknown Code = "when_unknown"
	// WhenFailed: when failed at run time, and so counts as true. Detail is
	// the error, with its place.
	WhenFailed Code = "when_failed"
	// LabelSeen: a label that the rule asks for is in force. Label is set;
	// Person is who set it, where that is known.
	LabelSeen Code = "label_seen"
	// LabelDoubted: a label that the rule asks for is set, but by nobody in
	// the role that may decide on it: it brings reviews in and takes none
	// away. Label and Role are set; Person is who set it, where known.
	LabelDoubted Code = "label_doubted"
)
