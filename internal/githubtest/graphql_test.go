package githubtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// client asks the fake by GraphQL as one caller.
type client struct {
	t     *testing.T
	s     *githubtest.Server
	token string
}

type answer struct {
	status int
	body   string
	Data   map[string]any `json:"data"`
	Errors []struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Path    []any  `json:"path"`
	} `json:"errors"`
}

func (c client) ask(query string, variables map[string]any) answer {
	c.t.Helper()
	body, _ := json.Marshal(map[string]any{"query": query, "variables": variables})
	req, _ := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.s.GraphQLURL(), bytes.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, body: string(data)}
	if err := json.Unmarshal(data, &a); err != nil {
		c.t.Fatalf("%v in %s", err, data)
	}
	return a
}

// must is ask where no error may come back.
func (c client) must(query string, variables map[string]any) answer {
	c.t.Helper()
	a := c.ask(query, variables)
	if a.status != 200 || len(a.Errors) > 0 {
		c.t.Fatalf("status %d: %s", a.status, a.body)
	}
	return a
}

// at reads a value by its path: names of objects, numbers of lists.
func (a answer) at(path string) any {
	var v any = a.Data
	for _, name := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			i := 0
			fmt.Sscan(name, &i)
			if i >= len(x) {
				return fmt.Sprintf("no item %d of %d at %s", i, len(x), path)
			}
			v = x[i]
		default:
			return fmt.Sprintf("nothing at %s: %v", path, v)
		}
	}
	return v
}

func (a answer) want(t *testing.T, want map[string]any) {
	t.Helper()
	for path, w := range want {
		if got := a.at(path); fmt.Sprint(got) != fmt.Sprint(w) {
			t.Errorf("%s is %v, want %v", path, got, w)
		}
	}
}

func start(t *testing.T) (*githubtest.Server, *githubtest.Org, *githubtest.Repo, client) {
	s := githubtest.New(t, githubtest.Options{})
	o := s.Org("acme")
	o.Member("ann", "ben")
	r := o.Repo("cloud")
	r.Commit("main", "Start", githubtest.Files{"README.md": "hello\n", "run.sh": githubtest.Executable("#!/bin/sh\n"), "bin": "a\x00b", "dir/a.go": "package a\n"})
	return s, o, r, client{t, s, s.TokenFor("acme")}
}

func TestARepositorysFilesAreReadByRevisionAndPath(t *testing.T) {
	_, _, r, c := start(t)
	a := c.must(`query($head: String!) { repository(owner: "acme", name: "cloud") {
		nameWithOwner defaultBranchRef { name target { oid } }
		file: object(expression: "HEAD:README.md") { __typename oid ... on Blob { text byteSize isBinary isTruncated } }
		binary: object(expression: "HEAD:bin") { ... on Blob { text isBinary } }
		dir: object(expression: $head) { ... on Tree { entries { name path mode type object { ... on Blob { text } } } } }
		none: object(expression: "HEAD:none") { oid }
		commit: object(expression: "HEAD") { ... on Commit { tree { oid } parents(first: 1) { totalCount }
			script: file(path: "run.sh") { mode type path object { ... on Blob { text } } }
			nothing: file(path: "a/b") { mode } } }
	} }`, map[string]any{"head": r.Head("main") + ":dir"})
	a.want(t, map[string]any{
		"repository.nameWithOwner":               "acme/cloud",
		"repository.defaultBranchRef.name":       "main",
		"repository.defaultBranchRef.target.oid": r.Head("main"),
		"repository.file.__typename":             "Blob",
		"repository.file.oid":                    "ce013625030ba8dba906f756967f9e9ca394464a",
		"repository.file.text":                   "hello\n",
		"repository.file.byteSize":               6,
		"repository.binary.isBinary":             true,
		"repository.binary.text":                 nil,
		"repository.dir.entries.0.path":          "dir/a.go",
		"repository.dir.entries.0.mode":          0o100644,
		"repository.dir.entries.0.object.text":   "package a\n",
		"repository.none":                        nil,
		"repository.commit.script.mode":          0o100755,
		"repository.commit.script.type":          "blob",
		"repository.commit.nothing":              nil,
		"repository.commit.parents.totalCount":   1,
	})
}

func TestACommentsTextIsPagedBeyondAHundred(t *testing.T) {
	_, _, r, c := start(t)
	p := r.Open(githubtest.PullRequest{Author: "ann", Files: githubtest.Files{"a.go": "package a\n"}})
	for i := range 230 {
		p.Comment("ben", fmt.Sprintf("comment %d", i))
	}
	for i := range 120 {
		p.Push("ann", githubtest.Files{"a.go": fmt.Sprintf("package a // %d\n", i)}, githubtest.CoAuthored("ben"))
	}
	var cursor any
	var bodies []string
	for range 3 {
		a := c.must(`query($after: String) { repository(owner: "acme", name: "cloud") { pullRequest(number: 1) {
			comments(first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { body fullDatabaseId } } } } }`, map[string]any{"after": cursor})
		page := a.at("repository.pullRequest.comments.nodes").([]any)
		for _, n := range page {
			bodies = append(bodies, n.(map[string]any)["body"].(string))
		}
		cursor = a.at("repository.pullRequest.comments.pageInfo.endCursor")
		if more := a.at("repository.pullRequest.comments.pageInfo.hasNextPage"); more != (len(bodies) < 230) {
			t.Fatalf("more is %v after %d", more, len(bodies))
		}
	}
	if len(bodies) != 230 || bodies[0] != "comment 0" || bodies[229] != "comment 229" {
		t.Errorf("%d comments, %v", len(bodies), bodies)
	}
	a := c.must(`{ repository(owner: "acme", name: "cloud") { pullRequest(number: 1) {
		head: commits(last: 1) { nodes { commit { oid } } }
		commits(first: 100) { totalCount pageInfo { hasNextPage } nodes { commit { oid authors(first: 5) { totalCount nodes { email user { login } } } committer { user { login } } } } } } } }`, nil)
	a.want(t, map[string]any{
		"repository.pullRequest.head.nodes.0.commit.oid":                           p.Head(),
		"repository.pullRequest.commits.totalCount":                                121,
		"repository.pullRequest.commits.pageInfo.hasNextPage":                      true,
		"repository.pullRequest.commits.nodes.1.commit.authors.totalCount":         2,
		"repository.pullRequest.commits.nodes.1.commit.authors.nodes.1.user.login": "ben",
		"repository.pullRequest.commits.nodes.1.commit.committer.user.login":       "ann",
	})
}

func TestAPullRequestIsTold(t *testing.T) {
	s, o, r, c := start(t)
	team := o.Team("Platform", "ben").Grant(r, "push")
	s.User("ben").Busy(true)
	p := r.Open(githubtest.PullRequest{Author: "ann", Title: "One", Files: githubtest.Files{"a.go": "package a\n"}})
	first := p.Head()
	p.Label("ben", "risk")
	p.Unlabel("ben", "risk")
	p.Label("ben", "infra")
	p.Request("ann", "ben")
	p.Request("ann", "acme/"+team.Slug())
	review := p.Review("dora", "approve", "fine")
	comment := p.Comment("dependabot[bot]", "/assign-dri")
	p.EditComment(comment, "ben", "/other")
	comment.React("rolecall[bot]", "+1")
	p.DeleteComment(p.Comment("ben", "gone"), "ann")
	p.ForcePush("ann", githubtest.Files{"a.go": "package b\n"})
	p.PostCheck(s.OtherApp("ci"), "build", "success")
	p.PostStatus("ben", "legacy", "pending")

	a := c.must(`query($ci: Int!) { repository(owner: "acme", name: "cloud") { pullRequest(number: 1) {
		id number title state isDraft isCrossRepository changedFiles url headRefOid baseRefName
		author { __typename login }
		labels(first: 100) { nodes { name } }
		reviews(first: 100, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]) { nodes { fullDatabaseId state submittedAt author { login } commit { oid } } }
		comments(first: 100) { nodes { author { __typename login } body editor { login } lastEditedAt includesCreatedEdit viewerDidAuthor authorAssociation
			reactionGroups { content viewerHasReacted } } }
		reviewRequests(first: 100) { totalCount nodes { requestedReviewer { __typename ... on User { login status { indicatesLimitedAvailability expiresAt } } ... on Team { combinedSlug } } } }
		timelineItems(first: 100, itemTypes: [LABELED_EVENT, UNLABELED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT, COMMENT_DELETED_EVENT, REVIEW_REQUESTED_EVENT]) { totalCount nodes { __typename
			... on LabeledEvent { actor { login } label { name } createdAt }
			... on HeadRefForcePushedEvent { beforeCommit { oid } afterCommit { oid } }
			... on CommentDeletedEvent { actor { login } deletedCommentAuthor { login } }
			... on ReviewRequestedEvent { requestedReviewer { ... on Team { slug } } } } }
		everything: timelineItems(first: 100) { totalCount nodes { __typename ... on Node { id } } }
		files(first: 10) { nodes { path changeType } }
		commits(last: 1) { nodes { commit {
			checkSuites(first: 10, filterBy: {appId: $ci}) { totalCount nodes { app { slug databaseId } checkRuns(first: 10, filterBy: {checkType: LATEST}) { nodes { name status conclusion databaseId externalId } } } }
			named: checkSuites(first: 10, filterBy: {checkName: "build"}) { totalCount }
			none: checkSuites(first: 10, filterBy: {checkName: "other"}) { totalCount }
			statusCheckRollup { state contexts(first: 100) { checkRunCount totalCount nodes { __typename ... on CheckRun { name checkSuite { app { slug } } } ... on StatusContext { context state } } } } } } }
	} } }`, map[string]any{"ci": s.OtherApp("ci").ID()})
	const pr = "repository.pullRequest."
	a.want(t, map[string]any{
		pr + "id":                                                                       p.NodeID(),
		pr + "state":                                                                    "OPEN",
		pr + "author.__typename":                                                        "User",
		pr + "changedFiles":                                                             1,
		pr + "labels.nodes.0.name":                                                      "infra",
		pr + "reviews.nodes.0.fullDatabaseId":                                           review.ID(),
		pr + "reviews.nodes.0.commit.oid":                                               first,
		pr + "reviews.nodes.0.state":                                                    "APPROVED",
		pr + "comments.nodes.0.author.__typename":                                       "Bot",
		pr + "comments.nodes.0.author.login":                                            "dependabot",
		pr + "comments.nodes.0.editor.login":                                            "ben",
		pr + "comments.nodes.0.includesCreatedEdit":                                     true,
		pr + "comments.nodes.0.viewerDidAuthor":                                         false,
		pr + "comments.nodes.0.reactionGroups.0":                                        map[string]any{"content": "THUMBS_UP", "viewerHasReacted": true},
		pr + "reviewRequests.totalCount":                                                2,
		pr + "reviewRequests.nodes.0.requestedReviewer":                                 map[string]any{"__typename": "User", "login": "ben", "status": map[string]any{"indicatesLimitedAvailability": true, "expiresAt": nil}},
		pr + "reviewRequests.nodes.1.requestedReviewer":                                 map[string]any{"__typename": "Team", "combinedSlug": "acme/platform"},
		pr + "timelineItems.totalCount":                                                 7,
		pr + "timelineItems.nodes.0.label.name":                                         "risk",
		pr + "timelineItems.nodes.4.requestedReviewer":                                  map[string]any{"slug": "platform"},
		pr + "timelineItems.nodes.5":                                                    map[string]any{"__typename": "CommentDeletedEvent", "actor": map[string]any{"login": "ann"}, "deletedCommentAuthor": map[string]any{"login": "ben"}},
		pr + "timelineItems.nodes.6.beforeCommit.oid":                                   first,
		pr + "timelineItems.nodes.6.afterCommit.oid":                                    p.Head(),
		pr + "files.nodes.0":                                                            map[string]any{"path": "a.go", "changeType": "ADDED"},
		pr + "commits.nodes.0.commit.checkSuites.nodes.0.app.slug":                      "ci",
		pr + "commits.nodes.0.commit.checkSuites.nodes.0.checkRuns.nodes.0.conclusion":  "SUCCESS",
		pr + "commits.nodes.0.commit.named.totalCount":                                  1,
		pr + "commits.nodes.0.commit.none.totalCount":                                   0,
		pr + "commits.nodes.0.commit.checkSuites.totalCount":                            1,
		pr + "commits.nodes.0.commit.statusCheckRollup.state":                           "PENDING",
		pr + "commits.nodes.0.commit.statusCheckRollup.contexts.checkRunCount":          1,
		pr + "commits.nodes.0.commit.statusCheckRollup.contexts.nodes.1.context":        "legacy",
		pr + "commits.nodes.0.commit.statusCheckRollup.contexts.nodes.0.checkSuite.app": map[string]any{"slug": "ci"},
		pr + "commits.nodes.0.commit.statusCheckRollup.contexts.nodes.1.state":          "PENDING",
		pr + "commits.nodes.0.commit.statusCheckRollup.contexts.nodes.0.__typename":     "CheckRun",
		pr + "commits.nodes.0.commit.checkSuites.nodes.0.checkRuns.nodes.0.externalId":  "",
		pr + "commits.nodes.0.commit.checkSuites.nodes.0.checkRuns.nodes.0.status":      "COMPLETED",
		pr + "commits.nodes.0.commit.checkSuites.nodes.0.app.databaseId":                s.OtherApp("ci").ID(),
		pr + "commits.nodes.0.commit.checkSuites.nodes.0.checkRuns.nodes.0.name":        "build",
		pr + "commits.nodes.0.commit.statusCheckRollup.contexts.nodes.0.name":           "build",
		pr + "commits.nodes.0.commit.statusCheckRollup.contexts.totalCount":             2,
	})
	if n := a.at(pr + "everything.totalCount").(float64); n < 10 {
		t.Errorf("the whole timeline has %v items", n)
	}
	node := c.must(`query($id: ID!) { node(id: $id) { ... on PullRequest { number } } }`, map[string]any{"id": p.NodeID()})
	node.want(t, map[string]any{"node.number": 1})
}

func TestABusyStatusMayBeHidden(t *testing.T) {
	s, _, r, c := start(t)
	s.User("ben").Busy(true)
	r.Open(githubtest.PullRequest{Author: "ann", Files: githubtest.Files{"a.go": "package a\n"}}).Request("ann", "ben")
	const query = `query { repository(owner: "acme", name: "cloud") { pullRequest(number: 1) {
		reviewRequests(first: 1) { nodes { requestedReviewer { ... on User { status { indicatesLimitedAvailability } } } } } } } }`
	for _, hidden := range []bool{false, true} {
		if hidden {
			s.User("ben").HideStatus()
		}
		got, err := json.Marshal(c.must(query, nil))
		if err != nil {
			t.Fatal(err)
		}
		if shown := strings.Contains(string(got), "true"); shown == hidden {
			t.Errorf("hidden %v: %s", hidden, got)
		}
	}
}

func TestWhatAnInstallationMayNotSeeIsAnErrorBesideTheRest(t *testing.T) {
	s, o, r, c := start(t)
	o.Team("core", "ann").Grant(r, "push")
	r.Open(githubtest.PullRequest{Author: "ann", Files: githubtest.Files{"a.go": "package a\n"}}).Request("ann", "acme/core")
	floor := o.Repo(".github")
	floor.Commit("main", "Floor", githubtest.Files{"rolecall.hcl": "x"})
	s.Org("other").Repo("private")
	s.App().Installation("acme").Select(r)
	const query = `{
		repository(owner: "acme", name: "cloud") { policy: object(expression: "HEAD:README.md") { oid } pullRequest(number: 1) { title reviewRequests(first: 1) { nodes { requestedReviewer { ... on Team { slug } } } } } }
		floor: repository(owner: "acme", name: ".github") { object(expression: "HEAD:rolecall.hcl") { oid } }
		other: repository(owner: "other", name: "private") { id }
		organization(login: "acme") { team(slug: "core") { members(first: 100, membership: ALL) { nodes { login } } } }
		missing: repository(owner: "acme", name: "cloud") { pullRequest(number: 99) { title } }
	}`
	a := c.ask(query, nil)
	got := map[string]string{}
	for _, e := range a.Errors {
		got[fmt.Sprint(e.Path)] = e.Type
	}
	if want := (map[string]string{"[floor]": "NOT_FOUND", "[other]": "NOT_FOUND", "[missing pullRequest]": "NOT_FOUND"}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("errors %v, want %v", got, want)
	}
	a.want(t, map[string]any{
		"floor": nil, "other": nil, "repository.pullRequest.title": "Change", "missing.pullRequest": nil,
		"organization.team.members.nodes.0.login": "ann",
	})

	s.App().Permit("contents", "")
	s.App().Permit("members", "")
	a = c.ask(query, nil)
	forbidden := 0
	for _, e := range a.Errors {
		if e.Type == "FORBIDDEN" && e.Message == "Resource not accessible by integration" {
			forbidden++
		}
	}
	if forbidden != 3 {
		t.Errorf("%d fields are forbidden: %s", forbidden, a.body)
	}
	a.want(t, map[string]any{"repository.policy": nil, "repository.pullRequest.title": "Change", "organization.team": nil,
		"repository.pullRequest.reviewRequests.nodes.0.requestedReviewer": nil})
}

func TestATeamsMembersAreReadWithAndWithoutChildTeams(t *testing.T) {
	_, o, _, c := start(t)
	parent := o.Team("parent", "ann").Invite("later")
	o.Team("child", "ben", "ann").Under(parent)
	for kind, want := range map[string]string{"ALL": "[ann ben]", "IMMEDIATE": "[ann]", "CHILD_TEAM": "[ben]"} {
		a := c.must(`query($kind: TeamMembershipType!) { organization(login: "acme") { team(slug: "parent") { members(first: 100, membership: $kind) { edges { role node { login } } } } } }`,
			map[string]any{"kind": kind})
		var got []string
		for _, e := range a.at("organization.team.members.edges").([]any) {
			got = append(got, e.(map[string]any)["node"].(map[string]any)["login"].(string))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", kind, got, want)
		}
	}
}

func TestAMergeQueuesEntriesAreReadInTheirOrder(t *testing.T) {
	_, _, r, c := start(t)
	one := r.Open(githubtest.PullRequest{Author: "ann", Files: githubtest.Files{"a.go": "package a\n"}})
	two := r.Open(githubtest.PullRequest{Author: "ann", Files: githubtest.Files{"b.go": "package b\n"}})
	one.Enqueue()
	two.Enqueue()
	g := r.BuildGroup("main", 2)
	a := c.must(`{ repository(owner: "acme", name: "cloud") {
		none: mergeQueue(branch: "release") { id }
		mergeQueue(branch: "main") { entries(first: 100) { nodes { position state headCommit { oid } baseCommit { oid } pullRequest { number mergeQueueEntry { position } } } } } } }`, nil)
	a.want(t, map[string]any{
		"repository.none": nil,
		"repository.mergeQueue.entries.nodes.0.position":                             1,
		"repository.mergeQueue.entries.nodes.0.baseCommit.oid":                       r.Head("main"),
		"repository.mergeQueue.entries.nodes.1.headCommit.oid":                       g.HeadSHA(),
		"repository.mergeQueue.entries.nodes.1.pullRequest.number":                   2,
		"repository.mergeQueue.entries.nodes.1.pullRequest.mergeQueueEntry.position": 2,
	})
}

func TestQueriesAreCountedByTheirNames(t *testing.T) {
	s, _, _, c := start(t)
	a := c.must(`query Budget { viewer { login } rateLimit { cost remaining limit used nodeCount resetAt } repository(owner: "acme", name: "cloud") { pullRequests(first: 50) { nodes { comments(first: 100) { nodes { id } } } } } }`, nil)
	a.want(t, map[string]any{"viewer.login": "rolecall[bot]", "rateLimit.cost": 1, "rateLimit.nodeCount": 5050, "rateLimit.used": 1})
	if calls := s.CallsOf("graphql"); len(calls) != 1 || calls[0].Query != "Budget" {
		t.Errorf("the log holds %+v", calls)
	}
}

// quiet is a test whose failures are looked at instead of shown.
type quiet struct{ failures []string }

func (q *quiet) Helper() {}
func (q *quiet) Errorf(format string, args ...any) {
	q.failures = append(q.failures, fmt.Sprintf(format, args...))
}
func (q *quiet) Fatalf(format string, args ...any) { q.Errorf(format, args...) }
func (q *quiet) Cleanup(func())                    {}

func TestWhatTheFakeDoesNotKnowFailsTheTest(t *testing.T) {
	for name, query := range map[string]string{
		"a field that the schema has not":                    `{ repository(owner: "acme", name: "cloud") { nonsense } }`,
		"a field that nobody implemented":                    `{ repository(owner: "acme", name: "cloud") { diskUsage } }`,
		"an argument that nobody implemented":                `{ repository(owner: "acme", name: "cloud") { labels(first: 1, orderBy: {field: NAME, direction: ASC}) { totalCount } } }`,
		"an argument of a wrong type":                        `{ repository(owner: "acme", name: 4) { id } }`,
		"a mutation that nobody implemented":                 `mutation { closePullRequest(input: {pullRequestId: "x"}) { clientMutationId } }`,
		"a query without the variable that it must be given": `query($n: Int!) { repository(owner: "acme", name: "cloud") { pullRequest(number: $n) { id } } }`,
	} {
		t.Run(name, func(t *testing.T) {
			q := &quiet{}
			s := githubtest.New(q, githubtest.Options{})
			defer s.Close()
			s.Org("acme").Repo("cloud")
			a := client{t, s, s.TokenFor("acme")}.ask(query, nil)
			if len(a.Errors) == 0 {
				t.Errorf("the answer holds no errors: %s", a.body)
			}
			if len(s.Problems()) != 1 {
				t.Errorf("problems: %v", s.Problems())
			}
		})
	}
}

func TestAPageGoesOnAtItsPlaceThoughAnEarlierCommentIsDeleted(t *testing.T) {
	_, _, r, c := start(t)
	p := r.Open(githubtest.PullRequest{Author: "ann", Files: githubtest.Files{"a.go": "package a\n"}})
	for i := range 4 {
		p.Comment("ben", fmt.Sprint(i))
	}
	const query = `query($after: String) { repository(owner: "acme", name: "cloud") { pullRequest(number: 1) { comments(first: 2, after: $after) { pageInfo { endCursor } nodes { body } } } } }`
	const list = "repository.pullRequest.comments."
	a := c.must(query, nil)
	p.DeleteComment(p.Comments()[1], "ben")
	a = c.must(query, map[string]any{"after": a.at(list + "pageInfo.endCursor")})
	a.want(t, map[string]any{list + "nodes.0.body": "2", list + "nodes.1.body": "3"})
}

func TestBranchesAreListedBelowAPrefix(t *testing.T) {
	_, _, r, c := start(t)
	p := r.Open(githubtest.PullRequest{Author: "ann", Head: "topic", Files: githubtest.Files{"a.go": "package a\n"}})
	p.Enqueue()
	g := r.BuildGroup("main", 1)
	a := c.must(`{ repository(owner: "acme", name: "cloud") {
		groups: refs(refPrefix: "refs/heads/gh-readonly-queue/main/", first: 100) { nodes { name prefix target { oid } } }
		all: refs(refPrefix: "refs/heads/", first: 100) { totalCount nodes { name } }
		ref(qualifiedName: "refs/heads/topic") { name prefix } } }`, nil)
	a.want(t, map[string]any{
		"repository.groups.nodes.0.target.oid": g.HeadSHA(),
		"repository.groups.nodes.0.name":       strings.TrimPrefix(g.HeadRef(), "gh-readonly-queue/main/"),
		"repository.all.totalCount":            3,
		"repository.all.nodes.2.name":          "topic",
		"repository.ref.prefix":                "refs/heads/",
	})
}

func TestAUsedUpBudgetIsAnErrorWithStatus200(t *testing.T) {
	s, _, _, c := start(t)
	s.SetLimits(githubtest.Limits{GraphQLHourly: 2})
	c.must(`{ viewer { login } }`, nil)
	c.must(`{ viewer { login } }`, nil)
	a := c.ask(`{ viewer { login } }`, nil)
	if a.status != 200 || len(a.Errors) != 1 || a.Errors[0].Type != "RATE_LIMITED" {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}
