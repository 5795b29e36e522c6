package github

import (
	"strconv"
	"strings"
	"time"

	"github.com/shurcooL/githubv4"
)

// pullQuery is the one query for a pull request. Sent first, it asks for
// everything; sent again with cursors, only for the connections that had more
// pages, all of them in one call. Every field is tagged, since githubv4 derives
// the names of others from Go's each time, which is dear.
// https://docs.github.com/graphql/reference/objects#pullrequest
type pullQuery struct {
	Repository struct {
		DefaultBranchRef *struct {
			Name string `graphql:"name"`
		} `graphql:"defaultBranchRef"`
		IsPrivate   bool             `graphql:"isPrivate"` // of an enterprise's internal ones, too `graphql:"isPrivate"`
		Policy      *gitObject       `graphql:"policy: object(expression: $policy) @include(if: $withPolicy)"`
		PullRequest *pullRequestNode `graphql:"pullRequest(number: $number)"`
	} `graphql:"repository(owner: $owner, name: $name)"`
	Floor *struct {
		Policy *gitObject `graphql:"policy: object(expression: $floor)"`
	} `graphql:"floor: repository(owner: $owner, name: $floorRepository) @include(if: $withFloor)"`
}

type gitObject struct {
	Typename string     `graphql:"__typename"`
	Oid      string     `graphql:"oid"`
	Blob     blobFields `graphql:"... on Blob"`
}

type blobFields struct {
	ByteSize    int     `graphql:"byteSize"`
	IsTruncated bool    `graphql:"isTruncated"`
	Text        *string `graphql:"text"`
}

type pullRequestNode struct {
	ID                string `graphql:"id"`
	URL               string `graphql:"url"`
	Title             string `graphql:"title"`
	Body              string `graphql:"body"`
	Author            *actor `graphql:"author"`
	State             string `graphql:"state"`
	IsDraft           bool   `graphql:"isDraft"`
	IsCrossRepository bool   `graphql:"isCrossRepository"`
	HeadRepository    *struct {
		ID string `graphql:"id"`
	} `graphql:"headRepository"`
	CreatedAt   time.Time  `graphql:"createdAt"`
	UpdatedAt   time.Time  `graphql:"updatedAt"`
	MergedAt    *time.Time `graphql:"mergedAt"`
	BaseRefName string     `graphql:"baseRefName"`
	BaseRefOid  string     `graphql:"baseRefOid"`
	// BaseRef is the branch as it stands now; baseRefOid is what GitHub noted
	// when the pull request was last pushed to. It is nil once the branch is
	// deleted.
	BaseRef *struct {
		Target *struct {
			Oid string `graphql:"oid"`
		} `graphql:"target"`
	} `graphql:"baseRef"`
	HeadRefName  string `graphql:"headRefName"`
	HeadRefOid   string `graphql:"headRefOid"`
	ChangedFiles int    `graphql:"changedFiles"`

	Labels *struct {
		Nodes []struct {
			Name string `graphql:"name"`
		} `graphql:"nodes"`
	} `graphql:"labels(first: 100) @include(if: $first)"`
	Assignees struct {
		Nodes []struct {
			Login string `graphql:"login"`
		} `graphql:"nodes"`
	} `graphql:"assignees(first: 100) @include(if: $first)"`
	ReviewRequests *struct {
		TotalCount int `graphql:"totalCount"`
		Nodes      []struct {
			RequestedReviewer *reviewer `graphql:"requestedReviewer"`
		} `graphql:"nodes"`
	} `graphql:"reviewRequests(first: 100) @include(if: $first)"`
	TimelineItems *struct {
		PageInfo pageInfo       `graphql:"pageInfo"`
		Nodes    []timelineItem `graphql:"nodes"`
	} `graphql:"timelineItems(first: 100, after: $timeline, itemTypes: [LABELED_EVENT, UNLABELED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT, BASE_REF_CHANGED_EVENT, COMMENT_DELETED_EVENT, REVIEW_REQUESTED_EVENT, REVIEW_REQUEST_REMOVED_EVENT]) @include(if: $withTimeline)"`
	Reviews *struct {
		PageInfo pageInfo     `graphql:"pageInfo"`
		Nodes    []reviewNode `graphql:"nodes"`
	} `graphql:"reviews(first: 100, after: $reviews, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]) @include(if: $withReviews)"`
	Comments struct {
		PageInfo pageInfo      `graphql:"pageInfo"`
		Nodes    []commentNode `graphql:"nodes"`
	} `graphql:"comments(first: 100, after: $comments) @include(if: $withComments)"`
	Commits struct {
		TotalCount int      `graphql:"totalCount"`
		PageInfo   pageInfo `graphql:"pageInfo"`
		Nodes      []struct {
			Commit commitNode `graphql:"commit"`
		} `graphql:"nodes"`
	} `graphql:"commits(first: 100, after: $commits) @include(if: $withCommits)"`
	Head struct {
		Nodes []struct {
			Commit headCommit `graphql:"commit"`
		} `graphql:"nodes"`
	} `graphql:"head: commits(last: 1) @include(if: $withChecks)"`
}

// headQuery is for the checks at the head where the pull request's own list of
// commits does not lead there, as where it has none: its head is behind its
// base then.
type headQuery struct {
	Repository struct {
		PullRequest *struct {
			State       string    `graphql:"state"`
			UpdatedAt   time.Time `graphql:"updatedAt"`
			BaseRefName string    `graphql:"baseRefName"`
			HeadRefOid  string    `graphql:"headRefOid"`
		} `graphql:"pullRequest(number: $number)"`
		Head *struct {
			Commit headCommit `graphql:"... on Commit"`
		} `graphql:"head: object(oid: $head)"`
	} `graphql:"repository(owner: $owner, name: $name)"`
}

type pageInfo struct {
	HasNextPage bool    `graphql:"hasNextPage"`
	EndCursor   *string `graphql:"endCursor"`
}

type actor struct {
	Typename string `graphql:"__typename"`
	Login    string `graphql:"login"`
}

// speaker is an actor of whom is asked which account it is: a login can change
// hands.
type speaker struct {
	Typename string `graphql:"__typename"`
	Login    string `graphql:"login"`
	User     struct {
		DatabaseID *int64 `graphql:"databaseId"`
	} `graphql:"... on User"`
}

type reviewer struct {
	Typename string `graphql:"__typename"`
	User     struct {
		Login  string `graphql:"login"`
		Status *struct {
			IndicatesLimitedAvailability bool       `graphql:"indicatesLimitedAvailability"`
			ExpiresAt                    *time.Time `graphql:"expiresAt"`
		} `graphql:"status"`
	} `graphql:"... on User"`
	Bot struct {
		Login string `graphql:"login"`
	} `graphql:"... on Bot"`
	Mannequin struct {
		Login string `graphql:"login"`
	} `graphql:"... on Mannequin"`
	Team struct {
		CombinedSlug string `graphql:"combinedSlug"`
	} `graphql:"... on Team"`
}

type timelineItem struct {
	Typename  string     `graphql:"__typename"`
	Labeled   labelEvent `graphql:"... on LabeledEvent"`
	Unlabeled labelEvent `graphql:"... on UnlabeledEvent"`
	Forced    struct {
		Actor        *actor    `graphql:"actor"`
		CreatedAt    time.Time `graphql:"createdAt"`
		BeforeCommit *struct {
			Oid string `graphql:"oid"`
		} `graphql:"beforeCommit"`
		AfterCommit *struct {
			Oid string `graphql:"oid"`
		} `graphql:"afterCommit"`
	} `graphql:"... on HeadRefForcePushedEvent"`
	Retargeted struct {
		Actor           *actor    `graphql:"actor"`
		CreatedAt       time.Time `graphql:"createdAt"`
		PreviousRefName string    `graphql:"previousRefName"`
		CurrentRefName  string    `graphql:"currentRefName"`
	} `graphql:"... on BaseRefChangedEvent"`
	Deleted struct {
		Actor                *actor    `graphql:"actor"`
		CreatedAt            time.Time `graphql:"createdAt"`
		DeletedCommentAuthor *actor    `graphql:"deletedCommentAuthor"`
	} `graphql:"... on CommentDeletedEvent"`
	Requested requestEvent `graphql:"... on ReviewRequestedEvent"`
	Removed   requestEvent `graphql:"... on ReviewRequestRemovedEvent"`
}

type labelEvent struct {
	Actor     *actor    `graphql:"actor"`
	CreatedAt time.Time `graphql:"createdAt"`
	Label     struct {
		Name string `graphql:"name"`
	} `graphql:"label"`
}

type requestEvent struct {
	Actor             *actor    `graphql:"actor"`
	CreatedAt         time.Time `graphql:"createdAt"`
	RequestedReviewer *reviewer `graphql:"requestedReviewer"`
}

type reviewNode struct {
	FullDatabaseID bigInt     `graphql:"fullDatabaseId"`
	Author         *speaker   `graphql:"author"`
	State          string     `graphql:"state"`
	SubmittedAt    *time.Time `graphql:"submittedAt"`
	Commit         *struct {
		Oid string `graphql:"oid"`
	} `graphql:"commit"`
	// AuthorAssociation is how the author stands to the repository now.
	AuthorAssociation string `graphql:"authorAssociation"`
}

type commentNode struct {
	ID                  string     `graphql:"id"`
	FullDatabaseID      bigInt     `graphql:"fullDatabaseId"`
	Author              *speaker   `graphql:"author"`
	AuthorAssociation   string     `graphql:"authorAssociation"`
	Body                string     `graphql:"body"`
	CreatedAt           time.Time  `graphql:"createdAt"`
	LastEditedAt        *time.Time `graphql:"lastEditedAt"`
	IncludesCreatedEdit bool       `graphql:"includesCreatedEdit"`
	Editor              *actor     `graphql:"editor"`
	ViewerDidAuthor     bool       `graphql:"viewerDidAuthor"`
	ReactionGroups      []struct {
		Content          string `graphql:"content"`
		ViewerHasReacted bool   `graphql:"viewerHasReacted"`
	} `graphql:"reactionGroups"`
}

type commitNode struct {
	Oid           string    `graphql:"oid"`
	CommittedDate time.Time `graphql:"committedDate"`
	Tree          struct {
		Oid string `graphql:"oid"`
	} `graphql:"tree"`
	Parents struct {
		TotalCount int `graphql:"totalCount"`
		Nodes      []struct {
			Oid string `graphql:"oid"`
		} `graphql:"nodes"`
	} `graphql:"parents(first: 100)"`
	Author  *gitActor `graphql:"author"`
	Authors struct {
		TotalCount int        `graphql:"totalCount"`
		Nodes      []gitActor `graphql:"nodes"`
	} `graphql:"authors(first: 100)"`
	Committer *gitActor `graphql:"committer"`
}

type gitActor struct {
	Name  *string `graphql:"name"`
	Email *string `graphql:"email"`
	User  *struct {
		Login string `graphql:"login"`
	} `graphql:"user"`
}

// headCommit has the checks at the head: rolecall's own from its check
// suites, everybody's from the roll-up that required checks are judged by.
type headCommit struct {
	Oid string `graphql:"oid"`
	// AssociatedPullRequests are those that hold the commit, in whichever
	// repository.
	AssociatedPullRequests *struct {
		Nodes []struct {
			Number         int    `graphql:"number"`
			State          string `graphql:"state"`
			HeadRefOid     string `graphql:"headRefOid"`
			BaseRefName    string `graphql:"baseRefName"`
			BaseRepository *struct {
				NameWithOwner string `graphql:"nameWithOwner"`
			} `graphql:"baseRepository"`
		} `graphql:"nodes"`
	} `graphql:"associatedPullRequests(first: 100) @include(if: $first)"`
	CheckSuites *struct {
		Nodes []struct {
			Status    string `graphql:"status"`
			CheckRuns *struct {
				Nodes []checkRunNode `graphql:"nodes"`
			} `graphql:"checkRuns(first: 100, filterBy: {checkType: LATEST})"`
		} `graphql:"nodes"`
	} `graphql:"checkSuites(first: 100, filterBy: {appId: $app}) @include(if: $first)"`
	StatusCheckRollup *struct {
		Contexts struct {
			PageInfo pageInfo `graphql:"pageInfo"`
			Nodes    []struct {
				Typename string       `graphql:"__typename"`
				Check    checkRunNode `graphql:"... on CheckRun"`
				Status   struct {
					Context string `graphql:"context"`
					State   string `graphql:"state"`
				} `graphql:"... on StatusContext"`
			} `graphql:"nodes"`
		} `graphql:"contexts(first: 100, after: $contexts)"`
	} `graphql:"statusCheckRollup"`
}

type checkRunNode struct {
	// DatabaseID outgrows 32 bits although the schema calls it an Int.
	DatabaseID *int64     `graphql:"databaseId"`
	Name       string     `graphql:"name"`
	Status     string     `graphql:"status"`
	Conclusion *string    `graphql:"conclusion"`
	ExternalID *string    `graphql:"externalId"`
	StartedAt  *time.Time `graphql:"startedAt"`
	CheckSuite struct {
		App *struct {
			DatabaseID *int64 `graphql:"databaseId"`
		} `graphql:"app"`
	} `graphql:"checkSuite"`
}

// cursors say where each connection of pullQuery goes on.
type cursors struct {
	first                                          bool
	timeline, reviews, comments, commits, contexts cursor
}

// cursor is one connection's place; more is false once it has ended.
type cursor struct {
	more bool
	at   *githubv4.String
}

func (c *cursor) next(p pageInfo) {
	c.more, c.at = p.HasNextPage && p.EndCursor != nil, nil
	if c.more {
		at := githubv4.String(*p.EndCursor)
		c.at = &at
	}
}

func (c cursors) more() bool {
	return c.timeline.more || c.reviews.more || c.comments.more || c.commits.more || c.contexts.more
}

func start() cursors {
	begin := cursor{more: true}
	return cursors{first: true, timeline: begin, reviews: begin, comments: begin, commits: begin, contexts: begin}
}

// bigInt is GraphQL's BigInt, which GitHub writes as a string.
type bigInt int64

func (b *bigInt) UnmarshalJSON(data []byte) error {
	s := strings.Trim(string(data), `"`)
	if s == "null" || s == "" {
		*b = 0
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	*b = bigInt(n)
	return err
}
