package github

import (
	"strconv"
	"strings"
	"time"

	"github.com/shurcooL/githubv4"
)

// pullQuery is the one query for a pull request. Sent first, it asks for
// everything; sent again with cursors, only for the connections that had more
// pages, all of them in one call.
// https://docs.github.com/graphql/reference/objects#pullrequest
type pullQuery struct {
	Repository struct {
		DefaultBranchRef *struct{ Name string }
		IsPrivate        bool             // of an enterprise's internal ones, too
		Policy           *gitObject       `graphql:"policy: object(expression: $policy) @include(if: $withPolicy)"`
		PullRequest      *pullRequestNode `graphql:"pullRequest(number: $number)"`
	} `graphql:"repository(owner: $owner, name: $name)"`
	Floor *struct {
		Policy *gitObject `graphql:"policy: object(expression: $floor)"`
	} `graphql:"floor: repository(owner: $owner, name: $floorRepository) @include(if: $withFloor)"`
}

type gitObject struct {
	Typename string `graphql:"__typename"`
	Oid      string
	Blob     blobFields `graphql:"... on Blob"`
}

type blobFields struct {
	ByteSize    int
	IsTruncated bool
	Text        *string
}

type pullRequestNode struct {
	ID                string
	URL               string
	Title             string
	Body              string
	Author            *actor
	State             string
	IsDraft           bool
	IsCrossRepository bool
	HeadRepository    *struct{ ID string }
	CreatedAt         time.Time
	UpdatedAt         time.Time
	MergedAt          *time.Time
	BaseRefName       string
	BaseRefOid        string
	// BaseRef is the branch as it stands now; baseRefOid is what GitHub noted
	// when the pull request was last pushed to. It is nil once the branch is
	// deleted.
	BaseRef *struct {
		Target *struct{ Oid string }
	}
	HeadRefName  string
	HeadRefOid   string
	ChangedFiles int

	Labels *struct {
		Nodes []struct{ Name string }
	} `graphql:"labels(first: 100) @include(if: $first)"`
	Assignees struct {
		Nodes []struct{ Login string }
	} `graphql:"assignees(first: 100) @include(if: $first)"`
	ReviewRequests *struct {
		TotalCount int
		Nodes      []struct{ RequestedReviewer *reviewer }
	} `graphql:"reviewRequests(first: 100) @include(if: $first)"`
	TimelineItems *struct {
		PageInfo pageInfo
		Nodes    []timelineItem
	} `graphql:"timelineItems(first: 100, after: $timeline, itemTypes: [LABELED_EVENT, UNLABELED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT, BASE_REF_CHANGED_EVENT, COMMENT_DELETED_EVENT, REVIEW_REQUESTED_EVENT, REVIEW_REQUEST_REMOVED_EVENT]) @include(if: $withTimeline)"`
	Reviews *struct {
		PageInfo pageInfo
		Nodes    []reviewNode
	} `graphql:"reviews(first: 100, after: $reviews, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]) @include(if: $withReviews)"`
	Comments struct {
		PageInfo pageInfo
		Nodes    []commentNode
	} `graphql:"comments(first: 100, after: $comments) @include(if: $withComments)"`
	Commits struct {
		TotalCount int
		PageInfo   pageInfo
		Nodes      []struct{ Commit commitNode }
	} `graphql:"commits(first: 100, after: $commits) @include(if: $withCommits)"`
	Head struct {
		Nodes []struct{ Commit headCommit }
	} `graphql:"head: commits(last: 1) @include(if: $withChecks)"`
}

type pageInfo struct {
	HasNextPage bool
	EndCursor   *string
}

type actor struct {
	Typename string `graphql:"__typename"`
	Login    string
}

type reviewer struct {
	Typename string `graphql:"__typename"`
	User     struct {
		Login  string
		Status *struct {
			IndicatesLimitedAvailability bool
			ExpiresAt                    *time.Time
		}
	} `graphql:"... on User"`
	Bot struct {
		Login string
	} `graphql:"... on Bot"`
	Mannequin struct {
		Login string
	} `graphql:"... on Mannequin"`
	Team struct {
		CombinedSlug string
	} `graphql:"... on Team"`
}

type timelineItem struct {
	Typename  string     `graphql:"__typename"`
	Labeled   labelEvent `graphql:"... on LabeledEvent"`
	Unlabeled labelEvent `graphql:"... on UnlabeledEvent"`
	Forced    struct {
		Actor        *actor
		CreatedAt    time.Time
		BeforeCommit *struct{ Oid string }
		AfterCommit  *struct{ Oid string }
	} `graphql:"... on HeadRefForcePushedEvent"`
	Retargeted struct {
		Actor           *actor
		CreatedAt       time.Time
		PreviousRefName string
		CurrentRefName  string
	} `graphql:"... on BaseRefChangedEvent"`
	Deleted struct {
		Actor                *actor
		CreatedAt            time.Time
		DeletedCommentAuthor *actor
	} `graphql:"... on CommentDeletedEvent"`
	Requested requestEvent `graphql:"... on ReviewRequestedEvent"`
	Removed   requestEvent `graphql:"... on ReviewRequestRemovedEvent"`
}

type labelEvent struct {
	Actor     *actor
	CreatedAt time.Time
	Label     struct{ Name string }
}

type requestEvent struct {
	Actor             *actor
	CreatedAt         time.Time
	RequestedReviewer *reviewer
}

type reviewNode struct {
	FullDatabaseID bigInt `graphql:"fullDatabaseId"`
	Author         *actor
	State          string
	SubmittedAt    *time.Time
	Commit         *struct{ Oid string }
}

type commentNode struct {
	ID                  string
	FullDatabaseID      bigInt `graphql:"fullDatabaseId"`
	Author              *actor
	AuthorAssociation   string
	Body                string
	CreatedAt           time.Time
	LastEditedAt        *time.Time
	IncludesCreatedEdit bool
	Editor              *actor
	ViewerDidAuthor     bool
	ReactionGroups      []struct {
		Content          string
		ViewerHasReacted bool
	}
}

type commitNode struct {
	Oid           string
	CommittedDate time.Time
	Tree          struct{ Oid string }
	Parents       struct {
		TotalCount int
		Nodes      []struct{ Oid string }
	} `graphql:"parents(first: 100)"`
	Author  *gitActor
	Authors struct {
		TotalCount int
		Nodes      []gitActor
	} `graphql:"authors(first: 100)"`
	Committer *gitActor
}

type gitActor struct {
	Name  *string
	Email *string
	User  *struct{ Login string }
}

// headCommit has the checks at the head: rolecall's own from its check
// suites, everybody's from the roll-up that required checks are judged by.
type headCommit struct {
	Oid string
	// AssociatedPullRequests are those that hold the commit, in whichever
	// repository.
	AssociatedPullRequests *struct {
		Nodes []struct {
			Number         int
			State          string
			HeadRefOid     string
			BaseRefName    string
			BaseRepository *struct{ NameWithOwner string }
		}
	} `graphql:"associatedPullRequests(first: 100) @include(if: $first)"`
	CheckSuites *struct {
		Nodes []struct {
			Status    string
			CheckRuns *struct {
				Nodes []checkRunNode
			} `graphql:"checkRuns(first: 100, filterBy: {checkType: LATEST})"`
		}
	} `graphql:"checkSuites(first: 100, filterBy: {appId: $app}) @include(if: $first)"`
	StatusCheckRollup *struct {
		Contexts struct {
			PageInfo pageInfo
			Nodes    []struct {
				Typename string       `graphql:"__typename"`
				Check    checkRunNode `graphql:"... on CheckRun"`
				Status   struct {
					Context string
					State   string
				} `graphql:"... on StatusContext"`
			}
		} `graphql:"contexts(first: 100, after: $contexts)"`
	}
}

type checkRunNode struct {
	// DatabaseID outgrows 32 bits although the schema calls it an Int.
	DatabaseID *int64 `graphql:"databaseId"`
	Name       string
	Status     string
	Conclusion *string
	ExternalID *string `graphql:"externalId"`
	StartedAt  *time.Time
	CheckSuite struct {
		App *struct {
			DatabaseID *int64 `graphql:"databaseId"`
		}
	}
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
