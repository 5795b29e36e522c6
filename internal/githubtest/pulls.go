package githubtest

import (
	"time"
)

// PullRequest describes a pull request that is to be opened.
type PullRequest struct {
	Author string // opens it; "author" when empty
	Title  string // the message of the first commit, or "Change", when empty
	Body   string
	Base   string // branch; the default branch when empty
	Head   string // branch; made from the base when new; "change-N" when empty
	Draft  bool
	Fork   bool // the head is in the author's fork
	// Files are committed to the head before it opens.
	Files Files
	// Commits are committed to the head after Files, in their order.
	Commits []Commit
}

// Commit describes a commit that is to be made.
type Commit struct {
	Message   string
	Files     Files
	Author    string   // login; who pushes when empty
	Committer string   // login; the author when empty
	CoAuthors []string // logins, put in trailers
	// Parents are further parents, as SHAs: a merge that was made by hand.
	Parents []string
	At      time.Time // now when zero
}

// branchEnd is one end of a pull request.
type branchEnd struct {
	repo *Repo
	ref  string // branch name
	sha  string
}

// Pull is a pull request, or a plain issue where isPull is false: GitHub keeps
// both as issues.
type Pull struct {
	s      *Server
	repo   *Repo
	isPull bool
	number int
	id     int64
	// issueID is the ID under which the issues API knows the pull request.
	issueID int64

	title, body string
	author      *User
	closed      bool
	merged      bool
	draft       bool
	locked      bool
	mergeCommit string
	mergedBy    *User
	created     time.Time
	updated     time.Time
	closedAt    time.Time
	mergedAt    time.Time
	head, base  branchEnd

	labels         []*Label
	assignees      []*User
	requestedUsers []*User
	requestedTeams []*Team
	reviews        []*Review
	comments       []*Comment // in the order of their making; deleted ones are gone
	timeline       []*Event
	edits          int        // how often title or body were edited
	autoMerge      *AutoMerge // nil: not armed

	held []string // its commits, as the repository's holders have them
}

// Event is one item of a pull request's timeline. Kind tells which of the
// other fields say something.
type Event struct {
	id    int64
	kind  string // REST's name: "labeled", "unlabeled", "head_ref_force_pushed", "review_requested", "review_request_removed", "review_dismissed", "comment_deleted", "commented", "reviewed", "committed", "assigned", "unassigned", "closed", "reopened", "merged", "ready_for_review", "convert_to_draft", "base_ref_changed", "renamed", "added_to_merge_queue", "removed_from_merge_queue", "auto_merge_enabled", "auto_merge_disabled"
	actor *User
	at    time.Time

	label         *Label
	before, after string // SHAs of a force-push; names of a base_ref_changed or renamed
	user          *User  // requested reviewer or assignee
	team          *Team  // requested reviewer
	author        *User  // of a deleted comment
	comment       *Comment
	review        *Review
	commit        *commit
	message       string // of a dismissal
	state         string // of the review before its dismissal, lower case
}

// Review is a review of a pull request. A pending one is seen by nobody.
type Review struct {
	s         *Server
	pull      *Pull
	id        int64
	author    *User
	state     string // "APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING"
	body      string
	commit    string // what GitHub shows now
	delivered string // what its own delivery said
	submitted time.Time
	app       *App // the App it was submitted through, nil for none
}

// Comment is a comment of a pull request's or issue's conversation.
type Comment struct {
	s        *Server
	pull     *Pull
	id       int64
	author   *User
	body     string
	created  time.Time
	updated  time.Time
	editedAt time.Time // zero: never edited
	editor   *User
	app      *App // the App that wrote it, nil for none
	deleted  bool
	reacted  []*Reaction
}

// Reaction is one person's or App's reaction to a comment.
type Reaction struct {
	id      int64
	user    *User
	content string // REST's name: "+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"
	at      time.Time
}

// QueueEntry is a pull request in a merge queue.
type QueueEntry struct {
	id    int64
	pull  *Pull
	at    time.Time
	by    *User
	state string // "QUEUED", "AWAITING_CHECKS", "MERGEABLE", "UNMERGEABLE", "LOCKED"
	base  string // SHA it is built on
	head  string // SHA of the group's head once built
}

// MergeGroup is what a merge queue built and wants checked.
type MergeGroup struct {
	s       *Server
	repo    *Repo
	id      int64
	baseRef string // branch
	baseSHA string
	headRef string // "gh-readonly-queue/BASE/pr-N-SHA"
	headSHA string
	entries []*QueueEntry
	done    bool
}
