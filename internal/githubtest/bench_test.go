package githubtest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rolecall/rolecall/internal/githubtest"
)

// BenchmarkPullRequest opens a pull request, delivers its events and answers
// what a client asks and writes for it, with validation off as under load.
func BenchmarkPullRequest(b *testing.B) {
	gh, err := githubtest.Start(githubtest.Options{NoValidation: true})
	if err != nil {
		b.Fatal(err)
	}
	defer gh.Close()
	sink := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer sink.Close()
	gh.App().DeliverTo(sink.URL)
	org := gh.Org("acme")
	repo := org.Repo("cloud")
	org.Team("cloud", "ana", "bo").Grant(repo, "push")
	repo.Commit("main", "Start", githubtest.Files{"main.go": "package main\n"}, githubtest.By("ana"))
	token := gh.TokenFor("acme")
	call := func(method, path, body string) {
		r, err := http.NewRequestWithContext(context.Background(), method, gh.URL()+path, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			b.Fatalf("%s %s: %s", method, path, resp.Status)
		}
	}
	n := 0
	for b.Loop() {
		n++
		pr := repo.Open(githubtest.PullRequest{Author: "dan", Head: fmt.Sprintf("change-%d", n), Files: githubtest.Files{fmt.Sprintf("dir/%d.tf", n): "x = 1\n"}})
		call("GET", fmt.Sprintf("repos/acme/cloud/pulls/%d", pr.Number()), "")
		call("GET", "repos/acme/cloud/compare/main..."+pr.Head(), "")
		call("POST", "repos/acme/cloud/check-runs", `{"name":"rolecall: main","head_sha":"`+pr.Head()+`","status":"in_progress"}`)
		call("POST", fmt.Sprintf("repos/acme/cloud/pulls/%d/requested_reviewers", pr.Number()), `{"reviewers":["ana"]}`)
	}
	gh.Flush()
}
