package github

import (
	"strconv"
	"strings"
	"time"
)

// pull is the one query for a pull request. Sent first, it asks for everything;
// sent again with cursors, only for the connections that had more pages, all of
// them in one call.
// https://docs.github.com/graphql/reference/objects#pullrequest
var pull = fixed[struct {
	Repository struct {
		DefaultBranchRef *struct {
			Name string `json:"name"`
		} `json:"defaultBranchRef"`
		IsPrivate   bool             `json:"isPrivate"` // of an enterprise's internal ones, too
		Policy      *gitObject       `json:"policy"`
		PullRequest *pullRequestNode `json:"pullRequest"`
	} `json:"repository"`
	Floor *struct {
		Policy *gitObject `json:"policy"`
	} `json:"floor"`
}]("pull", `
	query pull($owner: String!, $name: String!, $number: Int!, $app: Int!,
		$policy: String!, $floor: String!, $floorRepository: String!,
		$first: Boolean!, $withPolicy: Boolean!, $withFloor: Boolean!, $withTimeline: Boolean!,
		$withReviews: Boolean!, $withComments: Boolean!, $withCommits: Boolean!, $withChecks: Boolean!,
		$timeline: String, $reviews: String, $comments: String, $commits: String, $contexts: String
	) {
		repository(owner: $owner, name: $name) {
			defaultBranchRef { name }
			isPrivate
			policy: object(expression: $policy) @include(if: $withPolicy) {`+objectFields+`}
			pullRequest(number: $number) {
				id url title body state isDraft isCrossRepository createdAt updatedAt mergedAt changedFiles
				author { __typename login }
				headRepository { id }
				baseRefName baseRefOid baseRef { target { oid } }
				headRefName headRefOid
				labels(first: 100) @include(if: $first) { nodes { name } }
				assignees(first: 100) @include(if: $first) { nodes { login } }
				reviewRequests(first: 100) @include(if: $first) { totalCount nodes { requestedReviewer {`+reviewerFields+`} } }
				timelineItems(first: 100, after: $timeline, itemTypes: [LABELED_EVENT, UNLABELED_EVENT,
					HEAD_REF_FORCE_PUSHED_EVENT, BASE_REF_CHANGED_EVENT, COMMENT_DELETED_EVENT,
					REVIEW_REQUESTED_EVENT, REVIEW_REQUEST_REMOVED_EVENT]) @include(if: $withTimeline) {
					pageInfo { hasNextPage endCursor }
					nodes {`+timelineFields+`}
				}
				reviews(first: 100, after: $reviews, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]) @include(if: $withReviews) {
					pageInfo { hasNextPage endCursor }
					nodes { fullDatabaseId author {`+speakerFields+`} state submittedAt commit { oid } authorAssociation }
				}
				comments(first: 100, after: $comments) @include(if: $withComments) {
					pageInfo { hasNextPage endCursor }
					nodes {`+commentFields+`}
				}
				commits(first: 100, after: $commits) @include(if: $withCommits) {
					totalCount
					pageInfo { hasNextPage endCursor }
					nodes { commit {`+commitFields+`} }
				}
				head: commits(last: 1) @include(if: $withChecks) { nodes { commit {`+headFields+`} } }
			}
		}
		floor: repository(owner: $owner, name: $floorRepository) @include(if: $withFloor) {
			policy: object(expression: $floor) {`+objectFields+`}
		}
	}`)

// checksAtHead is for the checks at the head where the pull request's own list
// of commits does not lead there, as where it has none: its head is behind its
// base then.
var checksAtHead = fixed[struct {
	Repository struct {
		PullRequest *struct {
			State       string    `json:"state"`
			UpdatedAt   time.Time `json:"updatedAt"`
			BaseRefName string    `json:"baseRefName"`
			HeadRefOid  string    `json:"headRefOid"`
		} `json:"pullRequest"`
		Head *headCommit `json:"head"`
	} `json:"repository"`
}]("checks at the head", `
	query checksAtHead($owner: String!, $name: String!, $number: Int!, $head: GitObjectID!, $app: Int!,
		$first: Boolean!, $contexts: String
	) {
		repository(owner: $owner, name: $name) {
			pullRequest(number: $number) { state updatedAt baseRefName headRefOid }
			head: object(oid: $head) { ... on Commit {`+headFields+`} }
		}
	}`)

type pageInfo struct {
	HasNextPage bool    `json:"hasNextPage"`
	EndCursor   *string `json:"endCursor"`
}

type actor struct {
	Typename string `json:"__typename"`
	Login    string `json:"login"`
}

// speaker is an actor with the number of a person's account, which stays when
// the login changes hands.
type speaker struct {
	Typename   string `json:"__typename"`
	Login      string `json:"login"`
	DatabaseID *int64 `json:"databaseId"`
}

const speakerFields = ` __typename login ... on User { databaseId } `

// object is a commit of which only the name is asked for.
type object struct {
	Oid string `json:"oid"`
}

const objectFields = ` __typename oid ... on Blob { byteSize isTruncated text } `

type gitObject struct {
	Typename string `json:"__typename"`
	Oid      string `json:"oid"`
	blobFields
}

type blobFields struct {
	ByteSize    int     `json:"byteSize"`
	IsTruncated bool    `json:"isTruncated"`
	Text        *string `json:"text"`
}

type pullRequestNode struct {
	ID                string `json:"id"`
	URL               string `json:"url"`
	Title             string `json:"title"`
	Body              string `json:"body"`
	Author            *actor `json:"author"`
	State             string `json:"state"`
	IsDraft           bool   `json:"isDraft"`
	IsCrossRepository bool   `json:"isCrossRepository"`
	HeadRepository    *struct {
		ID string `json:"id"`
	} `json:"headRepository"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
	MergedAt    *time.Time `json:"mergedAt"`
	BaseRefName string     `json:"baseRefName"`
	BaseRefOid  string     `json:"baseRefOid"`
	// BaseRef is the branch as it stands now; baseRefOid is what GitHub noted
	// when the pull request was last pushed to. It is nil once the branch is
	// deleted.
	BaseRef *struct {
		Target *object `json:"target"`
	} `json:"baseRef"`
	HeadRefName  string `json:"headRefName"`
	HeadRefOid   string `json:"headRefOid"`
	ChangedFiles int    `json:"changedFiles"`

	Labels *struct {
		Nodes []struct {
			Name string `json:"name"`
		} `json:"nodes"`
	} `json:"labels"`
	Assignees struct {
		Nodes []struct {
			Login string `json:"login"`
		} `json:"nodes"`
	} `json:"assignees"`
	ReviewRequests *struct {
		TotalCount int `json:"totalCount"`
		Nodes      []struct {
			RequestedReviewer *reviewer `json:"requestedReviewer"`
		} `json:"nodes"`
	} `json:"reviewRequests"`
	TimelineItems *struct {
		PageInfo pageInfo       `json:"pageInfo"`
		Nodes    []timelineItem `json:"nodes"`
	} `json:"timelineItems"`
	Reviews *struct {
		PageInfo pageInfo     `json:"pageInfo"`
		Nodes    []reviewNode `json:"nodes"`
	} `json:"reviews"`
	Comments struct {
		PageInfo pageInfo      `json:"pageInfo"`
		Nodes    []commentNode `json:"nodes"`
	} `json:"comments"`
	Commits struct {
		TotalCount int      `json:"totalCount"`
		PageInfo   pageInfo `json:"pageInfo"`
		Nodes      []struct {
			Commit commitNode `json:"commit"`
		} `json:"nodes"`
	} `json:"commits"`
	Head struct {
		Nodes []struct {
			Commit headCommit `json:"commit"`
		} `json:"nodes"`
	} `json:"head"`
}

const reviewerFields = ` __typename
	... on User { login status { indicatesLimitedAvailability expiresAt } }
	... on Bot { login }
	... on Mannequin { login }
	... on Team { combinedSlug } `

type reviewer struct {
	Typename string `json:"__typename"`
	Login    string `json:"login"` // of a person or a bot
	Status   *struct {
		IndicatesLimitedAvailability bool       `json:"indicatesLimitedAvailability"`
		ExpiresAt                    *time.Time `json:"expiresAt"`
	} `json:"status"`
	CombinedSlug string `json:"combinedSlug"` // of a team
}

const timelineFields = ` __typename
	... on LabeledEvent { actor { __typename login } createdAt label { name } }
	... on UnlabeledEvent { actor { __typename login } createdAt label { name } }
	... on HeadRefForcePushedEvent { actor { __typename login } createdAt beforeCommit { oid } afterCommit { oid } }
	... on BaseRefChangedEvent { actor { __typename login } createdAt previousRefName currentRefName }
	... on CommentDeletedEvent { actor { __typename login } createdAt deletedCommentAuthor { __typename login } }
	... on ReviewRequestedEvent { actor { __typename login } createdAt requestedReviewer {` + reviewerFields + `} }
	... on ReviewRequestRemovedEvent { actor { __typename login } createdAt requestedReviewer {` + reviewerFields + `} } `

// timelineItem has, beside who did it and when, what its type has.
type timelineItem struct {
	Typename  string    `json:"__typename"`
	Actor     *actor    `json:"actor"`
	CreatedAt time.Time `json:"createdAt"`
	Label     struct {
		Name string `json:"name"`
	} `json:"label"`
	BeforeCommit         *object   `json:"beforeCommit"`
	AfterCommit          *object   `json:"afterCommit"`
	PreviousRefName      string    `json:"previousRefName"`
	CurrentRefName       string    `json:"currentRefName"`
	DeletedCommentAuthor *actor    `json:"deletedCommentAuthor"`
	RequestedReviewer    *reviewer `json:"requestedReviewer"`
}

type reviewNode struct {
	FullDatabaseID bigInt     `json:"fullDatabaseId"`
	Author         *speaker   `json:"author"`
	State          string     `json:"state"`
	SubmittedAt    *time.Time `json:"submittedAt"`
	Commit         *object    `json:"commit"`
	// AuthorAssociation is how the author stands to the repository now.
	AuthorAssociation string `json:"authorAssociation"`
}

const commentFields = ` id fullDatabaseId author {` + speakerFields + `} authorAssociation body
	createdAt lastEditedAt includesCreatedEdit editor { __typename login } viewerDidAuthor
	reactionGroups { content viewerHasReacted } `

type commentNode struct {
	ID                  string     `json:"id"`
	FullDatabaseID      bigInt     `json:"fullDatabaseId"`
	Author              *speaker   `json:"author"`
	AuthorAssociation   string     `json:"authorAssociation"`
	Body                string     `json:"body"`
	CreatedAt           time.Time  `json:"createdAt"`
	LastEditedAt        *time.Time `json:"lastEditedAt"`
	IncludesCreatedEdit bool       `json:"includesCreatedEdit"`
	Editor              *actor     `json:"editor"`
	ViewerDidAuthor     bool       `json:"viewerDidAuthor"`
	ReactionGroups      []struct {
		Content          string `json:"content"`
		ViewerHasReacted bool   `json:"viewerHasReacted"`
	} `json:"reactionGroups"`
}

const commitFields = ` oid committedDate tree { oid }
	parents(first: 100) { totalCount nodes { oid } }
	author { name email user { login } }
	authors(first: 100) { totalCount nodes { name email user { login } } }
	committer { name email user { login } } `

type commitNode struct {
	Oid           string    `json:"oid"`
	CommittedDate time.Time `json:"committedDate"`
	Tree          object    `json:"tree"`
	Parents       struct {
		TotalCount int      `json:"totalCount"`
		Nodes      []object `json:"nodes"`
	} `json:"parents"`
	Author  *gitActor `json:"author"`
	Authors struct {
		TotalCount int        `json:"totalCount"`
		Nodes      []gitActor `json:"nodes"`
	} `json:"authors"`
	Committer *gitActor `json:"committer"`
}

type gitActor struct {
	Name  *string `json:"name"`
	Email *string `json:"email"`
	User  *struct {
		Login string `json:"login"`
	} `json:"user"`
}

const headFields = ` oid
	associatedPullRequests(first: 100) @include(if: $first) {
		nodes { number state headRefOid baseRefName baseRepository { nameWithOwner } }
	}
	checkSuites(first: 100, filterBy: {appId: $app}) @include(if: $first) {
		nodes { status checkRuns(first: 100, filterBy: {checkType: LATEST}) { nodes {` + runFields + `} } }
	}
	statusCheckRollup {
		contexts(first: 100, after: $contexts) {
			pageInfo { hasNextPage endCursor }
			nodes { __typename ... on CheckRun {` + runFields + `} ... on StatusContext { context state } }
		}
	} `

// headCommit has the checks at the head: rolecall's own from its check
// suites, everybody's from the roll-up that required checks are judged by.
type headCommit struct {
	Oid string `json:"oid"`
	// AssociatedPullRequests are those that hold the commit, in whichever
	// repository.
	AssociatedPullRequests *struct {
		Nodes []struct {
			Number         int    `json:"number"`
			State          string `json:"state"`
			HeadRefOid     string `json:"headRefOid"`
			BaseRefName    string `json:"baseRefName"`
			BaseRepository *struct {
				NameWithOwner string `json:"nameWithOwner"`
			} `json:"baseRepository"`
		} `json:"nodes"`
	} `json:"associatedPullRequests"`
	CheckSuites *struct {
		Nodes []struct {
			Status    string `json:"status"`
			CheckRuns *struct {
				Nodes []checkRunNode `json:"nodes"`
			} `json:"checkRuns"`
		} `json:"nodes"`
	} `json:"checkSuites"`
	StatusCheckRollup *struct {
		Contexts struct {
			PageInfo pageInfo      `json:"pageInfo"`
			Nodes    []contextNode `json:"nodes"`
		} `json:"contexts"`
	} `json:"statusCheckRollup"`
}

// contextNode is a check run or a status.
type contextNode struct {
	Typename string `json:"__typename"`
	checkRunNode
	Context string `json:"context"` // of a status
	State   string `json:"state"`   // of a status
}

const runFields = ` databaseId name status conclusion externalId startedAt checkSuite { app { databaseId } } `

type checkRunNode struct {
	// DatabaseID outgrows 32 bits although the schema calls it an Int.
	DatabaseID *int64     `json:"databaseId"`
	Name       string     `json:"name"`
	Status     string     `json:"status"`
	Conclusion *string    `json:"conclusion"`
	ExternalID *string    `json:"externalId"`
	StartedAt  *time.Time `json:"startedAt"`
	CheckSuite struct {
		App *struct {
			DatabaseID *int64 `json:"databaseId"`
		} `json:"app"`
	} `json:"checkSuite"`
}

// cursors say where each connection of pullQuery goes on.
type cursors struct {
	first                                          bool
	timeline, reviews, comments, commits, contexts cursor
}

// cursor is one connection's place; more is false once it has ended.
type cursor struct {
	more bool
	at   *string
}

func (c *cursor) next(p pageInfo) {
	c.more, c.at = p.HasNextPage && p.EndCursor != nil, nil
	if c.more {
		c.at = p.EndCursor
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
