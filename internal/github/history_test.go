package github_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/rolecall/rolecall/internal/github"
	"github.com/rolecall/rolecall/internal/githubtest"
)

func TestTheHistoryIsWhoWorkedOnWhichFiles(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	w.org.Member("ana", "bo", "cy")
	w.repo.Commit("main", "Start", githubtest.Files{"a.go": "package a\n"})
	pr := w.repo.Open(githubtest.PullRequest{Author: "ana", Files: githubtest.Files{"a.go": "package a\n\n// x\n", "b/b.go": "package b\n"}})
	pr.Approve("bo")
	pr.Review("bo", "comment", "and")
	pr.Review("cy", "comment", "hm")
	pr.MustMerge("ana")
	w.repo.Open(githubtest.PullRequest{Author: "cy", Files: githubtest.Files{"c.go": "package c\n"}}) // open
	closed := w.repo.Open(githubtest.PullRequest{Author: "cy", Files: githubtest.Files{"d.go": "package d\n"}})
	closed.Close("cy")

	got, err := w.client.History(context.Background(), "acme", "infra", time.Now().Add(-time.Hour))
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	m := got[0]
	slices.Sort(m.Reviewers)
	if m.Number != pr.Number() || m.Author.Login != "ana" || !slices.Equal(m.Reviewers, []string{"bo", "cy"}) || m.At.IsZero() || !maps.Equal(m.Lines, map[string]int{"a.go": 2, "b/b.go": 1}) {
		t.Errorf("%+v", m)
	}
	if got, err := w.client.History(context.Background(), "acme", "infra", time.Now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("of the future: %+v, %v", got, err)
	}
}

func TestALongHistoryTakesABoundedNumberOfCalls(t *testing.T) {
	w := newWorld(t, githubtest.Options{NoValidation: true})
	w.repo.Commit("main", "Start", githubtest.Files{"a.go": "package a\n"})
	for i := range 120 {
		w.repo.Open(githubtest.PullRequest{Author: "ana", Files: githubtest.Files{fmt.Sprintf("f%d.go", i): "package f\n"}}).MustMerge("ana")
	}
	w.ResetCalls()
	got, err := w.client.History(context.Background(), "acme", "infra", time.Now().Add(-time.Hour))
	if err != nil || len(got) != 120 {
		t.Fatalf("%d pull requests, %v", len(got), err)
	}
	calls := 0
	for _, c := range w.Calls() {
		if c.Operation != "apps/create-installation-access-token" {
			calls++
		}
	}
	if calls != 3 || calls > github.HistoryCalls {
		t.Errorf("120 pull requests took %d calls", calls)
	}
}

func TestWhoIsBusyIsAskedForAHundredAtATime(t *testing.T) {
	w := newWorld(t, githubtest.Options{})
	var logins []string
	for i := range 130 {
		login := fmt.Sprintf("p%03d", i)
		w.org.Member(login)
		logins = append(logins, login)
	}
	w.User("p007").Busy(true)
	w.User("p120").Busy(true)
	logins = append(logins, "nobody-of-that-name")
	w.ResetCalls()
	busy, gone, err := w.client.Busy(context.Background(), logins)
	if err != nil || !maps.Equal(busy, map[string]bool{"p007": true, "p120": true}) || !slices.Equal(gone, []string{"nobody-of-that-name"}) {
		t.Errorf("busy %v, gone %v, %v", busy, gone, err)
	}
	if n := len(w.CallsOf("graphql")); n > 2 {
		t.Errorf("%d calls", n)
	}
	if _, gone, err := w.client.Busy(context.Background(), nil); err != nil || len(gone) != 0 {
		t.Errorf("of nobody: %v, %v", gone, err)
	}
}
