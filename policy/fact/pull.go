package fact

import (
	"fmt"
	"time"
)

// Ref names one pull request as rolecall reaches it.
type Ref struct {
	Installation int64  `json:"installation"`
	Owner        string `json:"owner"`
	Repo         string `json:"repo"`
	Number       int    `json:"number"`
}

func (r Ref) String() string { return fmt.Sprintf("%s/%s#%d", r.Owner, r.Repo, r.Number) }

// Pull is everything that is known of one pull request at one moment. It is
// complete: what could not be read is named in Gaps, in a List's gaps, or by
// an unknown Maybe.
type Pull struct {
	Ref
	NodeID string    `json:"node_id"`
	URL    string    `json:"url"` // the page on GitHub
	Now    time.Time `json:"now"` // the moment of the facts, UTC; the only clock a decision knows

	Title     string    `json:"title"`
	Body      string    `json:"body"`
	Author    Person    `json:"author"`
	State     string    `json:"state"` // "open", "closed", "merged"
	Draft     bool      `json:"draft"`
	Fork      bool      `json:"fork"` // the head is in another repository, or that repository is gone
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	MergedAt  time.Time `json:"merged_at,omitzero"` // zero until it is merged

	Base          Branch `json:"base"`
	Head          Branch `json:"head"`
	DefaultBranch string `json:"default_branch"`
	// Public is whether everybody may read the repository; false where that is
	// not known.
	Public    bool   `json:"public,omitempty"`
	MergeBase string `json:"merge_base"` // SHA of merge base of Base and Head

	Labels    []string `json:"labels"`    // as they stand on GitHub now
	Assignees []string `json:"assignees"` // logins
	// Timeline in the order of its happening, oldest first.
	LabelEvents     []LabelEvent     `json:"label_events,omitempty"`
	ForcePushes     []ForcePush      `json:"force_pushes,omitempty"`
	Retargets       []Retarget       `json:"retargets,omitempty"`
	RequestEvents   []RequestEvent   `json:"request_events,omitempty"`
	DeletedComments []DeletedComment `json:"deleted_comments,omitempty"`

	Commits  []Commit  `json:"commits"`  // oldest first, every parent path
	Reviews  []Review  `json:"reviews"`  // oldest first
	Comments []Comment `json:"comments"` // oldest first
	Commands []Command `json:"commands"` // found in Comments, in their order
	Requests []Request `json:"requests"` // reviewers asked now
	// Choices say why rolecall asked some of Requests, as far as it remembers.
	// They are for the reader alone.
	Choices []Choice `json:"choices,omitempty"`
	// Pusher is who pushed the head last, where a delivery, the timeline or the
	// repository's activity told; it only ever tightens a decision.
	Pusher Person `json:"pusher,omitzero"`
	// Pushers are the others who pushed commits that are part of the pull
	// request, whoever the commits say wrote them, or that were until somebody
	// squashed them, by login; again only where deliveries told, and only to
	// tighten.
	Pushers []Person `json:"pushers,omitempty"`
	// Strangers are the logins of people who said something here and whom the
	// policy names one by one, but who are neither members of the organisation
	// nor collaborators of the repository, sorted: a login that is given up can
	// be taken by anybody.
	Strangers []string `json:"strangers,omitempty"`
	// Permissions are what those may do in the repository, by login, who gave a
	// command that takes access and seem to have none: "admin", "write", "read" or
	// "none". Who is left out was not asked about.
	Permissions map[string]string `json:"permissions,omitempty"`
	// PushedAt is when the head was pushed, where its delivery was seen; like
	// Pusher it only ever tightens a decision.
	PushedAt time.Time `json:"pushed_at,omitzero"`

	// GlassNotes are rolecall's own notes on this pull request, oldest first.
	GlassNotes []GlassNote `json:"glass_notes,omitempty"`
	// GlassUses are the glasses that were broken before on other pull requests
	// of the repository, in no order. They are read only where a command asks
	// to break this one's.
	GlassUses Maybe[[]GlassUse] `json:"glass_uses,omitzero"`

	Files []File `json:"files"`
	// Snapshots holds, for each commit that an approval is bound to and that
	// is not the head, what stood at the changed paths then. By commit SHA.
	Snapshots map[string]Snapshot `json:"snapshots,omitempty"`
	Findings  Findings            `json:"findings"`
	Roster    Roster              `json:"roster"`

	// Siblings are the other open pull requests into the same repository with
	// the same head.
	Siblings []Sibling `json:"siblings,omitempty"`

	// Checks are the check runs that stand at the head under a name of
	// rolecall's, forged ones included.
	Checks []CheckRun `json:"checks,omitempty"`

	// Gaps is what could not be read of the pull request as a whole, such as
	// "GitHub lists 3,000 of its 4,120 files".
	Gaps []Gap `json:"gaps,omitempty"`
}

// Sibling is another pull request with the same head.
type Sibling struct {
	Number int    `json:"number"`
	Base   string `json:"base"` // branch name
}

// Branch is one end of a pull request.
type Branch struct {
	Ref string `json:"ref"` // branch name without refs/heads/
	SHA string `json:"sha"`
}

// LabelEvent is a label being set or removed.
type LabelEvent struct {
	Label string    `json:"label"`
	Added bool      `json:"added"`
	By    Person    `json:"by"`
	At    time.Time `json:"at"`
}

// ForcePush is a replacement of the head that was not a fast-forward.
type ForcePush struct {
	Before string    `json:"before"` // SHA; "" where GitHub no longer has it
	After  string    `json:"after"`
	By     Person    `json:"by"`
	At     time.Time `json:"at"`
}

// Retarget is a change of the base branch. An approval from before it was of
// another change and does not stand.
type Retarget struct {
	From string    `json:"from"` // branch name
	To   string    `json:"to"`
	By   Person    `json:"by"`
	At   time.Time `json:"at"`
}

// RequestEvent is a review being requested from, or no longer from, a person
// or team.
type RequestEvent struct {
	Login string    `json:"login,omitempty"`
	Team  string    `json:"team,omitempty"` // "org/slug"
	Added bool      `json:"added"`
	By    Person    `json:"by"`
	At    time.Time `json:"at"`
}

// DeletedComment is a comment that is gone; GitHub keeps no text of it.
type DeletedComment struct {
	Author Person    `json:"author"` // who had written it
	By     Person    `json:"by"`     // who deleted it
	At     time.Time `json:"at"`
}

// Commit is one commit of the pull request.
type Commit struct {
	SHA     string   `json:"sha"`
	Parents []string `json:"parents"`
	Tree    string   `json:"tree"`
	// People are the author, the committer and the co-authors of its
	// trailers; GitHub's own web-flow committer is left out.
	People []Person  `json:"people"`
	At     time.Time `json:"at"` // committer date, as the committer claims it
	// CleanMerge is true where the commit merges the base and its tree was
	// verified to be what git makes of its parents without help, so that it
	// makes nobody a contributor.
	CleanMerge bool `json:"clean_merge,omitempty"`
}

// The values of Review.State, in lower case of GitHub's own names.
const (
	Approved         = "approved"
	ChangesRequested = "changes_requested"
	Commented        = "commented"
	Dismissed        = "dismissed"
)

// Review is one submitted review.
type Review struct {
	ID     int64     `json:"id"`
	Author Person    `json:"author"`
	State  string    `json:"state"`
	At     time.Time `json:"at"` // submitted
	// Commit is the commit that GitHub shows for the review now; after a
	// force-push GitHub has been seen to move it.
	Commit string `json:"commit"`
	// Delivered is the commit that the review's own webhook delivery named;
	// "" where that delivery was not seen.
	Delivered string `json:"delivered,omitempty"`
	// Access is the author's standing, as of a [Comment].
	Access string `json:"access,omitempty"`
}

// Comment is a comment of the pull request's conversation.
type Comment struct {
	ID     int64     `json:"id"`
	NodeID string    `json:"node_id,omitempty"`
	Author Person    `json:"author"`
	Body   string    `json:"body"`
	At     time.Time `json:"at"`
	// Edited is true once anybody has edited it, its own author included.
	Edited bool `json:"edited,omitempty"`
	// Editor is the login of who edited it last; "" where nobody did, or where
	// GitHub does not say.
	Editor string `json:"editor,omitempty"`
	// Access is the author's standing: "owner", "member", "collaborator",
	// "contributor", "none", in lower case of GitHub's author association.
	Access string `json:"access,omitempty"`
	// Reactions are the ones set by rolecall itself, as "+1", "-1", "eyes",
	// "confused".
	Reactions []string `json:"reactions,omitempty"`
	// Own is true for a comment that rolecall wrote.
	Own bool `json:"own,omitempty"`
}

// Command is a slash command found in a comment. That it was found says
// nothing about whether its author may give it.
type Command struct {
	Name    string    `json:"name"` // without the slash
	Args    []string  `json:"args,omitempty"`
	Text    string    `json:"text"` // the whole line
	Line    int       `json:"line"` // 1-based line of the comment
	By      Person    `json:"by"`
	At      time.Time `json:"at"`
	Comment int64     `json:"comment"`
	Edited  bool      `json:"edited,omitempty"` // the comment was edited: the command has no effect
	Problem string    `json:"problem,omitempty"`
	// Answered is true once rolecall has reacted to the comment, and Head is
	// the SHA for which it noted a /break-glass then; "" where it noted none.
	Answered bool   `json:"answered,omitempty"`
	Head     string `json:"head,omitempty"`
}

// Request is a reviewer who is asked now: a person or a team.
type Request struct {
	Login string `json:"login,omitempty"`
	Team  string `json:"team,omitempty"` // "org/slug"
}

// Snapshot is what stood at the pull request's changed paths at an earlier
// commit of it, and at that commit's own merge base. A path that is not changed
// now is in it where it was changed then, or where the base has changed it
// since: an analysis may have read it.
type Snapshot struct {
	Commit    string           `json:"commit"`
	MergeBase Maybe[string]    `json:"merge_base"`
	Head      map[string]Entry `json:"head"` // by path; an absent path was not asked for
	Base      map[string]Entry `json:"base"` // at MergeBase
	// Patches maps a path to its patch between MergeBase and Commit, for
	// rules with sticky = "patch".
	Patches map[string]string `json:"patches,omitempty"`
	// Incomplete says why there may be further such paths that are not changed
	// now; "" where there are none.
	Incomplete string `json:"incomplete,omitempty"`
	// Unknown says why the snapshot could not be read; "" when it was.
	Unknown string `json:"unknown,omitempty"`
}

// CheckRun is a check run as GitHub shows it now.
type CheckRun struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	SHA        string `json:"sha"`
	Status     string `json:"status"`     // "queued", "in_progress", "completed"
	Conclusion string `json:"conclusion"` // "" unless completed
	ExternalID string `json:"external_id"`
	// Ours is true where rolecall's own App made it.
	Ours bool `json:"ours"`
	// Rerun is true where somebody asked for the run to be made anew: GitHub
	// then waits for one in the check suite.
	Rerun bool `json:"rerun,omitempty"`
	// StartedAt, for refreshing before GitHub calls it stale after 14 days.
	StartedAt time.Time `json:"started_at"`
}
