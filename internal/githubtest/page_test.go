package githubtest_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/rolecall/rolecall/internal/githubtest"
)

func TestPagesShowWhatThereIsAndLetAnybodyBePlayed(t *testing.T) {
	p := newPlace(t, githubtest.Options{})
	if _, _, err := p.c.inst.Checks.CreateCheckRun(t.Context(), "acme", "cloud", github.CreateCheckRunOptions{
		Name: "rolecall: main", HeadSHA: p.pr.Head(), Status: github.String("in_progress"),
		Output:  &github.CheckRunOutput{Title: github.String("Waiting"), Summary: github.String("| a | b |\n|---|---|\n| `x` | <script>evil()</script> |\n")},
		Actions: []*github.CheckRunAction{{Label: "Re-check", Description: "Look again", Identifier: "recheck"}},
	}); err != nil {
		t.Fatal(err)
	}
	visit := func(resp *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(text)
	}
	root := strings.TrimSuffix(p.gh.URL(), "/")
	if status, text := visit(http.Get(root + "/")); status != 200 || !strings.Contains(text, p.pr.URL()) {
		t.Errorf("the index: %d\n%s", status, text)
	}
	status, text := visit(http.Get(p.pr.URL()))
	if status != 200 || !strings.Contains(text, "<td><code>x</code></td>") || strings.Contains(text, "<script>") || !strings.Contains(text, "Re-check") {
		t.Errorf("the pull request: %d\n%s", status, text)
	}
	if status, _ := visit(http.Get(root + "/acme/cloud/pull/99")); status != 404 {
		t.Errorf("one that is not there: %d", status)
	}

	p.gh.Flush()
	p.events.events()
	play := func(as, do, text string) int {
		status, _ := visit(http.PostForm(p.pr.URL(), url.Values{"as": {as}, "do": {do}, "text": {text}}))
		return status
	}
	for _, step := range []struct {
		as, do, text string
		want         int
	}{
		{"ana", "comment", "/help", 200}, {"ana", "approve", "", 200}, {"bo", "label", "security", 200}, {"dan", "press rolecall: main recheck", "", 200},
		{"dan", "approve", "", 422}, {"ana", "comment", " ", 422}, {"", "approve", "", 422}, {"ana", "dance", "", 422}, {"dan", "press rolecall: main x", "", 422},
		{"bo", "merge", "", 200},
	} {
		if status := play(step.as, step.do, step.text); status != step.want {
			t.Errorf("%s %s: %d, want %d", step.as, step.do, status, step.want)
		}
	}
	if p.pr.State() != "merged" {
		t.Errorf("it is %s", p.pr.State())
	}
	p.gh.Flush()
	told := strings.Join(p.events.events(), " ")
	for _, event := range []string{"issue_comment.created", "pull_request_review.submitted", "pull_request.labeled", "check_run.requested_action", "pull_request.closed"} {
		if !strings.Contains(told, event) {
			t.Errorf("no %s among %s", event, told)
		}
	}
}
