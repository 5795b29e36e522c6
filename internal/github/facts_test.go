package github_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/policy/fact"
)

// odd is an answer with everything that GitHub leaves out or refuses.
const odd = `{"data":{"repository":{"defaultBranchRef":null,"policy":null,"pullRequest":{
	"id":"PR_1","url":"https://github.com/acme/infra/pull/12","title":"t","body":"","author":null,"state":"OPEN","isDraft":true,
	"isCrossRepository":false,"headRepository":null,"createdAt":"2026-01-02T03:04:05+02:00","updatedAt":"2026-01-02T03:04:05Z",
	"baseRefName":"gone","baseRefOid":"b0","baseRef":null,"headRefName":"x","headRefOid":"h0","changedFiles":1,
	"labels":null,"assignees":{"nodes":[]},
	"reviewRequests":{"totalCount":3,"nodes":[{"requestedReviewer":null},{"requestedReviewer":{"__typename":"Mannequin","login":"Old"}},{"requestedReviewer":{"__typename":"Bot","login":"copilot[bot]"}}]},
	"timelineItems":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[
		{"__typename":"HeadRefForcePushedEvent","actor":null,"createdAt":"2026-01-02T03:04:05Z","beforeCommit":null,"afterCommit":null},
		{"__typename":"ReviewRequestedEvent","actor":null,"createdAt":"2026-01-02T03:04:05Z","requestedReviewer":null},
		{"__typename":"CommentDeletedEvent","actor":{"__typename":"User","login":"Dan"},"createdAt":"2026-01-02T03:04:05Z","deletedCommentAuthor":null}]},
	"reviews":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[{"fullDatabaseId":"9007199254740993","author":null,"state":"APPROVED","submittedAt":null,"commit":null}]},
	"comments":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[{"id":"IC","fullDatabaseId":null,"author":{"__typename":"EnterpriseUserAccount","login":"Ana"},
		"authorAssociation":"FIRST_TIME_CONTRIBUTOR","body":"b","createdAt":"2026-01-02T03:04:05Z","lastEditedAt":null,"includesCreatedEdit":false,
		"editor":{"__typename":"User","login":"x"},"viewerDidAuthor":false,"reactionGroups":null}]},
	"commits":{"totalCount":2,"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[{"commit":{"oid":"c0","committedDate":"2026-01-02T03:04:05Z","tree":{"oid":"t0"},
		"parents":{"totalCount":1,"nodes":[{"oid":"p0"}]},
		"author":{"name":"dependabot[bot]","email":"49699333+dependabot[bot]@users.noreply.github.com","user":null},
		"authors":{"totalCount":101,"nodes":[{"name":"Nobody","email":"n@example.com","user":null},{"name":"x","email":"y","user":{"login":"Bo"}}]},
		"committer":{"name":"GitHub","email":"noreply@github.com","user":{"login":"web-flow"}}}}]},
	"head":{"nodes":[{"commit":{"oid":"another","checkSuites":null,"statusCheckRollup":null}}]}}},"floor":null},
	"errors":[{"type":"NOT_FOUND","path":["floor"],"message":"Could not resolve to a Repository"},
		{"type":"FORBIDDEN","path":["repository","pullRequest","reviewRequests","nodes",0,"requestedReviewer"],"message":"Resource not accessible by integration"},
		{"type":"FORBIDDEN","path":["repository","policy"],"message":"Resource not accessible by integration"}]}`

const unseen = `{"data":{"repository":{"pullRequest":{"state":"OPEN","updatedAt":"2026-01-02T03:04:05Z","baseRefName":"gone","headRefOid":"h0"},"head":null}}}`

func TestWhatGitHubLeavesOutIsNotMadeUp(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), "object(oid: $head)") { // which the list of commits does not lead to
			fmt.Fprint(w, unseen)
			return
		}
		fmt.Fprint(w, odd)
	})
	got, err := s.app(t, "/").Client(7).Pull(context.Background(), pull, all)
	if err != nil {
		t.Fatal(err)
	}
	p := got.Pull
	if !p.Fork || !p.Draft || p.Author.Login != "" || p.Author.Name == "" || p.Base.SHA != "b0" || p.DefaultBranch != "" {
		t.Errorf("%+v", p)
	}
	if _, offset := p.CreatedAt.Zone(); offset != 0 || p.CreatedAt.Hour() != 1 {
		t.Errorf("created at %v", p.CreatedAt)
	}
	if diff := cmp.Diff([]fact.Request{{Login: "old"}, {Login: "copilot"}}, p.Requests); diff != "" {
		t.Error(diff)
	}
	if len(p.ForcePushes) != 1 || p.ForcePushes[0].Before != "" || len(p.RequestEvents) != 0 || len(p.DeletedComments) != 1 {
		t.Errorf("timeline: %+v, %+v, %+v", p.ForcePushes, p.RequestEvents, p.DeletedComments)
	}
	if r := p.Reviews[0]; r.ID != 9007199254740993 || r.Author.Login != "" || r.Commit != "" || !r.At.IsZero() {
		t.Errorf("review: %+v", r)
	}
	if c := p.Comments[0]; !c.Edited || c.Author != (fact.Person{Login: "ana"}) || c.Access != "first_time_contributor" {
		t.Errorf("comment: %+v", c)
	}
	if diff := cmp.Diff([]fact.Person{{Login: "dependabot", Bot: true}, {Name: "Nobody", Email: "n@example.com"}, {Login: "bo"}}, p.Commits[0].People); diff != "" {
		t.Error(diff)
	}
	if len(p.Gaps) != 2 || p.Gaps[0].About != fact.AboutCommits || p.Gaps[1].About != fact.AboutCommits {
		t.Errorf("gaps: %+v", p.Gaps)
	}
	if got.Floor.Found || got.Floor.Problem != "" || got.Policy.Found || got.Policy.Problem == "" || len(p.Checks) != 0 {
		t.Errorf("policies %+v, %+v, checks %+v", got.Policy, got.Floor, p.Checks)
	}
}

func TestARefusalOfWhatIsNeededIsAnError(t *testing.T) {
	for _, path := range []string{`["repository","pullRequest","commits"]`, `["repository","pullRequest"]`, `["repository","pullRequest","reviews","nodes",3,"author"]`, `[]`} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"data":{"repository":{"pullRequest":null}},"errors":[{"type":"FORBIDDEN","path":%s,"message":"no"}]}`, path)
		})
		if _, err := s.app(t, "/").Client(7).Pull(context.Background(), pull, github.PullOptions{}); err == nil {
			t.Errorf("%s was taken for nothing", path)
		}
	}
}
