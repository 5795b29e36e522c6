package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolecall/rolecall/internal/store"
	"github.com/rolecall/rolecall/internal/store/storetest"
	"github.com/rolecall/rolecall/policy/fact"
)

func pullRef(repo string, n int) fact.Ref {
	return fact.Ref{Installation: 1, Owner: "Acme", Repo: repo, Number: n}
}

func TestRequestsAreCountedByPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, ctx, now := storetest.Open(t, url), t.Context(), time.Now()
		set := func(repo string, n int, asked ...store.Asked) {
			t.Helper()
			if err := s.SetAsked(ctx, pullRef(repo, n), now, asked); err != nil {
				t.Fatal(err)
			}
		}
		people := func(repo string, n int) store.People {
			t.Helper()
			p, err := s.People(ctx, pullRef(repo, n))
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		choice := fact.Choice{Login: "ana", Role: "cloud", Open: 2, Changed: 14}
		set("a", 1, store.Asked{Who: "ana", At: now, Choice: &choice}, store.Asked{Who: "bo", At: now.Add(-time.Hour)})
		set("b", 1, store.Asked{Who: "ana", At: now}, store.Asked{Who: "acme/cloud", At: now})
		set("a", 2, store.Asked{Who: "ana", At: now.Add(-60 * 24 * time.Hour)})

		got := people("a", 1) // its own requests are not other ones
		if diff := cmp.Diff(map[string]int{"ana": 2, "bo": 0, "acme/cloud": 1}, got.Open); diff != "" {
			t.Errorf("open (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]int{"ana": 2, "bo": 1, "acme/cloud": 1}, got.Recent); diff != "" {
			t.Errorf("recent (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]fact.Choice{choice}, got.Choices); diff != "" {
			t.Errorf("choices (-want +got):\n%s", diff)
		}
		if got := people("c", 9); got.Open["ana"] != 3 || len(got.Choices) != 0 {
			t.Errorf("seen from elsewhere: %+v", got)
		}
		// The same again is no news, and why somebody was chosen stays.
		set("a", 1, store.Asked{Who: "ana", At: now.Add(time.Minute)}, store.Asked{Who: "bo", At: now})
		if got := people("a", 1); len(got.Choices) != 1 || got.Recent["ana"] != 2 {
			t.Errorf("after the same again: %+v", got)
		}
		// Who is not asked any more has nothing open, and was asked lately.
		set("a", 1)
		set("b", 1)
		if got := people("c", 9); got.Open["ana"] != 1 || got.Recent["ana"] != 2 || got.Open["bo"] != 0 || got.Recent["bo"] != 1 {
			t.Errorf("once they are done: %+v", got)
		}
		past, err := s.RequestsOf(ctx, pullRef("a", 1))
		if err != nil || len(past) != 2 || past[0].Who != "bo" || past[0].Choice != nil || past[1].Who != "ana" || past[1].Until.IsZero() || past[1].Choice == nil || *past[1].Choice != choice {
			t.Errorf("past requests %+v, %v", past, err)
		}
		if open, err := s.RequestsOf(ctx, pullRef("a", 2)); err != nil || len(open) != 1 || !open[0].Until.IsZero() {
			t.Errorf("open requests %+v, %v", open, err)
		}
		// A repository that is out of reach asks for nothing.
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.DropRepository(ctx, "acme", "A") })
		if got := people("c", 9); got.Open["ana"] != 0 {
			t.Errorf("of a repository out of reach: %+v", got.Open)
		}
		set("d", 1, store.Asked{Who: "ana", At: now})
		write(t, s, func(ctx context.Context, tx *store.Tx) error {
			return tx.SeePull(ctx, store.PullSeen{Ref: pullRef("d", 1), Open: true, UpdatedAt: now})
		})
		write(t, s, func(ctx context.Context, tx *store.Tx) error { return tx.DropInstallation(ctx, 1) })
		if got := people("c", 9); got.Open["ana"] != 0 {
			t.Errorf("of an installation that has ended: %+v", got.Open)
		}
		// Another owner's people are none of our business.
		if p, err := s.People(ctx, fact.Ref{Owner: "other", Repo: "a", Number: 1}); err != nil || len(p.Open) != 0 {
			t.Errorf("another owner: %+v, %v", p, err)
		}
	})
}

func TestWhoKnowsWhichFiles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, ctx, now := storetest.Open(t, url), t.Context(), time.Now()
		ref := pullRef("a", 0)
		merged := []store.Merged{
			{Number: 1, At: now, Author: "ana", Reviewers: []string{"bo", "ana"}, Lines: map[string]int{"net/a.go": 10, "net/b.go": 4}},
			{Number: 2, At: now, Author: "", Reviewers: []string{"bo"}, Lines: map[string]int{"net/a.go": 9000}},
			{Number: 3, At: now.Add(-400 * 24 * time.Hour), Author: "cy", Lines: map[string]int{"net/a.go": 10}},
		}
		everything := map[string]int{}
		for i := range 301 {
			everything[string(rune('a'+i%26))+string(rune('a'+i/26))] = 1
		}
		merged = append(merged, store.Merged{Number: 4, At: now, Author: "eve", Lines: everything})
		for range 2 { // learning twice changes nothing
			if err := s.Learn(ctx, ref, merged...); err != nil {
				t.Fatal(err)
			}
		}
		knows := func(files ...fact.File) map[string]store.Knowledge {
			t.Helper()
			got, err := s.Knowledge(ctx, ref, files)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if diff := cmp.Diff(map[string]store.Knowledge{"ana": {Changed: 10}, "bo": {Reviewed: 510}}, knows(fact.File{Path: "net/a.go", Status: fact.Modified})); diff != "" {
			t.Errorf("one file (-want +got):\n%s", diff)
		}
		if got := knows(fact.File{Path: "net/c.go", PreviousPath: "net/b.go", Status: fact.Renamed}); got["ana"].Changed != 4 {
			t.Errorf("a renamed file: %+v", got)
		}
		if got := knows(fact.File{Path: "net/new.go", Status: fact.Added}); got["ana"].Changed != 14/4 {
			t.Errorf("a new file beside them: %+v", got)
		}
		if got := knows(fact.File{Path: "network/new.go", Status: fact.Added}, fact.File{Path: "new.go", Status: fact.Added}); len(got) != 0 {
			t.Errorf("new files elsewhere: %+v", got)
		}
		many := make([]fact.File, 250)
		for i := range many {
			many[i] = fact.File{Path: "x", Status: fact.Modified}
		}
		if got := knows(append(many, fact.File{Path: "net/b.go", Status: fact.Modified})...); got["ana"].Changed != 4 {
			t.Errorf("the last of many files: %+v", got)
		}
		if got, err := s.Knowledge(ctx, pullRef("b", 1), []fact.File{{Path: "net/a.go"}}); err != nil || len(got) != 0 {
			t.Errorf("another repository: %+v, %v", got, err)
		}
	})
}

func TestCalendarsAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, ctx := storetest.Open(t, url), t.Context()
		at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		if c, err := s.Calendar(ctx, "u"); err != nil || !c.ReadAt.IsZero() || c.Problem != "" {
			t.Errorf("never read: %+v, %v", c, err)
		}
		want := store.Calendar{Shifts: []fact.Shift{{From: at, To: at.Add(time.Hour), Summary: "x", Attendees: []string{"a@b"}}}, ReadAt: at, Problem: "p"}
		for _, c := range []store.Calendar{{Problem: "never"}, want} {
			if err := s.PutCalendar(ctx, "u", c); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Calendar(ctx, "u")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		for _, u := range []store.CalendarUser{{Installation: 1, Owner: "Acme"}, {Installation: 1, Owner: "acme"}, {Installation: 2, Owner: "b"}} {
			if err := s.UseCalendar(ctx, "u", u); err != nil {
				t.Fatal(err)
			}
		}
		users, err := s.CalendarUsers(ctx, "u")
		if diff := cmp.Diff([]store.CalendarUser{{Installation: 1, Owner: "acme"}, {Installation: 2, Owner: "b"}}, users); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestWhoIsBusyIsKeptOfKnownPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, ctx := storetest.Open(t, url), t.Context()
		for _, list := range [][]string{{"ana", "bo"}, {"bo", "cy"}} {
			if err := s.KnowPeople(ctx, "Acme", list); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SetBusy(ctx, "acme", map[string]bool{"ana": true, "cy": false, "stranger": true}, []string{"bo"}); err != nil {
			t.Fatal(err)
		}
		known, err := s.KnownPeople(ctx, "acme")
		if diff := cmp.Diff([]string{"ana", "cy"}, known); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		p, err := s.People(ctx, pullRef("a", 1))
		if diff := cmp.Diff(map[string]bool{"ana": true}, p.Busy); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if err := s.SetBusy(ctx, "acme", nil, nil); err != nil {
			t.Fatal(err)
		}
		if p, err := s.People(ctx, pullRef("a", 1)); err != nil || len(p.Busy) != 0 {
			t.Errorf("busy still: %v, %v", p.Busy, err)
		}
	})
}

func TestAChoreIsDueUntilItIsEndedAndAsLongAsItIsWanted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, ctx := storetest.Open(t, url), t.Context()
		a, b := store.Chore{Kind: "calendar", Name: "a"}, store.Chore{Kind: "history", Name: "b", Installation: 7}
		for range 2 {
			if err := s.Want(ctx, a, b); err != nil {
				t.Fatal(err)
			}
		}
		due := func(limit int) string {
			list, err := s.DueChores(ctx, limit)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, c := range list {
				out = append(out, fmt.Sprintf("%s %s %d %d", c.Kind, c.Name, c.Installation, c.Failures))
			}
			return strings.Join(out, ", ")
		}
		for range 2 { // to look at it takes nothing away
			if got := due(9); got != "calendar a 0 0, history b 7 0" && got != "history b 7 0, calendar a 0 0" {
				t.Errorf("due: %s", got)
			}
		}
		if err := s.EndChore(ctx, a, time.Now().Add(-time.Second), 3); err != nil {
			t.Fatal(err)
		}
		if err := s.EndChore(ctx, b, time.Time{}, 0); err != nil { // forgotten until it is wanted anew
			t.Fatal(err)
		}
		if got := due(9); got != "calendar a 0 3" {
			t.Errorf("due: %s", got)
		}
		if err := s.Want(ctx, b); err != nil {
			t.Fatal(err)
		}
		if got := due(1); got != "calendar a 0 3" { // it waits longest
			t.Errorf("due first: %s", got)
		}
		if err := s.EndChore(ctx, a, time.Now().Add(time.Hour), 0); err != nil {
			t.Fatal(err)
		}
		err := s.Write(ctx, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExecContext(ctx, s.Query(`UPDATE chores SET wanted_at = 0 WHERE name = ?1`), "b")
			return err
		})
		if got := due(9); err != nil || got != "" {
			t.Errorf("due though nobody wants it: %s, %v", got, err)
		}
	})
}
