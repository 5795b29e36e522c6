package github_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/rolecall/rolecall/internal/github"
	contract "github.com/rolecall/rolecall/testdata/github"
)

func TestAPathThatIsNotWhatItSeemsIsStrange(t *testing.T) {
	for path, want := range map[string]string{
		"instances/main.tf":    "",
		"docs/Überblick 日本.md": "",
		`a\b`:                  "",
		".github/rolecall.hcl": "",
		"a/../b":               "its path has an empty part, or one of dots",
		"./a":                  "its path has an empty part, or one of dots",
		"a//b":                 "its path has an empty part, or one of dots",
		"a/":                   "its path has an empty part, or one of dots",
		"/etc/passwd":          "its path is not relative",
		"":                     "its path is not relative",
		"a\nb":                 "its path has a control character",
		"a\x00b":               "its path has a control character",
		"main.\u202eft":        "its path has an invisible character",
		"ma\u200bin.tf":        "its path has an invisible character",
		"main\ufffd.tf":        "its path is not UTF-8",
		"x/.GIT/hooks/a":       "its path leads into git's own folder",
	} {
		if got := github.StrangePath(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

func FuzzPathsAndBranchesFromOutside(f *testing.F) {
	f.Add("a/../b")
	f.Add("gh-readonly-queue/main/pr-12-0123456789abcdef0123456789abcdef01234567")
	f.Add("main.\u202eft")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := github.GroupPull(s); ok && (n <= 0 || !strings.Contains(s, fmt.Sprint(n))) {
			t.Errorf("%q names pull request %d", s, n)
		}
		if github.StrangePath(s) != "" {
			return
		}
		if path.Clean("/"+s) != "/"+s || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%q is taken for an ordinary path", s)
		}
	})
}

func TestAGroupThatTheQueueDoesNotTellIsFoundByItsBranch(t *testing.T) {
	const sha = "0123456789abcdef0123456789abcdef01234567"
	schema, gerr := gqlparser.LoadSchema(&ast.Source{Input: contract.GraphQL})
	if gerr != nil {
		t.Fatal(gerr)
	}
	for queue, answer := range map[string]string{
		"refused":  `{"data":{"repository":{"mergeQueue":null}},"errors":[{"type":"FORBIDDEN","path":["repository","mergeQueue"],"message":"Resource not accessible by integration"}]}`,
		"moved on": `{"data":{"repository":{"mergeQueue":{"entries":{"nodes":[{"position":1,"headCommit":{"oid":"other"},"pullRequest":{"number":9}}]}}}}}`,
		"absent":   `{"data":{"repository":{"mergeQueue":null}}}`,
	} {
		t.Run(queue, func(t *testing.T) {
			branches := fmt.Sprintf(`{"name":"pr-12-%s","target":{"oid":%q}},{"name":"pr-13-%s","target":{"oid":"other"}}`, sha, sha, sha)
			s := serve(t, nil)
			s.answer = func(w http.ResponseWriter, _ *http.Request) {
				if strings.Contains(s.bodies[len(s.bodies)-1], "mergeQueue") {
					fmt.Fprint(w, answer)
					return
				}
				fmt.Fprintf(w, `{"data":{"repository":{"refs":{"nodes":[%s]}}}}`, branches)
			}
			client := s.app(t, "/").Client(7)
			got, err := client.GroupPulls(context.Background(), "acme", "infra", "main", sha, true)
			if err != nil || len(got) != 1 || got[0] != pull {
				t.Errorf("%v, %v", got, err)
			}
			branches = ""
			var e *github.Error
			if _, err := client.GroupPulls(context.Background(), "acme", "infra", "main", sha, true); !errors.As(err, &e) || e.Kind != github.NotFound {
				t.Errorf("a group that is over: %v", err)
			}
			for _, body := range s.bodies {
				var q graphQuery
				if err := json.Unmarshal([]byte(body), &q); err != nil {
					t.Fatal(err)
				}
				if _, errs := gqlparser.LoadQueryWithRules(schema, q.Query, nil); errs != nil {
					t.Error(errs)
				}
			}
		})
	}
}

func TestAMergeGroupsBranchNamesItsLastPullRequest(t *testing.T) {
	const sha = "0123456789abcdef0123456789abcdef01234567"
	for branch, want := range map[string]int{
		"gh-readonly-queue/main/pr-12-" + sha:          12,
		"refs/heads/gh-readonly-queue/a/b/pr-3-" + sha: 3,
		"pr-7-" + sha:              7,
		"pr-7":                     0,
		"xpr-7-" + sha:             0,
		"pr-0-" + sha:              0,
		"pr-12345678901234-" + sha: 0,
		"":                         0,
	} {
		if got, ok := github.GroupPull(branch); got != want && ok || ok != (want > 0) {
			t.Errorf("%q: %d, %v", branch, got, ok)
		}
	}
}
